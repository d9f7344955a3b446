//! Nodes that panic, refuse, or are full; breakers, limits and deadlines around them.

use std::time::Duration;

use mtaio::cache::{
    CacheNode, DistributedCache, DistributedError, MemoryNode, NodeError, NodeFuture,
    ReplicaFailure,
};
use mtaio::policy::PolicyError;
use mtaio::time::Deadline;
use mtaio::{Retryable, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::{ms, on_every_runtime};
use crate::{over, three};

/// Answers everything in one way.
struct Always<F>(F);

impl<F: Fn() -> NodeError + Send + Sync + 'static> CacheNode for Always<F> {
    fn get<'a>(&'a self, _key: &'a [u8]) -> NodeFuture<'a, Option<Vec<u8>>> {
        Box::pin(async { Err((self.0)()) })
    }

    fn insert<'a>(
        &'a self,
        _key: &'a [u8],
        _value: &'a [u8],
        _ttl: Option<Duration>,
    ) -> NodeFuture<'a, ()> {
        Box::pin(async { Err((self.0)()) })
    }

    fn remove<'a>(&'a self, _key: &'a [u8]) -> NodeFuture<'a, bool> {
        Box::pin(async { Err((self.0)()) })
    }

    fn clear<'a>(&'a self, _prefix: &'a [u8]) -> NodeFuture<'a, ()> {
        Box::pin(async { Err((self.0)()) })
    }

    fn ping(&self) -> NodeFuture<'_, ()> {
        Box::pin(async { Err((self.0)()) })
    }
}

fn beside<R: Runtime>(
    rt: &R,
    error: impl Fn() -> NodeError + Send + Sync + 'static,
) -> DistributedCache<u32, u64, R> {
    let node = || MemoryNode::with_runtime(rt, 1 << 20).expect("it makes sense");
    let cache = DistributedCache::builder()
        .node("ada", node())
        .node("bob", Always(error))
        .node("eve", node())
        .replication(3);
    cache.build_with_runtime(rt).expect("it makes sense")
}

on_every_runtime!(seeds = 10; one_that_fails_is_done_without, what_failed_is_told);

async fn one_that_fails_is_done_without<R: Runtime>(rt: R) {
    let cache = beside(&rt, || panic!("the node's own bug"));
    for key in 0..20 {
        cache.insert(&key, &7).await.expect("two of three are there");
        assert_eq!(cache.get(&key).await.ok(), Some(Some(7)));
    }
    cache.remove(&3).await.expect("two of three are there");
    assert_eq!(cache.get(&3).await.ok(), Some(None));
    cache.settled().await;
    let stats = cache.node_stats();
    assert_eq!(stats[1].breaker.opened, 1, "a panic tells of the node");
    assert_eq!(stats[0].breaker.failures + stats[2].breaker.failures, 0);

    // What a full node says is no reason to ask it for nothing any more.
    let cache = beside(&rt, || NodeError::full("no memory"));
    for key in 0..20 {
        cache.insert(&key, &7).await.expect("two of three are there");
        assert_eq!(cache.get(&key).await.ok(), Some(Some(7)));
    }
    cache.settled().await;
    assert_eq!(cache.node_stats()[1].breaker.opened, 0);
    assert!(cache.stats().writes_missed >= 20);
}

async fn what_failed_is_told<R: Runtime>(rt: R) {
    let cache = DistributedCache::<u32, u64>::builder()
        .node("ada", Always(|| NodeError::refused("wrong password")));
    let cache = cache.build_with_runtime(&rt).expect("it makes sense");
    let error = cache.get(&1).await.expect_err("it refused");
    let message =
        "read of `mtaio:v1:1`: 0 of 1 nodes answered; `ada`: the node refused: wrong password";
    assert_eq!(error.to_string(), message);
    assert!(!error.is_retryable(), "it refuses again");
    let DistributedError::Quorum(error) = error else { panic!("{error}") };
    let reason = error.failures()[0].reason();
    assert!(matches!(reason, ReplicaFailure::Node(PolicyError::Failed(NodeError::Refused { .. }))));
    assert_eq!((error.done(), error.needed()), (0, 1));

    let error = cache.clear().await.expect_err("it refused");
    assert!(error.to_string().starts_with("clearing: 0 of 1 nodes answered; `ada`: "), "{error}");
    assert_eq!(error.key(), None);
    let pinged = cache.ping().await;
    assert!(matches!(&pinged[..], [("ada", Err(PolicyError::Failed(_)))]));
}

#[test]
fn the_callers_deadline_is_no_fault_of_the_node() {
    Sim::run(0, |rt| async move {
        let nodes = three(&rt, ms(0));
        nodes[0].set_link(mtaio::cache::Link::Silent);
        let cache = over(&nodes[..1], 1).build_with_runtime(&rt).expect("it makes sense");
        for _ in 0..20 {
            let begun = rt.now();
            let deadline = Deadline::after(&rt, ms(10));
            let read = deadline.run(&rt, async { cache.get(&1).await });
            let read = read.await;
            assert!(!matches!(read, Ok(Ok(_))), "nobody answers");
            assert!(rt.now() - begun <= ms(10), "the deadline holds");
        }
        let breaker = cache.node_stats()[0].breaker;
        assert_eq!((breaker.calls, breaker.opened), (0, 0));
        // But its own timeout is one.
        for _ in 0..5 {
            cache.get(&1).await.expect_err("nobody answers");
        }
        assert_eq!(cache.node_stats()[0].breaker.opened, 1);
        let error = cache.get(&1).await.expect_err("it is not asked");
        assert!(error.to_string().contains("the breaker is open"), "{error}");
        assert!(error.retry_after().is_some());
    });
}

#[test]
fn a_slow_node_has_so_many_calls_and_no_more() {
    Sim::run(0, |rt| async move {
        let nodes = three(&rt, ms(0));
        nodes[0].set_link(mtaio::cache::Link::Silent);
        let cache = over(&nodes[..1], 1).node_calls(4);
        let cache = cache.build_with_runtime(&rt).expect("it makes sense");
        let callers: Vec<_> = (0..30)
            .map(|key| {
                let cache = cache.clone();
                rt.spawn(async move { cache.get(&key).await.expect_err("nobody answers") })
            })
            .collect();
        rt.sleep(ms(10)).await;
        let calls = cache.node_stats()[0].calls;
        assert_eq!((calls.in_use, calls.waiting, calls.turned_away), (4, 16, 10));
        for caller in callers {
            caller.await.expect("nobody drops it");
        }
        assert_eq!(cache.node_stats()[0].calls.in_use, 0);
    });
}
