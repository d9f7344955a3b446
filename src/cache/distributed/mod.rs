//! One cache over several nodes.

mod background;
mod builder;
mod clock;
mod counts;
mod distributed_cache;
mod error;
mod many;
mod member;
mod read;
mod rendezvous;
mod repair;
mod replicas;
mod stats;
mod write;

pub use self::builder::DistributedCacheBuilder;
pub use self::distributed_cache::DistributedCache;
pub(super) use self::distributed_cache::{Fetched, Gap};
pub use self::error::{DistributedError, QuorumError, ReplicaError, ReplicaFailure};
pub use self::rendezvous::{Picked, Rendezvous};
pub use self::stats::{DistributedStats, NodeStats};
