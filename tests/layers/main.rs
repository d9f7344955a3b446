//! Caches that are shared: where keys are, what quorums promise, what a fault makes of it, and that
//! nothing is answered that was changed before.

#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod bytes;
mod coherence;
mod failures;
mod given_up;
mod kills;
mod layered;
mod nodes;
mod places;
mod refusals;
mod scripted;
mod skewed;
mod story;

use std::time::Duration;

use mtaio::Runtime;
use mtaio::cache::{DistributedCache, DistributedCacheBuilder, FaultNode, MemoryNode, NodeFaults};
use mtaio::policy::BreakerConfig;

/// Anything below `n`, by the seed of a simulation.
pub fn below<R: Runtime>(rt: &R, n: usize) -> usize {
    ((u128::from(rt.entropy()) * n as u128) >> 64) as usize
}

pub type Node<R> = FaultNode<MemoryNode<R>, R>;

pub const NAMES: [&str; 3] = ["ada", "bob", "eve"];

/// Three nodes that take up to `latency` a call.
pub fn three<R: Runtime>(rt: &R, latency: Duration) -> [Node<R>; 3] {
    NAMES.map(|_| {
        let memory = MemoryNode::with_runtime(rt, 1 << 20).expect("it makes sense");
        let faults = NodeFaults::new().latency(Duration::ZERO, latency);
        FaultNode::with_runtime(rt, memory, faults).expect("it makes sense")
    })
}

/// A cache over `nodes`, of which each key is at `replication`.
pub fn over<R: Runtime>(
    nodes: &[Node<R>],
    replication: usize,
) -> DistributedCacheBuilder<u32, u64> {
    let breaker =
        BreakerConfig::new().window(20).min_calls(5).open_for(Duration::from_secs(5)).probes(1);
    let builder = DistributedCache::<u32, u64>::builder()
        .replication(replication)
        .node_timeout(Duration::from_millis(50))
        .node_breaker(breaker);
    nodes.iter().zip(NAMES).fold(builder, |builder, (node, name)| builder.node(name, node.clone()))
}

/// What one node alone has.
pub fn alone<R: Runtime>(rt: &R, nodes: &[Node<R>], node: usize) -> DistributedCache<u32, u64, R> {
    let cache = DistributedCache::<u32, u64>::builder().node(NAMES[node], nodes[node].clone());
    cache.build_with_runtime(rt).expect("it makes sense")
}
