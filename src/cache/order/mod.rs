//! Who leaves first.

mod ghost;
mod hits;
mod lfu;
mod list;
mod nodes;
mod s3fifo;

use self::hits::Hits;
use self::lfu::Lfu;
use self::list::List;
pub(crate) use self::nodes::Nodes;
use self::s3fifo::S3Fifo;
use super::eviction::Eviction;

/// The slots of a shard in the order in which they are to leave.
///
/// Every method but [`hit`](Self::hit) is for who has all of the lock; hits that were noted are
/// put where they belong with [`settle`](Self::settle) before anything else changes.
pub(crate) enum Order {
    Fifo(List),
    Lru(List, Box<Hits>),
    Lfu(Lfu, Box<Hits>),
    S3Fifo(S3Fifo),
}

impl Order {
    pub(crate) fn new(eviction: Eviction, capacity: u64) -> Self {
        match eviction {
            Eviction::Fifo => Self::Fifo(List::new()),
            Eviction::Lru => Self::Lru(List::new(), Box::new(Hits::new())),
            Eviction::Lfu => Self::Lfu(Lfu::new(), Box::new(Hits::new())),
            Eviction::S3Fifo => Self::S3Fifo(S3Fifo::new(capacity)),
        }
    }

    /// Notes that `slot` was used, under a share of the lock; no when there is no room for notes.
    #[inline]
    pub(crate) fn hit(&self, nodes: &Nodes, slot: u32) -> bool {
        match self {
            Self::Fifo(_) => true,
            Self::S3Fifo(_) => {
                S3Fifo::used(&nodes.marks[slot as usize]);
                true
            }
            Self::Lru(_, hits) | Self::Lfu(_, hits) => hits.push(slot),
        }
    }

    /// As [`hit`](Self::hit), under all of the lock. It is noted all the same: what is put where it
    /// belongs in one go waits for memory once, and not for each.
    #[inline]
    pub(crate) fn note(&mut self, nodes: &mut Nodes, slot: u32) {
        let (Self::Lru(_, hits) | Self::Lfu(_, hits)) = self else {
            return self.used(nodes, slot);
        };
        if !hits.push_alone(slot) {
            self.settle(nodes);
            self.used(nodes, slot);
        }
    }

    /// Puts what was noted where it belongs.
    #[inline]
    pub(crate) fn settle(&mut self, nodes: &mut Nodes) {
        let (Self::Lru(_, hits) | Self::Lfu(_, hits)) = self else { return };
        let count = hits.len();
        for place in 0..count {
            match self {
                Self::Lru(list, hits) => list.renew(&mut nodes.links, hits.slot(place)),
                Self::Lfu(lfu, hits) => lfu.used(&mut nodes.links, hits.slot(place)),
                Self::Fifo(_) | Self::S3Fifo(_) => {}
            }
        }
        if let Self::Lru(_, hits) | Self::Lfu(_, hits) = self {
            hits.clear();
        }
    }

    #[inline]
    pub(crate) fn used(&mut self, nodes: &mut Nodes, slot: u32) {
        match self {
            Self::Fifo(_) => {}
            Self::Lru(list, _) => list.renew(&mut nodes.links, slot),
            Self::Lfu(lfu, _) => lfu.used(&mut nodes.links, slot),
            Self::S3Fifo(_) => S3Fifo::used(&nodes.marks[slot as usize]),
        }
    }

    /// Takes in `slot`; `has_room` says that nothing had to leave for it.
    #[inline]
    pub(crate) fn add(&mut self, nodes: &mut Nodes, slot: u32, has_room: bool) {
        match self {
            Self::Fifo(list) | Self::Lru(list, _) => list.push(&mut nodes.links, slot),
            Self::Lfu(lfu, _) => lfu.add(&mut nodes.links, slot),
            Self::S3Fifo(queues) => queues.add(nodes, slot, has_room),
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, nodes: &mut Nodes, slot: u32) {
        match self {
            Self::Fifo(list) | Self::Lru(list, _) => list.unlink(&mut nodes.links, slot),
            Self::Lfu(lfu, _) => lfu.remove(&mut nodes.links, slot),
            Self::S3Fifo(queues) => queues.remove(nodes, slot),
        }
    }

    /// What stood in the last slot stands in `to` now.
    pub(crate) fn moved(&mut self, nodes: &mut Nodes, to: u32) {
        match self {
            Self::Fifo(list) | Self::Lru(list, _) => list.moved(&mut nodes.links, to),
            Self::Lfu(lfu, _) => lfu.moved(&mut nodes.links, to),
            Self::S3Fifo(queues) => queues.moved(nodes, to),
        }
    }

    /// The last slot is gone.
    pub(crate) fn popped(&mut self) {
        if let Self::Lfu(lfu, _) = self {
            lfu.popped();
        }
    }

    /// `slot` weighed `from` before.
    pub(crate) fn reweighed(&mut self, nodes: &mut Nodes, slot: u32, from: u64) {
        if let Self::S3Fifo(queues) = self {
            queues.reweighed(nodes, slot, from);
        }
    }

    /// Whose turn it is to leave.
    #[inline]
    pub(crate) fn victim(&mut self, nodes: &mut Nodes) -> Option<u32> {
        match self {
            Self::Fifo(list) | Self::Lru(list, _) => list.first(),
            Self::Lfu(lfu, _) => lfu.victim(),
            Self::S3Fifo(queues) => queues.victim(nodes),
        }
    }
}
