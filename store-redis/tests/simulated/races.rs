//! A near cache against other clients that write, and connections that break: after a barrier nothing
//! that it serves is stale.

use std::sync::Arc;

use mtaio::RuntimeExt;
use mtaio::cache::{CacheNode, DistributedCache, LayeredCache};
use mtaio::policy::BreakerConfig;
use mtaio_runtime::Runtime;
use mtaio_sim::{Explore, Faults, Schedule, Sim};

use super::peer::Peer;
use crate::common::ms;
use crate::common::near::Near;

const KEYS: [&[u8]; 3] = [b"k:ada", b"k:bob", b"k:eve"];

/// Asks until it is answered: connections break in these tests.
async fn barrier<N: CacheNode>(rt: &Sim, node: &N) {
    while node.ping().await.is_err() {
        rt.sleep(ms(10)).await;
    }
}

async fn race(rt: Sim) {
    let peer = Peer::new(&rt);
    let builder = peer.builder().track("k:").timeout(ms(100)).connect_timeout(ms(50));
    let node = builder.build(&rt, peer.connector()).expect("settings");
    let told = node.invalidations(4).expect("it is tracked");
    let near = Arc::new(Near::new(node, told));

    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (near, rt) = (Arc::clone(&near), rt.clone());
            rt.clone().spawn_named("reader", async move {
                for _ in 0..6 {
                    let key = KEYS[rt.entropy() as usize % KEYS.len()];
                    // That the connection broke under it is no matter here.
                    drop(near.get(key).await);
                }
            })
        })
        .collect();
    let writer = rt.spawn_named("writer", {
        let (near, rt) = (Arc::clone(&near), rt.clone());
        async move {
            for round in 0..2_u32 {
                let key = KEYS[rt.entropy() as usize % KEYS.len()];
                drop(near.insert(key, &round.to_le_bytes()).await);
            }
        }
    });
    let other = rt.spawn_named("other", {
        let (peer, rt) = (peer.clone(), rt.clone());
        async move {
            for round in 100..106_u32 {
                match rt.entropy() % 8 {
                    0 => peer.flush(),
                    1 => peer.cut(false),
                    2 => peer.cut(true),
                    _ => {
                        let key = KEYS[rt.entropy() as usize % KEYS.len()];
                        peer.insert(key, &round.to_le_bytes());
                    }
                }
                if rt.entropy() % 2 == 0 {
                    rt.yield_now().await;
                }
            }
        }
    });
    other.await.expect("it is done");
    writer.await.expect("it is done");

    // Both while others fill it still, and after that.
    for readers in [vec![], readers] {
        for reader in readers {
            reader.await.expect("it is done");
        }
        barrier(&rt, near.node()).await;
        for key in KEYS {
            let truth = peer.lock().values.get(key).cloned();
            match near.get(key).await {
                Ok(served) => assert_eq!(served, truth, "stale: {}", key.escape_ascii()),
                Err(error) => panic!("after a barrier: {error}"),
            }
        }
    }
    let hits = near.hits();
    for key in KEYS {
        near.get(key).await.expect("it is held");
    }
    assert_eq!(near.hits(), hits + 3, "what nobody changes is served from here");
}

#[test]
fn nothing_is_stale_after_a_barrier() {
    const FAULTS: Faults = Faults::new().spurious_polls(0.05).late_timers(ms(3));

    for explore in [
        Explore::new().seeds(0..600),
        Explore::new().seeds(0..200).faults(FAULTS),
        Explore::new().seeds(0..200).policy(Schedule::Pct(3)).faults(FAULTS),
    ] {
        Sim::explore(explore.max_polls(100_000), race);
    }
}

/// The same through a layered cache: with another process that writes through a node of its own.
async fn layered_race(rt: Sim) {
    const NEVER: BreakerConfig =
        BreakerConfig::new().failure_rate(1.0).window(1_000).min_calls(1_000);

    let peer = Peer::new(&rt);
    let build = || peer.builder().timeout(ms(100)).connect_timeout(ms(50));
    let node = build().track("").build(&rt, peer.connector()).expect("settings");
    let told = node.invalidations(4).expect("it is tracked");
    let remote = |node| {
        let builder = DistributedCache::<u64, u64>::builder().node("peer", node);
        builder.node_breaker(NEVER).build(&rt).expect("settings")
    };
    let layered = LayeredCache::builder(&remote(node.clone())).invalidations(told);
    let layered = layered.local_capacity(10).build().expect("settings");
    let others = build().build(&rt, peer.connector()).expect("settings");
    let other = remote(others.clone());

    let act = |name, steps: u64, writes: bool| {
        let (rt, layered) = (rt.clone(), layered.clone());
        rt.clone().spawn_named(name, async move {
            for step in 0..steps {
                let key = rt.entropy() % 2;
                // That the connection broke under it is no matter here.
                if writes && rt.entropy() % 2 == 0 {
                    drop(layered.insert(&key, &(100 + step)).await);
                } else {
                    drop(layered.get(&key).await);
                }
            }
        })
    };
    let (ours, reader) = (act("writer", 3, true), act("reader", 4, false));
    for round in 0..3 {
        match rt.entropy() % 8 {
            0 => peer.flush(),
            1 => peer.cut(false),
            2 => peer.cut(true),
            _ => drop(other.insert(&(rt.entropy() % 2), &round).await),
        }
    }
    ours.await.expect("it is done");
    for reader in [None, Some(reader)] {
        if let Some(reader) = reader {
            reader.await.expect("it is done");
        }
        barrier(&rt, &node).await;
        barrier(&rt, &others).await;
        for key in 0..2 {
            let truth = other.get(&key).await.expect("after a barrier");
            let served = layered.get(&key).await.expect("after a barrier");
            assert_eq!(served, truth, "stale: {key}");
        }
    }
}

#[test]
fn nothing_is_stale_in_a_layered_cache() {
    const FAULTS: Faults = Faults::new().spurious_polls(0.05).late_timers(ms(3));

    for explore in [
        Explore::new().seeds(0..300),
        Explore::new().seeds(0..100).policy(Schedule::Pct(3)).faults(FAULTS),
    ] {
        Sim::explore(explore.max_polls(200_000), layered_race);
    }
}
