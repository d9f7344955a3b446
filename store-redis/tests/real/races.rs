//! A layered cache on a real server, while others write to it, empty it, and cut its connection.

use mtaio::RuntimeExt;
use mtaio::cache::{CacheNode, DistributedCache, LayeredCache};
use mtaio::policy::BreakerConfig;
use mtaio_redis::{Connector, RedisNode};
use mtaio_runtime::Runtime;

use crate::common::hosts::{On, on_tokio_and_smol};
use crate::common::server::Server;
use crate::common::{ms, rounds};

on_tokio_and_smol!(nothing_is_stale_after_a_barrier);

const KEYS: u64 = 8;
/// Never opens: the connections here are cut often.
const NEVER: BreakerConfig = BreakerConfig::new().failure_rate(1.0).window(1_000).min_calls(1_000);

type Remote = DistributedCache<u64, u64>;

fn remote<R: Runtime>(rt: &R, node: &RedisNode) -> Remote {
    let builder = Remote::builder().node("redis", node.clone()).node_breaker(NEVER);
    builder.build(rt).expect("settings")
}

fn below<R: Runtime>(rt: &R, end: u64) -> u64 {
    rt.entropy() % end
}

/// Of the connection that is told of changes; whether there was one.
fn cut(server: &Server) -> bool {
    let clients = server.say("CLIENT LIST TYPE normal");
    let is_told = |word: &str| word.starts_with("flags=") && word.contains('t');
    let told = clients.lines().find(|line| line.split(' ').any(is_told));
    let id = told.and_then(|line| line.split(' ').next()?.strip_prefix("id="));
    id.is_some_and(|id| server.say(&format!("CLIENT KILL ID {id}")) == ":1")
}

/// Each round is a race of readers, who fill, two writers, one of them through the layered cache
/// itself, and sometimes a flush or a cut; then comes a barrier, and a look at each key.
async fn nothing_is_stale_after_a_barrier<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let On { rt, connect } = on;
    let server = Server::start();
    let build = || RedisNode::builder(server.endpoint()).track("");
    let node = build().build(&rt, connect.clone()).expect("settings");
    let others = RedisNode::builder(server.endpoint()).build(&rt, connect).expect("settings");
    let layered = LayeredCache::builder(&remote(&rt, &node))
        .invalidations(node.invalidations(100).expect("it is tracked"))
        .build()
        .expect("settings");
    let other = remote(&rt, &others);
    let (mut looked_at, mut cuts) = (0_u64, 0_u64);

    let races = rounds(1_000);
    for race in 0..races {
        let readers: Vec<_> = (0..2)
            .map(|_| {
                let (layered, rt) = (layered.clone(), rt.clone());
                rt.clone().spawn(async move {
                    for _ in 0..4 {
                        // That its connection was cut is no matter here.
                        drop(layered.get(&below(&rt, KEYS)).await);
                    }
                })
            })
            .collect();
        let own = rt.spawn({
            let (layered, rt) = (layered.clone(), rt.clone());
            async move { drop(layered.insert(&below(&rt, KEYS), &race).await) }
        });
        for round in 0..3 {
            let value = 1_000_000_000 + race * 10 + round;
            other.insert(&below(&rt, KEYS), &value).await.expect("it is put in");
        }
        match below(&rt, 32) {
            0 => others.clear(b"").await.expect("it is emptied"),
            1 => cuts += u64::from(cut(&server)),
            _ => {}
        }
        own.await.expect("it ends");
        if below(&rt, 2) == 0 {
            for reader in readers {
                reader.await.expect("it ends");
            }
        }

        while node.ping().await.is_err() {
            rt.sleep(ms(1)).await;
        }
        for key in 0..KEYS {
            let truth = other.get(&key).await.expect("an answer");
            let served = layered.get(&key).await.expect("it was there just now");
            assert_eq!(served, truth, "stale in race {race}: key {key}");
            looked_at += 1;
        }
    }
    let hits = layered.stats().local.hits;
    assert_eq!(looked_at, races * KEYS);
    assert!(hits > races && cuts > races / 100, "{hits} hits, {cuts} cuts");
    println!("{races} races, {looked_at} looks, {hits} hits, {cuts} cuts, none stale");
}
