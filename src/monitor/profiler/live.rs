use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime, TaskName};
use parking_lot::Mutex;

use super::record::{Outcome, SpanId, SpanRecord};
use super::store::Store;
use super::summary::Summary;

/// What the clones of a profiler share.
pub(super) struct Core<R> {
    pub(super) rt: R,
    pub(super) on: AtomicBool,
    pub(super) store: Mutex<Store>,
    /// The number before the first mark of this profiler: random, so that another one's marks are
    /// not taken for its own.
    base: u64,
    begun: AtomicU64,
}

/// A span that runs.
pub(super) struct Live {
    pub(super) id: SpanId,
    pub(super) mark: NonZeroU64,
    name: TaskName,
    parent: Option<SpanId>,
    waited: Duration,
    begun: Instant,
    times: Times,
}

/// What polls took, in nanoseconds. Only who polls writes, so that nothing is exchanged.
#[derive(Default)]
struct Times {
    polls: AtomicU64,
    busy: AtomicU64,
    longest: AtomicU64,
}

impl<R: Runtime> Core<R> {
    pub(super) fn new(rt: R) -> Self {
        // With room for 2^63 spans above it, so that no mark is zero.
        let base = rt.entropy() >> 1;
        let store = Mutex::new(Store::new([rt.entropy(), rt.entropy()]));
        Self { rt, on: AtomicBool::new(true), store, base, begun: AtomicU64::new(0) }
    }

    /// The span that `mark` tells of, if it is one of this profiler's.
    #[inline]
    pub(super) fn span_of(&self, mark: Option<NonZeroU64>) -> Option<SpanId> {
        let number = mark?.get().wrapping_sub(self.base);
        let is_own = number != 0 && number <= self.begun.load(Ordering::Relaxed);
        is_own.then_some(SpanId(number))
    }

    /// Begins a span, and answers its place in the store too.
    pub(super) fn begin(
        &self,
        name: TaskName,
        parent: Option<SpanId>,
        made: Instant,
        now: Instant,
    ) -> (Arc<Live>, usize) {
        let number = self.begun.fetch_add(1, Ordering::Relaxed) + 1;
        let mark = NonZeroU64::new(self.base + number).unwrap_or(NonZeroU64::MIN);
        let (id, waited) = (SpanId(number), now - made);
        let times = Times::default();
        let live = Arc::new(Live { id, mark, name, parent, waited, begun: now, times });
        let place = self.store.lock().begin(Arc::clone(&live));
        (live, place)
    }

    pub(super) fn end(&self, place: usize, live: &Live, ended: Instant, outcome: Outcome) {
        let record = live.record(ended, outcome);
        let gone = self.store.lock().end(place, record);
        drop(gone);
    }

    pub(super) fn spans(&self) -> Vec<SpanRecord> {
        let now = self.rt.now();
        let mut spans = self.store.lock().spans(now);
        spans.sort_unstable_by_key(|span| span.id);
        spans
    }

    pub(super) fn summary(&self) -> Summary {
        let now = self.rt.now();
        self.store.lock().summary(now)
    }
}

impl Live {
    #[inline]
    pub(super) fn polled(&self, begun: Instant, ended: Instant) {
        let took = ended.as_nanos().saturating_sub(begun.as_nanos());
        let Times { polls, busy, longest } = &self.times;
        add(polls, 1);
        add(busy, took);
        if took > longest.load(Ordering::Relaxed) {
            longest.store(took, Ordering::Relaxed);
        }
    }

    pub(super) fn record(&self, ended: Instant, outcome: Outcome) -> SpanRecord {
        let nanos = |count: &AtomicU64| Duration::from_nanos(count.load(Ordering::Relaxed));
        SpanRecord {
            id: self.id,
            parent: self.parent,
            name: self.name.clone(),
            waited: self.waited,
            begun: self.begun,
            ended: ended.max(self.begun),
            outcome,
            polls: self.times.polls.load(Ordering::Relaxed),
            busy: nanos(&self.times.busy),
            longest_poll: nanos(&self.times.longest),
        }
    }
}

/// Adds to what only the caller writes.
#[inline]
fn add(count: &AtomicU64, more: u64) {
    count.store(count.load(Ordering::Relaxed).saturating_add(more), Ordering::Relaxed);
}
