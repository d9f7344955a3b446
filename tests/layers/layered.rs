//! The two layers together, on every runtime.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mtaio::cache::{DistributedCache, Invalidations, LayeredCache, LayeredError, Link};
use mtaio::{Runtime, RuntimeExt};

use crate::common::{ms, on_every_runtime};
use crate::{Node, over, three};

on_every_runtime!(
    seeds = 10;
    reads_and_writes_go_through,
    many_ask_and_one_loads,
    absence_is_remembered,
    what_expired_is_better_than_an_error,
    a_lost_connection_makes_all_doubtful,
    what_is_told_is_acted_on,
    writes_of_one_key_at_one_time,
    a_fill_is_as_old_as_its_load,
);

fn remote<R: Runtime>(rt: &R, nodes: &[Node<R>]) -> DistributedCache<u32, u64, R> {
    over(nodes, 1).build_with_runtime(rt).expect("it makes sense")
}

fn calls<R: Runtime>(nodes: &[Node<R>]) -> u64 {
    nodes.iter().map(|node| node.stats().calls).sum()
}

async fn reads_and_writes_go_through<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(0));
    let remote = remote(&rt, &nodes);
    let cache = LayeredCache::builder(&remote).local_ttl(ms(40)).build().expect("it makes sense");
    cache.insert(&1, &10).await.expect("all are there");
    assert_eq!(remote.get(&1).await.ok(), Some(Some(10)), "it went through");
    remote.insert(&2, &20).await.expect("all are there");
    assert_eq!(cache.get(&2).await.ok(), Some(Some(20)));

    let before = calls(&nodes);
    for _ in 0..10 {
        assert_eq!(cache.get_many(&[2, 1]).await.ok(), Some(vec![Some(20), Some(10)]));
    }
    assert_eq!(calls(&nodes), before, "nobody was asked");
    // Without invalidations, what others change is seen when the time is up.
    remote.insert(&2, &21).await.expect("all are there");
    rt.sleep(ms(50)).await;
    assert_eq!(cache.get(&2).await.ok(), Some(Some(21)));

    // What the nodes say to hold for less than that does.
    remote.insert_with_ttl(&3, &30, ms(10)).await.expect("all are there");
    assert_eq!(cache.get(&3).await.ok(), Some(Some(30)));
    rt.sleep(ms(20)).await;
    assert_eq!(cache.get(&3).await.ok(), Some(None));

    cache.remove(&1).await.expect("all are there");
    assert_eq!((cache.get(&1).await.ok(), remote.get(&1).await.ok()), (Some(None), Some(None)));
    cache.insert(&1, &11).await.expect("all are there");
    cache.clear().await.expect("all are there");
    assert_eq!(cache.get_many(&[1, 2]).await.ok(), Some(vec![None, None]));
    let stats = cache.stats();
    assert!(stats.local.hits >= 20 && stats.remote.writes >= 5, "{stats:?}");
}

async fn many_ask_and_one_loads<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(2));
    let remote = remote(&rt, &nodes);
    let cache = LayeredCache::builder(&remote).build().expect("it makes sense");
    let loads = Arc::new(AtomicU32::new(0));
    let callers: Vec<_> = (0..20)
        .map(|number| {
            let (clock, cache, loads) = (rt.clone(), cache.clone(), Arc::clone(&loads));
            rt.spawn(async move {
                if number % 4 == 3 {
                    // Who only asks the nodes may be told that they have nothing.
                    let read = cache.get(&1).await.expect("all are there");
                    assert!(read.is_none_or(|value| value == 7));
                    return;
                }
                let load = || async {
                    loads.fetch_add(1, Ordering::SeqCst);
                    clock.sleep(ms(3)).await;
                    Ok::<_, ()>(Some(7))
                };
                assert_eq!(cache.get_or_load(&1, load).await.ok(), Some(Some(7)));
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("nobody drops it");
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    // It is in both layers.
    assert_eq!(remote.get(&1).await.ok(), Some(Some(7)));
    let before = calls(&nodes);
    assert_eq!(cache.get(&1).await.ok(), Some(Some(7)));
    assert_eq!(calls(&nodes), before);

    // An error is told to who waited, and not kept.
    let failed = cache.get_or_load(&2, || async { Err::<Option<u64>, _>("down") }).await;
    assert!(matches!(&failed, Err(error) if error.failure() == Some(&"down")));
    let loaded = cache.get_or_load(&2, || async { Ok::<_, &str>(Some(8)) }).await;
    assert_eq!(loaded.ok(), Some(Some(8)));
}

async fn absence_is_remembered<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(0));
    let remote = remote(&rt, &nodes);
    let builder = || LayeredCache::builder(&remote).absent_ttl(ms(40));
    let cache = builder().build().expect("it makes sense");
    let other = builder().build().expect("it makes sense");
    let none = || async { Ok::<Option<u64>, ()>(None) };
    let not_again = || async { panic!("it is known that there is none") };
    assert_eq!(cache.get_or_load(&1, none).await.ok(), Some(None));
    assert_eq!(cache.get_or_load::<_, _, ()>(&1, not_again).await.ok(), Some(None));
    assert_eq!(
        other.get_or_load::<_, _, ()>(&1, not_again).await.ok(),
        Some(None),
        "by the nodes too"
    );
    rt.sleep(ms(50)).await;
    let some = || async { Ok::<_, ()>(Some(7)) };
    assert_eq!(cache.get_or_load(&1, some).await.ok(), Some(Some(7)));

    // Where it is not wanted, each asks anew.
    let cache = LayeredCache::builder(&remote).absent_ttl(None).build().expect("it makes sense");
    assert_eq!(cache.get_or_load(&2, none).await.ok(), Some(None));
    assert_eq!(cache.get_or_load(&2, some).await.ok(), Some(Some(7)));
}

async fn what_expired_is_better_than_an_error<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(0));
    let remote = remote(&rt, &nodes);
    let cache = LayeredCache::builder(&remote)
        .local_ttl(ms(20))
        .stale_on_error(Duration::from_secs(60))
        .build();
    let cache = cache.expect("it makes sense");
    let strict = LayeredCache::builder(&remote).local_ttl(ms(20)).build().expect("it makes sense");
    cache.insert(&1, &10).await.expect("all are there");
    assert_eq!(strict.get(&1).await.ok(), Some(Some(10)));
    assert_eq!(cache.get(&2).await.ok(), Some(None));
    rt.sleep(ms(30)).await;
    nodes.iter().for_each(|node| node.set_link(Link::Down));

    assert_eq!(cache.get(&1).await.ok(), Some(Some(10)), "it is better than nothing");
    assert!(matches!(strict.get(&1).await, Err(LayeredError::Remote(_))));
    assert!(cache.get(&2).await.is_err(), "of that nothing is known");
    cache.get_or_load(&2, || async { Err::<Option<u64>, _>(()) }).await.expect_err("nor is here");
    let failed = cache.get_or_load(&1, || async { Err::<Option<u64>, _>(()) }).await;
    assert_eq!(failed.ok(), Some(Some(10)));
    // The origin is asked where the nodes are not there; what it says is not kept.
    let loaded = cache.get_or_load(&1, || async { Ok::<_, ()>(Some(11)) }).await;
    assert_eq!(loaded.ok(), Some(Some(11)));
    assert_eq!(cache.get(&1).await.ok(), Some(Some(10)));
    assert_eq!(cache.stats().unkept, 1);
    cache.insert(&1, &12).await.expect_err("nobody is there");
    // What was taken out does not come back.
    cache.remove(&1).await.expect_err("nobody is there");
    assert!(cache.get(&1).await.is_err());
}

async fn a_lost_connection_makes_all_doubtful<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(0));
    let remote = remote(&rt, &nodes);
    let (invalidator, told) = Invalidations::channel(10).expect("it makes sense");
    let cache = LayeredCache::builder(&remote)
        .invalidations(told)
        .stale_on_error(Duration::from_secs(60))
        .build();
    let cache = cache.expect("it makes sense");
    cache.insert(&1, &10).await.expect("all are there");
    remote.insert(&1, &11).await.expect("all are there");
    assert_eq!(cache.get(&1).await.ok(), Some(Some(10)), "nobody told");
    invalidator.lost();
    assert_eq!(cache.get(&1).await.ok(), Some(Some(11)));
    invalidator.lost();
    nodes.iter().for_each(|node| node.set_link(Link::Down));
    assert_eq!(cache.get(&1).await.ok(), Some(Some(11)), "it is better than nothing");
    assert_eq!(cache.stats().losses, 2);
    nodes.iter().for_each(|node| node.set_link(Link::Up));
    remote.insert(&1, &12).await.expect("all are there");
    assert_eq!(cache.get(&1).await.ok(), Some(Some(12)), "it is still doubtful");
    remote.insert(&1, &13).await.expect("all are there");
    drop(invalidator);
    assert_eq!(cache.get(&1).await.ok(), Some(Some(13)), "nobody will tell any more");
}

async fn what_is_told_is_acted_on<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(0));
    let remote = remote(&rt, &nodes);
    let (invalidator, told) = Invalidations::channel(4).expect("it makes sense");
    let cache = LayeredCache::builder(&remote).invalidations(told).build().expect("it makes sense");
    let set = async |value: u64| {
        for key in 0..8 {
            remote.insert(&key, &value).await.expect("all are there");
        }
    };
    let seen = async || {
        let all = (0..8).collect::<Vec<_>>();
        let all = cache.get_many(&all).await.expect("all are there");
        all.into_iter().map(|value| value.expect("it has one")).collect::<Vec<_>>()
    };
    set(1).await;
    assert_eq!(seen().await, [1; 8]);
    set(2).await;
    for foreign in ["other:v1:3", "mtaio:v2:4", "mtaio", ""] {
        invalidator.key(foreign.as_bytes());
    }
    assert_eq!(seen().await, [1; 8], "none of these is ours");
    invalidator.key(*b"mtaio:v1:3");
    assert_eq!(seen().await, [1, 1, 1, 2, 1, 1, 1, 1]);
    invalidator.key(*b"mtaio:v1:no number");
    assert_eq!(seen().await, [2; 8], "one of ours, and nobody knows which");
    set(3).await;
    (0..5).for_each(|key| invalidator.key(format!("mtaio:v1:{key}").into_bytes()));
    assert_eq!(seen().await, [3; 8], "more than there was room for");
    set(4).await;
    cache.invalidate(&1);
    assert_eq!(seen().await, [3, 4, 3, 3, 3, 3, 3, 3]);
    cache.invalidate_all();
    assert_eq!(seen().await, [4; 8]);

    // Who is told of what was read only does not rely on what was written.
    let (_invalidator, told) = Invalidations::channel(4).expect("it makes sense");
    let cache = LayeredCache::builder(&remote).invalidations_of_reads(told).build();
    let cache = cache.expect("it makes sense");
    cache.insert(&1, &5).await.expect("all are there");
    remote.insert(&1, &6).await.expect("all are there");
    assert_eq!(cache.get(&1).await.ok(), Some(Some(6)));
}

async fn writes_of_one_key_at_one_time<R: Runtime>(rt: R) {
    let nodes = three(&rt, ms(2));
    let remote = remote(&rt, &nodes);
    let cache = LayeredCache::builder(&remote).build().expect("it makes sense");
    for _ in 0..5 {
        let writers: Vec<_> = (0..4)
            .map(|number| {
                let cache = cache.clone();
                rt.spawn(async move { cache.insert(&1, &number).await.expect("all are there") })
            })
            .collect();
        for writer in writers {
            writer.await.expect("nobody drops it");
        }
        assert_eq!(cache.get(&1).await.ok(), remote.get(&1).await.ok());
    }
    cache.insert(&1, &100).await.expect("all are there");
    let before = calls(&nodes);
    assert_eq!(cache.get(&1).await.ok(), Some(Some(100)), "it is kept when nobody else writes");
    assert_eq!(calls(&nodes), before);
}

/// One of three nodes does not hear of a removal, and takes the fill that the removal overtook.
async fn a_fill_is_as_old_as_its_load<R: Runtime>(rt: R) {
    for away in 0..3 {
        let nodes = three(&rt, ms(0));
        let shared = || over(&nodes, 3).build_with_runtime(&rt).expect("it makes sense");
        let (other, own) = (shared(), shared());
        let cache = LayeredCache::builder(&own).build().expect("it makes sense");
        let load = || async {
            nodes[away].set_link(Link::Down);
            other.remove(&1).await.expect("two of three are there");
            nodes[away].set_link(Link::Up);
            Ok::<_, ()>(Some(1))
        };
        assert_eq!(cache.get_or_load(&1, load).await.ok(), Some(Some(1)));
        own.settled().await;
        for silent in &nodes {
            silent.set_link(Link::Down);
            assert_eq!(other.get(&1).await.ok(), Some(None), "it was removed after the load began");
            other.settled().await;
            silent.set_link(Link::Up);
        }
        assert_eq!(cache.get(&1).await.ok(), Some(None), "nor is it kept");
        own.settled().await;
    }
}
