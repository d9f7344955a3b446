use std::collections::VecDeque;
use std::sync::Arc;

use ahash::RandomState;
use hashbrown::HashMap;
use mtaio_runtime::{Instant, TaskName};
use slab::Slab;

use super::live::Live;
use super::record::{Outcome, ProfilerStats, SpanRecord};
use super::summary::{Summary, Totals};

/// The spans that run, the last ones that have ended, and what all of them came to.
pub(super) struct Store {
    running: Slab<Arc<Live>>,
    ended: VecDeque<SpanRecord>,
    capacity: usize,
    dropped: u64,
    names: HashMap<TaskName, Totals, RandomState>,
    /// Of those whose names had no room.
    others: Totals,
}

const CAPACITY: usize = 1 << 16;

const MOST_NAMES: usize = 1_000;

impl Store {
    pub(super) fn new([one, other]: [u64; 2]) -> Self {
        Self {
            running: Slab::new(),
            ended: VecDeque::new(),
            capacity: CAPACITY,
            dropped: 0,
            names: HashMap::with_hasher(RandomState::with_seeds(one, other, !one, !other)),
            others: Totals::default(),
        }
    }

    pub(super) fn set_capacity(&mut self, capacity: usize) {
        self.capacity = capacity;
        while self.ended.len() > capacity {
            self.ended.pop_front();
            self.dropped += 1;
        }
    }

    pub(super) fn begin(&mut self, live: Arc<Live>) -> usize {
        self.running.insert(live)
    }

    /// Answers what is not needed any more, to be dropped without the lock.
    pub(super) fn end(
        &mut self,
        place: usize,
        record: SpanRecord,
    ) -> (Arc<Live>, Option<SpanRecord>) {
        let live = self.running.remove(place);
        self.totals_of(&record.name).add(&record);
        let mut gone = None;
        if self.ended.len() >= self.capacity {
            gone = self.ended.pop_front();
            self.dropped += 1;
        }
        self.ended.push_back(record);
        (live, gone)
    }

    /// All of them, in no order; those that run as they are `now`.
    pub(super) fn spans(&self, now: Instant) -> Vec<SpanRecord> {
        let running = self.running.iter().map(|(_, live)| live.record(now, Outcome::Running));
        self.ended.iter().cloned().chain(running).collect()
    }

    pub(super) fn summary(&self, now: Instant) -> Summary {
        let ended = self.names.iter().map(|(name, totals)| (name.to_string(), *totals));
        let mut summary = Summary::of(ended, self.others);
        for (_, live) in &self.running {
            let record = live.record(now, Outcome::Running);
            summary.add_running(&record);
        }
        summary.sort();
        summary
    }

    pub(super) fn clear(&mut self) -> VecDeque<SpanRecord> {
        self.names.clear();
        self.others = Totals::default();
        std::mem::take(&mut self.ended)
    }

    pub(super) fn stats(&self) -> ProfilerStats {
        ProfilerStats { running: self.running.len(), kept: self.ended.len(), dropped: self.dropped }
    }

    fn totals_of(&mut self, name: &TaskName) -> &mut Totals {
        if self.names.len() >= MOST_NAMES && !self.names.contains_key(name) {
            return &mut self.others;
        }
        self.names.entry_ref(name).or_default()
    }
}
