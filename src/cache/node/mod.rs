//! What holds bytes under keys elsewhere: the engine behind a cache that is shared.

mod cache_node;
mod error;
mod fault;
mod invalidation;
mod mailbox;
mod memory;

pub use self::cache_node::{CacheNode, NodeFuture};
pub use self::error::NodeError;
pub use self::fault::{FaultNode, FaultNodeStats, Link, NodeFaults};
pub use self::invalidation::{Invalidation, Invalidations, Invalidator};
pub use self::memory::MemoryNode;
