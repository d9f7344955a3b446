//! Permits, by the book.

use std::collections::{BTreeMap, VecDeque};

use mtaio::Instant;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    Granted,
    Elapsed,
    TooHeavy { most: u32 },
}

#[derive(Clone, Copy, Debug)]
pub struct Waiting {
    pub id: usize,
    pub weight: u32,
    pub due: Option<Instant>,
}

/// Who waits stands in a line, and what comes back is the first one's at once, who need only come
/// for it.
#[derive(Debug)]
pub struct Model {
    pub limit: u32,
    /// Granted, also to those who have not come for it.
    pub out: u32,
    pub line: VecDeque<Waiting>,
    /// What became of those who have left the line and not been told.
    pub verdicts: BTreeMap<usize, (u32, Verdict)>,
    pub elapsed: u64,
    pub turned_away: u64,
}

impl Model {
    pub fn new(limit: u32) -> Self {
        let (line, verdicts) = (VecDeque::new(), BTreeMap::new());
        Self { limit, out: 0, line, verdicts, elapsed: 0, turned_away: 0 }
    }

    /// At once, or not.
    pub fn take(&mut self, weight: u32) -> bool {
        let admitted = self.line.is_empty() && self.out + weight <= self.limit;
        if admitted {
            self.out += weight;
        }
        admitted
    }

    pub fn give(&mut self, weight: u32) {
        self.out -= weight;
        self.grant();
    }

    /// Gives up a place, or what was granted there.
    pub fn leave(&mut self, id: usize) {
        self.line.retain(|waiting| waiting.id != id);
        match self.verdicts.remove(&id) {
            Some((weight, Verdict::Granted)) => self.give(weight),
            _ => self.grant(),
        }
    }

    pub fn set_limit(&mut self, limit: u32) {
        self.limit = limit;
        for waiting in &self.line {
            if waiting.weight > limit {
                let verdict = Verdict::TooHeavy { most: limit };
                self.verdicts.insert(waiting.id, (waiting.weight, verdict));
            }
        }
        self.line.retain(|waiting| waiting.weight <= limit);
        self.grant();
    }

    /// A permit that is forgotten, with a word to the limiter.
    pub fn forget(&mut self, weight: u32) {
        self.out -= weight;
        self.set_limit(self.limit.saturating_sub(weight));
    }

    /// Time passes, and is up for some of them, one after the other.
    pub fn advance(&mut self, now: Instant) {
        loop {
            let dues = self.line.iter().filter_map(|waiting| waiting.due);
            let Some(due) = dues.min().filter(|due| *due <= now) else { return };
            for waiting in &self.line {
                if waiting.due == Some(due) {
                    self.verdicts.insert(waiting.id, (waiting.weight, Verdict::Elapsed));
                    self.elapsed += 1;
                }
            }
            self.line.retain(|waiting| waiting.due != Some(due));
            self.grant();
        }
    }

    fn grant(&mut self) {
        while let Some(first) = self.line.front()
            && self.out + first.weight <= self.limit
        {
            self.out += first.weight;
            self.verdicts.insert(first.id, (first.weight, Verdict::Granted));
            self.line.pop_front();
        }
    }
}
