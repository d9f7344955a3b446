//! A write that is given up when the node has it already, and its caller does not know.

use std::sync::Arc;
use std::time::Duration;

use mtaio::cache::{CacheNode, DistributedCache, LayeredCache, MemoryNode, NodeFuture};
use mtaio::{Runtime, RuntimeExt};

use crate::common::{Gate, on_every_runtime};

/// Puts in when the first gate is open, and answers that when the second one is.
struct Gated<R: Runtime> {
    node: MemoryNode<R>,
    gates: Arc<[Gate; 3]>,
}

impl<R: Runtime> CacheNode for Gated<R> {
    fn get<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, Option<Vec<u8>>> {
        self.node.get(key)
    }

    fn insert<'a>(
        &'a self,
        key: &'a [u8],
        value: &'a [u8],
        ttl: Option<Duration>,
    ) -> NodeFuture<'a, ()> {
        Box::pin(async move {
            self.gates[0].passed().await;
            self.node.insert(key, value, ttl).await?;
            self.gates[2].open();
            self.gates[1].passed().await;
            Ok(())
        })
    }

    fn remove<'a>(&'a self, key: &'a [u8]) -> NodeFuture<'a, bool> {
        self.node.remove(key)
    }

    fn clear<'a>(&'a self, prefix: &'a [u8]) -> NodeFuture<'a, ()> {
        self.node.clear(prefix)
    }

    fn ping(&self) -> NodeFuture<'_, ()> {
        self.node.ping()
    }
}

on_every_runtime!(seeds = 10; what_was_read_meanwhile_is_not_relied_upon);

async fn what_was_read_meanwhile_is_not_relied_upon<R: Runtime>(rt: R) {
    for is_removal in [false, true] {
        let node = MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense");
        let shared = DistributedCache::<u32, u64>::builder().node("ada", node.clone());
        let shared = shared.build_with_runtime(&rt).expect("it makes sense");
        shared.insert(&1, &1).await.expect("it is there");

        let gates = Arc::<[Gate; 3]>::default();
        let gated = Gated { node, gates: Arc::clone(&gates) };
        let shared = DistributedCache::<u32, u64>::builder().node("ada", gated);
        let shared = shared.build_with_runtime(&rt).expect("it makes sense");
        let cache = LayeredCache::builder(&shared).build().expect("it makes sense");
        assert_eq!(cache.get(&1).await.ok(), Some(Some(1)));

        let writer = rt.spawn({
            let cache = cache.clone();
            async move {
                let changed =
                    if is_removal { cache.remove(&1).await } else { cache.insert(&1, &2).await };
                changed.expect("it is there");
            }
        });
        rt.yield_now().await;
        assert_eq!(cache.get(&1).await.ok(), Some(Some(1)), "it is on its way");
        gates[0].open();
        gates[2].passed().await;
        writer.abort();
        assert!(writer.await.is_err(), "it was given up");
        let expected = if is_removal { None } else { Some(2) };
        assert_eq!(cache.get(&1).await.ok(), Some(expected), "the node had it");
    }
}
