//! Calls that are dropped wherever they can be: no other call gets their answers.

use std::future::Future;

use mtaio::RuntimeExt;
use mtaio::cache::CacheNode;
use mtaio_redis::RedisNode;
use mtaio_sim::{Cancel, Explore, Faults, Schedule, Sim};

use super::peer::Peer;
use crate::common::ms;

const FAULTS: Faults = Faults::new().spurious_polls(0.1).late_timers(ms(3));

#[track_caller]
fn survives<F: Future<Output = ()>>(scenario: impl Fn(Sim) -> F) {
    let limited = || Explore::new().max_polls(50_000);
    let cancel = Cancel::AtEveryAwait("worker");
    for explore in [
        limited().seeds(0..100),
        limited().seeds(0..100).policy(Schedule::Pct(3)).faults(FAULTS),
        limited().seeds(0..100).faults(FAULTS).rescue_before_time(),
        limited().seeds(0..30).cancel(cancel),
        limited().seeds(0..30).policy(Schedule::Pct(2)).cancel(cancel).faults(FAULTS),
        limited().seeds(0..5).policy(Schedule::Lifo).cancel(cancel).rescue_before_time(),
    ] {
        Sim::explore(explore, &scenario);
    }
}

/// Writes and reads under its own name, again and again: what it reads is what it wrote.
async fn own_values(node: RedisNode, name: &'static str, rounds: u32) {
    for round in 0..rounds {
        let value = format!("{name}-{round}");
        node.insert(name.as_bytes(), value.as_bytes(), None).await.expect("it is put in");
        let got = node.get(name.as_bytes()).await.expect("an answer");
        assert_eq!(got.as_deref(), Some(value.as_bytes()), "another's answer");
        assert!(node.remove(name.as_bytes()).await.expect("an answer"));
        assert!(!node.remove(name.as_bytes()).await.expect("an answer"));
    }
}

#[test]
fn no_call_gets_the_answer_of_one_that_was_dropped() {
    survives(|rt| async move {
        let peer = Peer::new(&rt);
        // Room for few, so that some are dropped while they wait for it.
        let node = peer.builder().max_in_flight(2).build(&rt, peer.connector()).expect("settings");
        let worker = rt.spawn_named("worker", own_values(node.clone(), "worker", 2));
        let others = ["ada", "bob"].map(|name| rt.spawn(own_values(node.clone(), name, 2)));
        drop(worker.await);
        for other in others {
            other.await.expect("it is not disturbed");
        }
        assert_eq!(node.get(b"ada").await.expect("an answer"), None);
        let stats = node.stats();
        assert_eq!((stats.in_flight, stats.connections), (0, 1), "all is answered");
    });
}

/// Counts up, so many times.
async fn count_up(node: RedisNode, times: u32) {
    let mut counted = 0;
    while counted < times {
        let held = node.get(b"counter").await.expect("an answer");
        let next = [held.as_deref().map_or(0, |held| held[0]) + 1];
        let put = node.insert_if(b"counter", held.as_deref(), &next, None);
        counted += u32::from(put.await.expect("an answer"));
    }
}

#[test]
fn what_is_put_in_on_a_condition_is_counted_once() {
    survives(|rt| async move {
        let peer = Peer::new(&rt);
        let node = || peer.builder().build(&rt, peer.connector()).expect("settings");
        let (ours, theirs) = (node(), node());
        let worker = rt.spawn_named("worker", count_up(ours.clone(), 2));
        let others = [&ours, &theirs].map(|node| rt.spawn(count_up(node.clone(), 3)));
        let by_worker = match worker.await {
            Ok(()) => 2..=2,
            Err(_) => 0..=2,
        };
        for other in others {
            other.await.expect("it is not disturbed");
        }
        ours.ping().await.expect("it is there");
        let counted = ours.get(b"counter").await.expect("an answer").expect("it was counted");
        assert!(by_worker.contains(&(counted[0] - 6)), "{counted:?}, of which 6 by others");
    });
}

#[test]
fn the_one_who_made_the_connection_may_leave() {
    survives(|rt| async move {
        let peer = Peer::new(&rt);
        let node = peer.builder().build(&rt, peer.connector()).expect("settings");
        let worker = rt.spawn_named("worker", {
            let node = node.clone();
            async move { node.ping().await.expect("it is there") }
        });
        rt.yield_now().await;
        own_values(node.clone(), "ada", 1).await;
        drop(worker.await);
        assert_eq!(node.stats().connections, 1);
    });
}

#[test]
fn a_call_that_times_out_leaves_its_answer_to_nobody() {
    survives(|rt| async move {
        let peer = Peer::new(&rt);
        let node = peer.builder().build(&rt, peer.connector()).expect("settings");
        node.insert(b"ada", b"36", None).await.expect("it is put in");
        let worker = rt.spawn_named("worker", {
            let (node, rt) = (node.clone(), rt.clone());
            async move {
                for impatience in 0..4 {
                    let get = node.get(b"ada");
                    drop(mtaio::time::timeout(&rt, ms(impatience), get).await);
                    assert_eq!(node.get(b"bob").await.expect("an answer"), None);
                }
            }
        });
        for _ in 0..4 {
            assert_eq!(node.get(b"eve").await.expect("an answer"), None);
        }
        drop(worker.await);
        assert!(node.get(b"ada").await.expect("an answer").is_some());
    });
}
