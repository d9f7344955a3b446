//! A near cache on a real server, while others write to it, empty it, and cut its connection.

use std::sync::Arc;

use mtaio::RuntimeExt;
use mtaio::cache::CacheNode;
use mtaio_redis::{Connector, RedisNode};
use mtaio_runtime::Runtime;

use crate::common::hosts::{On, on_tokio_and_smol};
use crate::common::near::Near;
use crate::common::server::Server;
use crate::common::{ms, rounds};

on_tokio_and_smol!(nothing_is_stale_after_a_barrier);

const KEYS: usize = 8;

fn key(n: u64) -> Vec<u8> {
    format!("k:{}", n as usize % KEYS).into_bytes()
}

async fn barrier<R: Runtime>(rt: &R, node: &impl CacheNode) {
    while node.ping().await.is_err() {
        rt.sleep(ms(1)).await;
    }
}

/// Each round is a race of readers, who fill, two writers, one of them through the near cache itself,
/// and sometimes a flush or a cut; then comes a barrier, and a look at each key.
async fn nothing_is_stale_after_a_barrier<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let server = Server::start();
    let build = |track: bool| {
        let builder = RedisNode::builder(server.endpoint());
        let builder = if track { builder.track("k:") } else { builder };
        builder.build(&on.rt, on.connect.clone()).expect("settings")
    };
    let (node, other) = (build(true), build(false));
    let told = node.invalidations(100).expect("it is tracked");
    let near = Arc::new(Near::new(node, told));
    let (mut looked_at, mut cuts) = (0_u64, 0_u64);

    let races = rounds(1_000);
    for race in 0..races {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (near, rt) = (Arc::clone(&near), on.rt.clone());
                on.rt.spawn(async move {
                    for _ in 0..4 {
                        // That its connection was cut is no matter here.
                        drop(near.get(&key(rt.entropy())).await);
                    }
                })
            })
            .collect();
        let own = on.rt.spawn({
            let (near, rt) = (Arc::clone(&near), on.rt.clone());
            async move { drop(near.insert(&key(rt.entropy()), &race.to_le_bytes()).await) }
        });
        for round in 0..3 {
            let value = (race * 10 + round + 1_000_000_000).to_le_bytes();
            other.insert(&key(on.rt.entropy()), &value, None).await.expect("it is put in");
        }
        match on.rt.entropy() % 32 {
            0 => other.clear(b"").await.expect("it is emptied"),
            1 => {
                // The near cache's alone: it is the one that is told.
                let clients = server.say("CLIENT LIST TYPE normal");
                let flagged = clients.lines().find(|line| {
                    line.split(' ').any(|word| word.starts_with("flags=") && word.contains('t'))
                });
                let id = flagged.and_then(|line| line.split(' ').next()?.strip_prefix("id="));
                if let Some(id) = id {
                    cuts += u64::from(server.say(&format!("CLIENT KILL ID {id}")) == ":1");
                }
            }
            _ => {}
        }
        own.await.expect("it ends");
        if on.rt.entropy() % 2 == 0 {
            for reader in readers {
                reader.await.expect("it ends");
            }
        }

        barrier(&on.rt, near.node()).await;
        for n in 0..KEYS as u64 {
            let truth = other.get(&key(n)).await.expect("an answer");
            let served = near.get(&key(n)).await.expect("it was there just now");
            assert_eq!(served, truth, "stale in race {race}: key {n}");
            looked_at += 1;
        }
    }
    let hits = near.hits();
    assert_eq!(looked_at, races * KEYS as u64);
    assert!(hits > races && cuts > races / 100, "{hits} hits, {cuts} cuts");
    println!("{races} races, {looked_at} looks, {hits} hits, {cuts} cuts, none stale");
}
