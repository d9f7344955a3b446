//! Which line of a drawing a span is in: below the one that it is part of, if it fits.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashMap};

use mtaio_runtime::Instant;

use super::record::{SpanId, SpanRecord};

/// Where a span is drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Drawn {
    /// The line, from 1.
    pub(super) lane: usize,
    /// The place, among the spans, of the parent if that is in another line.
    pub(super) arrow_from: Option<usize>,
}

/// A line: the spans that are open at the time that was reached, the outermost first.
#[derive(Default)]
struct Lane {
    open: Vec<(SpanId, Instant)>,
}

/// The place of each of `spans`, which are in the order in which they began; and the name of each
/// line, which is that of the span that opened it.
pub(super) fn draw(spans: &[SpanRecord]) -> (Vec<Drawn>, Vec<String>) {
    let places: HashMap<SpanId, usize> =
        spans.iter().enumerate().map(|(place, span)| (span.id, place)).collect();
    let mut lanes: Vec<Lane> = Vec::new();
    let mut names: Vec<String> = Vec::new();
    // Of each name: when its lines are free again, the earliest first.
    let mut free: BTreeMap<String, BinaryHeap<Reverse<(Instant, usize)>>> = BTreeMap::new();
    let mut drawn: Vec<Drawn> = Vec::with_capacity(spans.len());
    for span in spans {
        let parent = span.parent.and_then(|parent| places.get(&parent).copied());
        // What comes through a queue may have begun before the one that it was given to.
        let parent = parent.filter(|&parent| parent < drawn.len());
        let below = parent.map(|parent| drawn[parent].lane);
        if let Some(lane) = below.filter(|&lane| lanes[lane - 1].takes(span)) {
            lanes[lane - 1].open.push((span.id, span.ended));
            drawn.push(Drawn { lane, arrow_from: None });
            continue;
        }
        let name = span.name.to_string();
        let same = free.entry(name.clone()).or_default();
        let reused = same.peek().filter(|Reverse((at, _))| *at <= span.begun).map(|top| top.0.1);
        let lane = reused.unwrap_or_else(|| {
            lanes.push(Lane::default());
            names.push(name);
            lanes.len()
        });
        if reused.is_some() {
            same.pop();
        }
        same.push(Reverse((span.ended, lane)));
        lanes[lane - 1].open = vec![(span.id, span.ended)];
        drawn.push(Drawn { lane, arrow_from: parent });
    }
    (drawn, names)
}

impl Lane {
    /// Whether `span` can be drawn below its parent: within it, with no other one in its place.
    fn takes(&mut self, span: &SpanRecord) -> bool {
        let is_parent = |(id, _): &(SpanId, Instant)| Some(*id) == span.parent;
        while self.open.last().is_some_and(|last| last.1 <= span.begun && !is_parent(last)) {
            self.open.pop();
        }
        self.open.last().is_some_and(|last| is_parent(last) && span.ended <= last.1)
    }
}
