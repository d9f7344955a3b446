use super::Nodes;
use super::ghost::{Ghost, Left};
use super::list::List;

/// S3-FIFO: what is new is on probation in a small queue, what was used there goes on to the main
/// one, and what comes back soon after it was evicted goes there at once. (Yang, Zhang, Qiu, Yue,
/// Rashmi, "FIFO queues are all you need for cache eviction", SOSP 2023.)
///
/// Not as in the paper: the probation is shorter, one use passes it, and a cache that was never
/// full fills its main queue first. What comes back is remembered for longer, but what left long ago
/// goes to the main queue only where the next to leave that one was not used: else, of more keys
/// than there is room for that go round and round, each would drive out another just before it comes
/// again.
pub(crate) struct S3Fifo {
    probation: Queue,
    main: Queue,
    ghost: Ghost,
    /// What the probation may weigh, and what the main queue is filled to at first.
    small: u64,
    large: u64,
}

struct Queue {
    slots: List,
    weight: u64,
}

/// The mark of a slot on probation; the bits below count its uses.
const PROBATION: u8 = 1 << 7;

/// More uses than these are not told apart.
const MOST_USES: u8 = 3;

/// How many slots in a row one eviction spares because they were used: a bound to what it takes.
const MOST_SPARED: usize = 128;

impl S3Fifo {
    pub(crate) fn new(capacity: u64) -> Self {
        let small = (capacity / 128).max(1);
        let queue = || Queue { slots: List::new(), weight: 0 };
        let (probation, main, large) = (queue(), queue(), capacity - small);
        Self { probation, main, ghost: Ghost::new(), small, large }
    }

    #[inline]
    pub(crate) fn used(nodes: &mut Nodes, slot: u32) {
        let mark = &mut nodes.marks[slot as usize];
        if *mark & !PROBATION < MOST_USES {
            *mark += 1;
        }
    }

    /// `has_room`: nothing had to leave for it.
    pub(crate) fn add(&mut self, nodes: &mut Nodes, slot: u32, has_room: bool) {
        let (hash, weight) = (nodes.links[slot as usize].hash, nodes.weight(slot));
        let fills = has_room && self.main.weight + weight <= self.large;
        let comes_back = match self.ghost.take(hash) {
            Some(Left::Lately) => true,
            Some(Left::LongAgo) => !self.is_next_used(nodes),
            None => false,
        };
        if comes_back || fills {
            nodes.marks[slot as usize] = 0;
            self.main.push(nodes, slot, weight);
        } else {
            nodes.marks[slot as usize] = PROBATION;
            self.probation.push(nodes, slot, weight);
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, nodes: &mut Nodes, slot: u32) {
        let weight = nodes.weight(slot);
        self.queue(nodes, slot).remove(nodes, slot, weight);
    }

    pub(crate) fn moved(&mut self, nodes: &mut Nodes, to: u32) {
        self.queue(nodes, to).slots.moved(&mut nodes.links, to);
    }

    pub(crate) fn reweighed(&mut self, nodes: &mut Nodes, slot: u32, from: u64) {
        let weight = nodes.weight(slot);
        let queue = self.queue(nodes, slot);
        queue.weight = queue.weight - from + weight;
    }

    /// Whose turn it is to leave.
    pub(crate) fn victim(&mut self, nodes: &mut Nodes) -> Option<u32> {
        for _ in 0..MOST_SPARED {
            let is_probation = self.probation.weight > self.small || self.main.weight == 0;
            let queue = if is_probation { &self.probation } else { &self.main };
            let slot = queue.slots.first()?;
            let uses = nodes.marks[slot as usize] & !PROBATION;
            if uses == 0 {
                break;
            }
            if is_probation {
                let weight = nodes.weight(slot);
                self.probation.remove(nodes, slot, weight);
                nodes.marks[slot as usize] = 0;
                self.main.push(nodes, slot, weight);
            } else {
                nodes.marks[slot as usize] = uses - 1;
                self.main.slots.renew(&mut nodes.links, slot);
            }
        }
        if self.probation.weight > self.small || self.main.weight == 0 {
            let slot = self.probation.slots.first()?;
            self.ghost.remember(nodes.links[slot as usize].hash, nodes.links.len() / 2 * 3);
            return Some(slot);
        }
        self.main.slots.first()
    }

    /// Whether the next of the main queue was used.
    fn is_next_used(&self, nodes: &Nodes) -> bool {
        self.main.slots.first().is_some_and(|slot| nodes.marks[slot as usize] > 0)
    }

    #[inline]
    fn queue(&mut self, nodes: &mut Nodes, slot: u32) -> &mut Queue {
        let mark = nodes.marks[slot as usize];
        if mark & PROBATION == 0 { &mut self.main } else { &mut self.probation }
    }
}

impl Queue {
    #[inline]
    fn push(&mut self, nodes: &mut Nodes, slot: u32, weight: u64) {
        self.slots.push(&mut nodes.links, slot);
        self.weight += weight;
    }

    #[inline]
    fn remove(&mut self, nodes: &mut Nodes, slot: u32, weight: u64) {
        self.slots.unlink(&mut nodes.links, slot);
        self.weight -= weight;
    }
}
