//! A distributed cache from the outside, on every runtime.

use std::time::Duration;

use mtaio::cache::{CacheNode, DistributedCache, MemoryNode};
use mtaio::{Runtime, RuntimeExt};

use crate::common::{ms, on_every_runtime};
use crate::{alone, over, three};

on_every_runtime!(
    seeds = 10;
    values_are_put_in_and_taken_out,
    services_and_releases_share_nodes,
    a_removal_is_remembered,
    a_node_that_lost_everything_is_repaired,
);

async fn values_are_put_in_and_taken_out<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(1));
    let cache = over(&nodes, 2).build_with_runtime(&rt).expect("it makes sense");
    let numbers = [10, 20, 30];
    cache.insert_many([1, 2, 3].iter().zip(&numbers)).await.expect("all are there");
    let read = cache.get_many(&[3, 9, 1, 3]).await.expect("all are there");
    assert_eq!(read, [Some(30), None, Some(10), Some(30)]);
    cache.insert(&1, &11).await.expect("all are there");
    assert_eq!(cache.get(&1).await.ok(), Some(Some(11)));
    cache.remove_many(&[1, 2]).await.expect("all are there");
    assert_eq!(cache.get_many(&[1, 2, 3]).await.ok(), Some(vec![None, None, Some(30)]));
    cache.insert(&1, &12).await.expect("all are there");
    assert_eq!(cache.get(&1).await.ok(), Some(Some(12)));
    cache.insert_absent(&3, ms(10_000)).await.expect("all are there");
    assert_eq!(cache.get(&3).await.ok(), Some(None));

    cache.insert_with_ttl(&4, &40, ms(30)).await.expect("all are there");
    assert_eq!(cache.get(&4).await.ok(), Some(Some(40)));
    rt.sleep(ms(40)).await;
    assert_eq!(cache.get(&4).await.ok(), Some(None));

    cache.settled().await;
    cache.clear().await.expect("all are there");
    assert_eq!(cache.get(&1).await.ok(), Some(None));
    cache.settled().await;
    assert!(cache.ping().await.iter().all(|(_, answer)| answer.is_ok()));
    let stats = cache.stats();
    assert_eq!((stats.quorums_missed, stats.damaged, stats.background), (0, 0, 0));
    assert!(stats.reads > stats.hits && stats.hits > 0, "{stats:?}");
}

async fn services_and_releases_share_nodes<R: Runtime>(rt: R) {
    let node = MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense");
    let cache = |namespace: &str, schema| {
        let cache = DistributedCache::<String, u32>::builder().node("ada", node.clone());
        let cache = cache.namespace(namespace).schema(schema).default_ttl(None);
        cache.build_with_runtime(&rt).expect("it makes sense")
    };
    let caches = [cache("people", 1), cache("people", 2), cache("planes", 1), cache("people1", 1)];
    let key = "v1:ada".to_owned();
    for (cache, number) in caches.iter().zip(1..) {
        cache.insert(&key, &number).await.expect("it has room");
    }
    for (cache, number) in caches.iter().zip(1..) {
        assert_eq!(cache.get(&key).await.ok(), Some(Some(number)));
    }
    caches[0].clear().await.expect("it answers");
    assert_eq!(caches[0].get(&key).await.ok(), Some(None));
    for (cache, number) in caches.iter().zip(1..).skip(1) {
        assert_eq!(cache.get(&key).await.ok(), Some(Some(number)));
    }
    assert!(node.get(b"people:v2:v1:ada").await.ok().flatten().is_some());
}

async fn a_removal_is_remembered<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(0));
    let cache = over(&nodes, 3).build_with_runtime(&rt).expect("it makes sense");
    cache.insert(&1, &10).await.expect("all are there");
    cache.settled().await;
    for away in 0..3 {
        cache.insert(&1, &10).await.expect("all are there");
        cache.settled().await;
        nodes[away].set_link(mtaio::cache::Link::Down);
        cache.remove(&1).await.expect("two of three are there");
        cache.settled().await;
        nodes[away].set_link(mtaio::cache::Link::Up);
        assert_eq!(alone(&rt, &nodes, away).get(&1).await.ok(), Some(Some(10)), "it is behind");
        for (other, node) in nodes.iter().enumerate() {
            if other != away {
                node.set_link(mtaio::cache::Link::Down);
                assert_eq!(cache.get(&1).await.ok(), Some(None), "it does not come back");
                cache.settled().await;
                node.set_link(mtaio::cache::Link::Up);
            }
        }
        assert_eq!(alone(&rt, &nodes, away).get(&1).await.ok(), Some(None), "it was repaired");
    }
}

async fn a_node_that_lost_everything_is_repaired<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(0));
    let cache = over(&nodes, 3).build_with_runtime(&rt).expect("it makes sense");
    let ttl = Duration::from_secs(100);
    for key in 0..20 {
        cache.insert_with_ttl(&key, &7, ttl).await.expect("all are there");
    }
    cache.settled().await;
    for node in &nodes {
        node.node().clear(b"").await.expect("it answers");
        for key in 0..20 {
            assert_eq!(cache.get(&key).await.ok(), Some(Some(7)));
        }
        cache.settled().await;
    }
    assert!(cache.stats().repairs >= 30, "{:?}", cache.stats());
    assert_eq!(cache.stats().repairs_skipped, 0);
}
