//! What goes wrong with a server, on the clock of the simulation.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use futures_util::StreamExt;
use mtaio::cache::{CacheNode, Invalidation, NodeError};
use mtaio::time::Deadline;
use mtaio::{Retryable, RuntimeExt};
use mtaio_redis::{Address, ConnectionError, Endpoint, RedisNode};
use mtaio_runtime::Runtime;
use mtaio_sim::{Explore, Faults, Sim};

use super::peer::{Mood, Peer};
use crate::common::ms;

#[track_caller]
fn explore<F: Future<Output = ()>>(scenario: impl Fn(Sim) -> F) {
    let scenario = |rt: Sim| {
        let scenario = scenario(rt.clone());
        async move {
            scenario.await;
            // A peer that was stuck has to see that it is over.
            rt.sleep(ms(100)).await;
        }
    };
    let faults = Faults::new().spurious_polls(0.1);
    Sim::explore(Explore::new().seeds(0..50).faults(faults).max_polls(50_000), scenario);
    Sim::explore(Explore::new().seeds(0..50).max_polls(50_000), scenario);
}

/// The source, where it is a connection's.
fn connection_error(error: NodeError) -> ConnectionError {
    match error {
        NodeError::Unavailable { source, .. } => *source.downcast().expect("a connection's"),
        other => panic!("{other}"),
    }
}

#[test]
fn a_server_that_is_stuck() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let builder = peer.builder().timeout(ms(300)).connect_timeout(ms(100));
        let node = builder.build(&rt, peer.connector()).expect("settings");

        // From the beginning.
        peer.set_mood(Mood::Stuck);
        let began = rt.now();
        let slow = connection_error(node.ping().await.expect_err("nobody answers"));
        assert!(matches!(slow, ConnectionError::Slow { limit, .. } if limit == ms(100)), "{slow}");
        assert_eq!(rt.now() - began, ms(100));
        peer.set_mood(Mood::Well);
        node.ping().await.expect("the next call works");

        // Later.
        peer.set_mood(Mood::Stuck);
        let began = rt.now();
        let others: Vec<_> = (0..3_u32)
            .map(|_| {
                let node = node.clone();
                rt.spawn(async move { node.get(b"ada").await })
            })
            .collect();
        for other in others {
            let error = other.await.expect("it ends").expect_err("nobody answers");
            assert!(error.is_fault() && error.is_retryable(), "{error}");
        }
        assert_eq!(rt.now() - began, ms(300));
        peer.set_mood(Mood::Well);
        node.ping().await.expect("the next call works, on a new connection");
        assert_eq!(peer.lock().connections, 3);
    });
}

#[test]
fn a_stuck_server_is_given_up_also_when_nobody_waits_for_long() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let builder = peer.builder().timeout(ms(300)).connect_timeout(ms(100));
        let node = builder.build(&rt, peer.connector()).expect("settings");
        node.ping().await.expect("it is there");
        peer.set_mood(Mood::Stuck);
        for _ in 0..10 {
            let impatient = mtaio::time::timeout(&rt, ms(30), node.ping());
            assert!(!matches!(impatient.await, Ok(Ok(()))));
        }
        // At the latest now the first one's time is up.
        rt.sleep(ms(20)).await;
        peer.set_mood(Mood::Well);
        node.ping().await.expect("on a new connection");
        assert_eq!(peer.lock().connections, 2);
    });
}

#[test]
fn an_inherited_deadline_is_the_callers_affair() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let node = peer.builder().timeout(ms(300)).build(&rt, peer.connector()).expect("settings");
        node.ping().await.expect("it is there");
        peer.set_mood(Mood::Stuck);
        let late = Deadline::after(&rt, ms(50)).run(&rt, node.ping()).await;
        match late {
            Ok(Err(error)) => assert!(!error.is_fault() && !error.is_retryable(), "{error}"),
            Ok(Ok(())) => panic!("nobody answers"),
            Err(elapsed) => assert_eq!(elapsed.limit(), ms(50)),
        }
        peer.set_mood(Mood::Well);
        node.ping().await.expect("it is there");
        assert_eq!(peer.lock().connections, 1, "the connection is not given up for that");
    });
}

#[test]
fn what_was_not_answered_does_not_happen_after_what_came_later() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let builder = peer.builder().timeout(ms(300)).connect_timeout(ms(200));
        let node = builder.build(&rt, peer.connector()).expect("settings");
        node.ping().await.expect("it is there");
        peer.set_mood(Mood::Stuck);
        let failed = node.insert(b"ada", b"old", None).await;
        assert!(failed.is_err(), "nobody knows what became of it");
        // It goes on in the middle of the next handshake, at the earliest.
        let later = rt.spawn({
            let node = node.clone();
            async move { node.insert(b"ada", b"new", None).await }
        });
        rt.sleep(ms(rt.entropy() % 100)).await;
        peer.set_mood(Mood::Well);
        later.await.expect("it ends").expect("on a new connection");
        rt.sleep(Duration::from_secs(1)).await;
        assert_eq!(peer.lock().values.get(&b"ada"[..]).map(Vec::as_slice), Some(&b"new"[..]));
    });
}

#[test]
fn a_server_that_makes_no_sense() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let node = peer.builder().build(&rt, peer.connector()).expect("settings");
        for _ in 0..2 {
            peer.set_mood(Mood::Senseless);
            let error = node.ping().await.expect_err("that is no answer");
            assert!(
                matches!(&error, NodeError::Protocol { reason } if reason.contains("begins with \"H")),
                "{error}",
            );
            peer.set_mood(Mood::Well);
            node.ping().await.expect("the next call works");
        }
    });
}

#[test]
fn answers_that_do_not_fit() {
    for (said, told) in [
        (&b"+PONG\r\n"[..], "nobody asked"),
        (b"$99999999999999999999\r\n", "$9999"),
        (b"*1000000000\r\n", "*1000"),
        (b":1x\r\n", ":1x"),
        (b"$2\r\nabc\r\n", "more came"),
        (b"\r\n", "\\r\\n"),
        (b">2\r\n$10\r\ninvalidate\r\n:1\r\n", "invalidation"),
    ] {
        explore(|rt| async move {
            let peer = Peer::new(&rt);
            let node = peer.builder().build(&rt, peer.connector()).expect("settings");
            node.ping().await.expect("it is there");
            peer.say(said);
            // Whoever is under way when it comes hears of it; it may come between two calls, too.
            for _ in 0..10 {
                rt.yield_now().await;
            }
            let result = node.get(b"ada").await;
            if let Err(error) = result {
                assert!(error.to_string().contains(told), "{error}");
            }
            assert_eq!(node.get(b"ada").await.expect("the next call works"), None);
            assert_eq!(peer.lock().connections, 2);
        });
    }
}

#[test]
fn the_answer_to_another_question() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let node = peer.builder().build(&rt, peer.connector()).expect("settings");
        node.ping().await.expect("it is there");
        let get = rt.spawn({
            let node = node.clone();
            async move { node.get(b"ada").await }
        });
        rt.yield_now().await;
        if node.stats().in_flight == 1 {
            peer.say(b":7\r\n");
        }
        drop(get.await.expect("it ends"));
        assert_eq!(node.get(b"ada").await.ok().flatten(), None);
        assert_eq!(node.get(b"ada").await.expect("the next call works"), None);
    });
}

/// Neither one of another kind, nor one too many, is the next call's.
#[test]
fn a_connection_with_a_wrong_answer_is_given_up() {
    for said in [&b":7\r\n"[..], b":7\r\n:8\r\n"] {
        explore(|rt| async move {
            let peer = Peer::new(&rt);
            let node = peer.builder().build(&rt, peer.connector()).expect("settings");
            node.ping().await.expect("it is there");
            peer.set_mood(Mood::Stuck);
            let get = rt.spawn({
                let node = node.clone();
                async move { node.get(b"ada").await }
            });
            rt.sleep(ms(10)).await;
            peer.say(said);
            let error = get.await.expect("it ends").expect_err("that is no value");
            assert!(matches!(error, NodeError::Protocol { .. }), "{error}");
            peer.set_mood(Mood::Well);
            assert_eq!(node.get(b"ada").await.expect("the next call works"), None);
            assert_eq!(peer.lock().connections, 2);
        });
    }
}

#[test]
fn a_node_that_is_dropped_stops_connecting() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let connecting = Arc::new(());
        let connect = {
            let connecting = Arc::clone(&connecting);
            async move |_: Address| {
                let _connecting = connecting;
                std::future::pending::<std::io::Result<super::wire::Wire>>().await
            }
        };
        let node = peer.builder().build(&rt, connect).expect("settings");
        assert!(mtaio::time::timeout(&rt, ms(10), node.ping()).await.is_err());
        assert!(Arc::strong_count(&connecting) > 2, "it connects");
        drop(node);
        rt.run_until_stalled().await;
        assert_eq!(Arc::strong_count(&connecting), 1, "nobody is left who could call");
    });
}

/// Who finds out late that an answer made no sense says nothing of the connection after that one.
#[test]
fn nonsense_of_a_connection_that_is_over() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let node = peer.builder().build(&rt, peer.connector()).expect("settings");
        node.ping().await.expect("it is there");
        peer.set_mood(Mood::Stuck);
        let mut get = node.get(b"ada");
        assert!(poll_fn(|cx| Poll::Ready(get.as_mut().poll(cx))).await.is_pending());
        rt.sleep(ms(10)).await;
        peer.say(b":7\r\n");
        rt.sleep(ms(10)).await;
        peer.set_mood(Mood::Well);
        peer.cut(true);
        rt.sleep(ms(100)).await;
        node.ping().await.expect("on a new connection");
        assert!(matches!(get.await, Err(NodeError::Protocol { .. })));
        node.ping().await.expect("it is still there");
        assert_eq!(peer.lock().connections, 2);
    });
}

#[test]
fn a_wrong_password_and_then_the_right_one() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        peer.lock().password = Some("other");
        let endpoint = Endpoint::new("peer", 1).with_login("app", "secret");
        let node = RedisNode::builder(endpoint).build(&rt, peer.connector()).expect("settings");
        let error = node.get(b"ada").await.expect_err("it is wrong");
        let text = error.to_string();
        assert!(matches!(error, NodeError::Refused { .. }) && text.contains("WRONGPASS"), "{text}");
        assert!(!text.contains("secret") && !error.is_retryable(), "{text}");
        peer.lock().password = Some("secret");
        node.ping().await.expect("the next call works");
    });
}

#[test]
fn no_server_makes_us_tell_a_password() {
    explore(|rt| async move {
        for password in ["secret".to_owned(), "secret".repeat(50)] {
            let endpoint = || Endpoint::new("peer", 1).with_login("app", password.clone());
            let node = |peer: &Peer| {
                RedisNode::builder(endpoint()).build(&rt, peer.connector()).expect("settings")
            };

            // It is too old, and repeats what it was told.
            let peer = Peer::new(&rt);
            peer.lock().is_old = true;
            let error = node(&peer).ping().await.expect_err("it knows no RESP3");
            assert!(matches!(error, NodeError::Refused { .. }), "{error}");
            assert!(error.to_string().ends_with("ERR unknown command `HELLO`"), "{error}");

            // It says all that it is told.
            let peer = Peer::new(&rt);
            peer.set_mood(Mood::Echo);
            let error = node(&peer).ping().await.expect_err("that is no answer");
            assert!(matches!(error, NodeError::Protocol { .. }), "{error}");
            assert!(error.to_string().ends_with("Hello was answered with an array"), "{error}");
        }
    });
}

/// What the server says of itself is longer than any value here.
#[test]
fn a_node_of_small_values() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let builder = peer.builder().track("a").max_size(4);
        let builder = builder.timeout(ms(300)).connect_timeout(ms(200));
        let node = builder.build(&rt, peer.connector()).expect("settings");
        let mut told = node.invalidations(10).expect("it is tracked");
        node.insert(b"a", b"old", None).await.expect("it is put in");
        assert_eq!(told.next().await, Some(Invalidation::Lost), "nothing was known before");
        peer.insert(b"a", b"mine");
        assert_eq!(told.next().await, Some(Invalidation::Key((*b"a").into())));
        let key: Vec<u8> = b"a".repeat(4);
        assert_eq!(node.get(&key).await.expect("an answer"), None);
        peer.insert(&key, b"large");
        let error = node.get(&key).await.expect_err("it is larger than allowed");
        assert!(matches!(error, NodeError::TooLarge { size: 5, limit: 4 }), "{error}");

        // And a connection that is given up is closed by the next.
        peer.set_mood(Mood::Stuck);
        node.insert(b"a", b"x", None).await.expect_err("nobody answers");
        let later = rt.spawn({
            let node = node.clone();
            async move { node.insert(b"a", b"new", None).await }
        });
        rt.sleep(ms(rt.entropy() % 100)).await;
        peer.set_mood(Mood::Well);
        later.await.expect("it ends").expect("on a new connection");
        rt.sleep(Duration::from_secs(1)).await;
        assert_eq!(peer.lock().values.get(&b"a"[..]).map(Vec::as_slice), Some(&b"new"[..]));
    });
}

#[test]
fn a_full_server() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let node = peer.builder().build(&rt, peer.connector()).expect("settings");
        peer.lock().refuses_writes =
            Some("OOM command not allowed when used memory > 'maxmemory'.");
        let error = node.insert(b"ada", b"36", None).await.expect_err("it is full");
        assert!(matches!(error, NodeError::Full { .. }) && error.is_retryable(), "{error}");
        peer.lock().refuses_writes = Some("LOADING Redis is loading the dataset in memory");
        let error = connection_error(node.remove(b"ada").await.expect_err("it starts"));
        assert!(matches!(error, ConnectionError::NotReady(_)), "{error}");
        peer.lock().refuses_writes = None;
        node.insert(b"ada", b"36", None).await.expect("the next call works");
        assert_eq!(peer.lock().connections, 1);
    });
}

#[test]
fn a_server_that_is_gone_is_asked_less_and_less() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let node = peer.builder().build(&rt, peer.connector()).expect("settings");
        node.ping().await.expect("it is there");
        peer.set_mood(Mood::Gone);
        peer.cut(false);
        let mut waits = Vec::new();
        while waits.len() < 12 {
            match node.ping().await.expect_err("it is gone") {
                NodeError::Unavailable { retry_after: None, .. } => {}
                NodeError::Unavailable { retry_after: Some(wait), .. } => {
                    let again = node.ping().await.expect_err("it is not time yet");
                    assert_eq!(again.retry_after(), Some(wait));
                    waits.push(wait);
                    rt.sleep(wait).await;
                }
                other => panic!("{other}"),
            }
        }
        assert!(waits[0] <= ms(50) && waits[0] >= ms(25), "{waits:?}");
        assert!(waits[11] <= Duration::from_secs(5) && waits[11] >= ms(2_500), "{waits:?}");
        peer.set_mood(Mood::Well);
        node.ping().await.expect("it is back");
    });
}

#[test]
fn a_connection_that_died_without_a_word_is_noticed() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let builder = peer.builder().track("").timeout(ms(300)).keepalive(ms(1_000));
        let node = builder.build(&rt, peer.connector()).expect("settings");
        let mut told = node.invalidations(10).expect("it is tracked");
        node.ping().await.expect("it is there");
        assert_eq!(told.next().await, Some(Invalidation::Lost), "nothing was known before");

        // As long as it answers, it may be silent.
        rt.sleep(Duration::from_secs(10)).await;
        assert_eq!(peer.lock().connections, 1);
        assert!(node.stats().is_connected);

        let began = rt.now();
        peer.set_mood(Mood::Stuck);
        assert_eq!(told.next().await, Some(Invalidation::Lost));
        assert!(rt.now() - began <= ms(1_300), "{:?}", rt.now() - began);
        peer.set_mood(Mood::Well);

        // Once more before anything is read.
        assert_eq!(node.get(b"ada").await.expect("an answer"), None);
        assert_eq!(told.next().await, Some(Invalidation::Lost));
        peer.insert(b"ada", b"36");
        assert_eq!(told.next().await, Some(Invalidation::Key((*b"ada").into())));
        peer.flush();
        assert_eq!(told.next().await, Some(Invalidation::All));
        node.insert(b"ada", b"37", None).await.expect("it is put in");
        node.ping().await.expect("all was told");
        drop(node);
        assert_eq!(told.next().await, Some(Invalidation::Lost), "not what it wrote itself");
        assert_eq!(told.next().await, None);
    });
}

#[test]
fn a_connector_that_panics_costs_only_its_connection() {
    explore(|rt| async move {
        let peer = Peer::new(&rt);
        let connect = {
            let (peer, times) = (peer.connector(), Arc::new(std::sync::atomic::AtomicU32::new(0)));
            async move |to: Address| {
                let time = times.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
                assert!(time > 0, "on purpose");
                mtaio_redis::Connector::connect(&peer, to).await
            }
        };
        let node = peer.builder().build(&rt, connect).expect("settings");
        let error = connection_error(node.ping().await.expect_err("it panicked"));
        assert!(error.to_string().contains("on purpose"), "{error}");
        node.ping().await.expect("the next call works");
    });
}
