//! Sources that do what they are told, when they are told.

use futures::{Stream, stream};
use mtaio::{Instant, Runtime};
use mtaio_sim::Sim;

use crate::common::ms;

/// An item a line, at so many milliseconds, and the end.
#[derive(Clone, Debug)]
pub struct Script {
    pub events: Vec<(u64, u32)>,
    pub end: u64,
}

impl Script {
    /// Up to 40 items, some at once, most on a grid where deadlines are, too.
    pub fn draw(rt: &Sim) -> Self {
        let mut at = 0;
        let count = below(rt, 41);
        let mut step = || {
            at += match below(rt, 8) {
                0..3 => 0,
                3 => below(rt, 100),
                _ => 5 * below(rt, 8),
            };
            at
        };
        let events = (0..count).map(|item| (step(), item as u32)).collect();
        Self { events, end: step() }
    }

    /// The source that does it.
    pub fn source(&self, rt: &Sim) -> impl Stream<Item = u32> + Send + use<> {
        let ends = [(self.end, None)];
        let lines = self.events.iter().map(|(at, item)| (*at, Some(*item))).chain(ends);
        let lines: Vec<_> = lines.collect();
        stream::unfold((rt.clone(), lines.into_iter()), async move |(rt, mut lines)| {
            let (at, item) = lines.next()?;
            if rt.now() < moment(at) {
                rt.sleep_until(moment(at)).await;
            }
            item.map(|item| (item, (rt, lines)))
        })
    }
}

/// So many milliseconds after the start.
pub fn moment(millis: u64) -> Instant {
    Instant::ZERO + ms(millis)
}

/// Anything below `n`, by the seed.
pub fn below<R: Runtime>(rt: &R, n: u64) -> u64 {
    // The high bits, scaled: as even as 64 bits are for small numbers.
    ((u128::from(rt.entropy()) * u128::from(n)) >> 64) as u64
}
