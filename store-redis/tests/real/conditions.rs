//! What is put in only if a key has what is expected.

use std::time::Duration;

use futures_util::{FutureExt, StreamExt};
use mtaio::RuntimeExt;
use mtaio::cache::{CacheNode, Invalidation, Invalidations, NodeError};
use mtaio_redis::{Connector, RedisNode};
use mtaio_runtime::Runtime;

use crate::common::hosts::{On, on_tokio_and_smol};
use crate::common::rounds;
use crate::common::server::Server;

on_tokio_and_smol!(
    only_what_is_expected_is_replaced,
    bytes_are_compared_as_they_are,
    times_to_live,
    sizes,
    two_clients_lose_no_count,
    others_are_told,
    a_full_server,
    those_who_may_not_run_scripts,
);

async fn held(node: &RedisNode) -> Option<Vec<u8>> {
    node.get(b"key").await.expect("an answer")
}

async fn only_what_is_expected_is_replaced<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    let put = async |expected: Option<&'static [u8]>, value: &'static [u8]| {
        node.insert_if(b"key", expected, value, None).await.expect("an answer")
    };

    assert!(!put(Some(b"one"), b"two").await, "it has nothing");
    assert!(!put(Some(b""), b"two").await, "and nothing is not the empty value");
    assert_eq!(held(&node).await, None);
    assert!(put(None, b"one").await);
    assert!(!put(None, b"two").await, "it has something");
    assert!(!put(Some(b"on"), b"two").await);
    assert!(!put(Some(b"one "), b"two").await);
    assert_eq!(held(&node).await.as_deref(), Some(&b"one"[..]));
    assert!(put(Some(b"one"), b"").await);
    assert!(!put(None, b"two").await, "the empty value is something");
    assert!(put(Some(b""), b"two").await);
    assert_eq!(held(&node).await.as_deref(), Some(&b"two"[..]));

    server.say("LPUSH list 1");
    let refused = node.insert_if(b"list", Some(b"1"), b"2", None).await.expect_err("no string");
    assert!(matches!(&refused, NodeError::Refused { reason } if reason.starts_with("WRONGTYPE")));
    assert!(!node.insert_if(b"list", None, b"2", None).await.expect("an answer"));
    assert_eq!(server.say("LLEN list"), ":1", "and it is as it was");
    assert_eq!(node.stats().connections, 1);
}

async fn bytes_are_compared_as_they_are<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    let all: Vec<u8> = (0..=255).collect();
    let values: [&[u8]; 9] =
        [b"\0", b"\0\0", b"a\0b", b"a\0c", b"\n", b"\r\n", b"\r\n$3\r\n\0\xff", b"10", &all];
    // "10" and "1e1" are the same number, and not the same value.
    let others: [&[u8]; 9] =
        [b"\0\0", b"\0", b"a\0", b"a\0b", b"\r\n", b"\n", b"\r\n$3\r\n\0\xfe", b"1e1", &all[..255]];
    for (value, other) in values.into_iter().zip(others) {
        for key in [value, b"key"] {
            node.remove(key).await.expect("an answer");
            let put = async |expected, value| {
                node.insert_if(key, expected, value, None).await.expect("an answer")
            };
            assert!(put(None, value).await);
            assert!(!put(Some(other), b"lost").await, "{}", value.escape_ascii());
            assert_eq!(node.get(key).await.expect("an answer").as_deref(), Some(value));
            assert!(put(Some(value), other).await, "{}", value.escape_ascii());
            assert_eq!(node.get(key).await.expect("an answer").as_deref(), Some(other));
        }
    }
}

async fn times_to_live<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    let long = Some(Duration::from_secs(100));
    let left = || server.say("PTTL key").trim_start_matches(':').parse::<i64>().expect("a number");
    let put = async |expected: Option<&'static [u8]>, value: &'static [u8], ttl| {
        node.insert_if(b"key", expected, value, ttl).await.expect("an answer")
    };

    assert!(put(None, b"1", long).await);
    assert!((90_000..=100_000).contains(&left()), "{}", left());
    assert!(!put(Some(b"2"), b"3", None).await && !put(None, b"3", None).await);
    assert!((90_000..=100_000).contains(&left()), "what is refused changes no time: {}", left());
    assert!(put(Some(b"1"), b"2", Some(Duration::from_secs(1_000))).await);
    assert!((990_000..=1_000_000).contains(&left()), "{}", left());
    assert!(put(Some(b"2"), b"3", None).await);
    assert_eq!(left(), -1, "as after an insert without one");
    assert!(put(Some(b"3"), b"4", Some(Duration::MAX)).await);
    assert!(left() > 1_000_000_000_000);

    let none = Some(Duration::ZERO);
    assert!(!put(Some(b"3"), b"5", none).await && !put(None, b"5", none).await);
    assert_eq!(held(&node).await.as_deref(), Some(&b"4"[..]));
    assert!(put(Some(b"4"), b"5", none).await);
    assert_eq!(server.say("EXISTS key"), ":0", "what has no time left takes the old one with it");
    assert!(put(None, b"5", none).await);
    assert_eq!(server.say("EXISTS key"), ":0");
}

async fn sizes<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let server = Server::start();
    let node = |limit| {
        let builder = RedisNode::builder(server.endpoint()).max_size(limit);
        builder.build(&on.rt, on.connect.clone()).expect("settings")
    };
    let (small, large) = (node(1_000), node(100_000));
    let put = async |expected, value| small.insert_if(b"key", expected, value, None).await;

    let (fits, does_not) = ([1; 997], [1; 998]);
    for (expected, value) in
        [(None, &does_not[..]), (Some(&fits[..]), &does_not[..]), (Some(&does_not[..]), &fits[..])]
    {
        let refused = put(expected, value).await.expect_err("it does not fit");
        assert!(matches!(refused, NodeError::TooLarge { size: 1_001, limit: 1_000 }), "{refused}");
    }
    assert!(put(None, &fits).await.expect("it just fits"));
    assert!(put(Some(&fits), &fits).await.expect("and so do both"));
    large.insert(b"key", &[1; 50_000], None).await.expect("it fits");
    assert!(!put(Some(&fits), b"1").await.expect("what it has is not received"));
    assert_eq!(small.stats().connections, 1);
}

async fn two_clients_lose_no_count<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let server = Server::start();
    let times = rounds(1_000);
    let counting = [(); 2].map(|()| {
        let builder = RedisNode::builder(server.endpoint());
        let node = builder.build(&on.rt, on.connect.clone()).expect("settings");
        on.rt.spawn(async move {
            let (mut counted, mut refused) = (0, 0_u64);
            while counted < times {
                let before = held(&node).await;
                let number = before.as_deref().map_or(0, |before| {
                    u64::from_le_bytes(before.try_into().expect("it is a number"))
                });
                let next = (number + 1).to_le_bytes();
                let put = node.insert_if(b"key", before.as_deref(), &next, None);
                if put.await.expect("an answer") {
                    counted += 1;
                } else {
                    refused += 1;
                }
            }
            refused
        })
    });
    let mut refused = 0;
    for counting in counting {
        refused += counting.await.expect("it ends");
    }
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    let counted = held(&node).await.expect("it was counted");
    assert_eq!(counted, (2 * times).to_le_bytes(), "a count was lost");
    assert!(refused > 0, "they never met");
    println!("2 x {times} counted, {refused} refused, none lost");
}

/// All that was told until now.
async fn told(node: &RedisNode, told: &mut Invalidations) -> Vec<Invalidation> {
    node.ping().await.expect("it is there");
    std::iter::from_fn(|| told.next().now_or_never().flatten()).collect()
}

async fn others_are_told<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let server = Server::start();
    let node = || {
        let builder = RedisNode::builder(server.endpoint()).track("");
        builder.build(&on.rt, on.connect.clone()).expect("settings")
    };
    let (ours, theirs) = (node(), node());
    let mut to_us = ours.invalidations(10).expect("it is tracked");
    let mut to_them = theirs.invalidations(10).expect("it is tracked");
    told(&ours, &mut to_us).await;
    told(&theirs, &mut to_them).await;
    let put = async |expected: Option<&'static [u8]>, value: &'static [u8]| {
        ours.insert_if(b"key", expected, value, None).await.expect("an answer")
    };
    let key = || Invalidation::Key(b"key"[..].into());

    assert!(put(None, b"1").await);
    assert_eq!(told(&theirs, &mut to_them).await, [key()]);
    assert_eq!(told(&ours, &mut to_us).await, [], "what one puts in oneself one knows");
    assert!(!put(None, b"2").await && !put(Some(b"2"), b"3").await);
    assert_eq!(told(&theirs, &mut to_them).await, [], "nothing has changed");
    assert_eq!(told(&ours, &mut to_us).await, []);

    assert!(put(Some(b"1"), b"2").await);
    assert_eq!(told(&theirs, &mut to_them).await, [key()]);
    // A server that knows whose script it was would not say it.
    let own = told(&ours, &mut to_us).await;
    assert!(own == [key()] || own.is_empty(), "{own:?}");
    println!("told of its own script: {own:?}");
}

async fn a_full_server<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    node.insert(b"key", b"1", None).await.expect("there is room");
    server.say("CONFIG SET maxmemory 1");
    for (key, expected) in [(b"key", Some(&b"1"[..])), (b"new", None)] {
        let error = node.insert_if(key, expected, b"2", None).await.expect_err("it is full");
        let is_full = matches!(&error, NodeError::Full { reason } if reason.starts_with("OOM"));
        assert!(is_full, "{error}");
    }
    assert_eq!(held(&node).await.as_deref(), Some(&b"1"[..]));
}

async fn those_who_may_not_run_scripts<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let server = Server::start();
    server.say("ACL SETUSER plain on >pw ~app:* &* +@all -@scripting");
    server.say("ACL SETUSER reader on >pw ~app:* &* +@all -set");
    let node = |user| {
        let endpoint = server.endpoint().with_login(user, "pw");
        RedisNode::builder(endpoint).build(&on.rt, on.connect.clone()).expect("settings")
    };
    let (plain, reader) = (node("plain"), node("reader"));

    assert!(plain.insert_if(b"app:1", None, b"1", None).await.expect("it takes no script"));
    for (node, key) in [(&plain, &b"app:1"[..]), (&reader, b"app:1"), (&reader, b"other")] {
        let error = node.insert_if(key, Some(b"1"), b"2", None).await.expect_err("it may not");
        println!("{error}");
        assert!(matches!(&error, NodeError::Refused { .. }), "{error}");
        assert_eq!(node.stats().connections, 1);
    }
    let error = plain.insert_if(b"app:1", Some(b"1"), b"2", None).await.expect_err("it may not");
    let text = error.to_string();
    assert!(text.contains("NOPERM") && text.contains("eval"), "{text}");
    let got = plain.get(b"app:1").await.expect("the next call works");
    assert_eq!(got.as_deref(), Some(&b"1"[..]), "nothing has changed");
}
