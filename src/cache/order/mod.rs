//! Who leaves first.

mod ghost;
mod lfu;
mod list;
mod nodes;
mod recency;
mod s3fifo;

use self::lfu::Lfu;
use self::list::List;
pub(crate) use self::nodes::Nodes;
use self::recency::Recency;
pub(crate) use self::s3fifo::S3Fifo;
use super::eviction::Eviction;

/// The slots of a shard in the order in which they are to leave.
pub(crate) enum Order {
    Fifo(List),
    Lru(Recency),
    Lfu(Box<Lfu>),
    S3Fifo(S3Fifo),
}

impl Order {
    pub(crate) fn new(eviction: Eviction, capacity: u64) -> Self {
        match eviction {
            Eviction::Fifo => Self::Fifo(List::new()),
            Eviction::Lru => Self::Lru(Recency::new()),
            Eviction::Lfu => Self::Lfu(Box::new(Lfu::new())),
            Eviction::S3Fifo => Self::S3Fifo(S3Fifo::new(capacity)),
        }
    }

    /// `slot` was used.
    #[inline]
    pub(crate) fn used(&mut self, nodes: &mut Nodes, slot: u32) {
        match self {
            Self::Fifo(_) => {}
            Self::Lru(recency) => recency.used(nodes, slot),
            Self::Lfu(lfu) => lfu.used(nodes, slot),
            Self::S3Fifo(_) => S3Fifo::used(nodes, slot),
        }
    }

    /// Takes in `slot`; `has_room` says that nothing had to leave for it.
    #[inline]
    pub(crate) fn add(&mut self, nodes: &mut Nodes, slot: u32, has_room: bool) {
        match self {
            Self::Fifo(list) => list.push(&mut nodes.links, slot),
            Self::Lru(recency) => recency.used(nodes, slot),
            Self::Lfu(lfu) => lfu.add(nodes, slot),
            Self::S3Fifo(queues) => queues.add(nodes, slot, has_room),
        }
    }

    #[inline]
    pub(crate) fn remove(&mut self, nodes: &mut Nodes, slot: u32) {
        match self {
            Self::Fifo(list) => list.unlink(&mut nodes.links, slot),
            Self::Lru(recency) => recency.remove(nodes, slot),
            Self::Lfu(lfu) => lfu.remove(nodes, slot),
            Self::S3Fifo(queues) => queues.remove(nodes, slot),
        }
    }

    /// What stood in the last slot stands in `to` now.
    pub(crate) fn moved(&mut self, nodes: &mut Nodes, to: u32) {
        match self {
            Self::Fifo(list) => list.moved(&mut nodes.links, to),
            Self::Lru(recency) => recency.moved(nodes, to),
            Self::Lfu(lfu) => lfu.moved(nodes, to),
            Self::S3Fifo(queues) => queues.moved(nodes, to),
        }
    }

    /// The last slot is gone.
    pub(crate) fn popped(&mut self) {
        if let Self::Lfu(lfu) = self {
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
            Self::Fifo(list) => list.first(),
            Self::Lru(recency) => recency.victim(nodes),
            Self::Lfu(lfu) => lfu.victim(nodes),
            Self::S3Fifo(queues) => queues.victim(nodes),
        }
    }
}
