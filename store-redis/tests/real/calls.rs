//! What a node does with a server that is well.

use std::collections::HashSet;
use std::time::Duration;

use mtaio::RuntimeExt;
use mtaio::cache::{CacheNode, NodeError};
use mtaio_redis::{Connector, RedisNode};
use mtaio_runtime::Runtime;

use crate::common::hosts::{On, on_tokio_and_smol};
use crate::common::ms;
use crate::common::server::Server;

on_tokio_and_smol!(
    values_of_all_kinds,
    times_to_live,
    many_at_once,
    a_prefix_is_cleared_and_nothing_else,
    databases_and_users,
    sizes,
    many_share_one_connection,
);

async fn values_of_all_kinds<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    node.ping().await.expect("it is there");

    let large: Vec<u8> = (0..3_000_000_u32).map(|i| (i * 7) as u8).collect();
    for (key, value) in [
        (&b""[..], &b""[..]),
        (b"plain", b"value"),
        (b"\r\n$3\r\n\0\xff", b"\r\n+OK\r\n-ERR\r\n"),
        (b"large", &large),
    ] {
        assert_eq!(node.get(key).await.expect("an answer"), None);
        assert!(!node.remove(key).await.expect("an answer"));
        node.insert(key, value, None).await.expect("it is put in");
        assert_eq!(node.get(key).await.expect("an answer").as_deref(), Some(value));
        node.insert(key, b"other", None).await.expect("it is put in");
        assert_eq!(node.get(key).await.expect("an answer").as_deref(), Some(&b"other"[..]));
        assert!(node.remove(key).await.expect("an answer"));
    }

    server.say("LPUSH list 1");
    let refused = node.get(b"list").await.expect_err("it is no string");
    assert!(matches!(&refused, NodeError::Refused { reason } if reason.starts_with("WRONGTYPE")));
    assert_eq!(node.get(b"plain").await.expect("the next call works"), None);
    assert_eq!(node.stats().connections, 1);
}

async fn times_to_live<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    let insert = |ttl| node.insert(b"key", b"value", Some(ttl));

    insert(Duration::from_secs(100)).await.expect("it is put in");
    let left: u64 = server.say("PTTL key").trim_start_matches(':').parse().expect("a number");
    assert!((90_000..=100_000).contains(&left), "{left}");

    insert(ms(40)).await.expect("it is put in");
    assert!(node.get(b"key").await.expect("an answer").is_some());
    on.rt.sleep(ms(80)).await;
    assert_eq!(node.get(b"key").await.expect("an answer"), None);

    node.insert(b"key", b"value", None).await.expect("it is put in");
    assert_eq!(server.say("PTTL key"), ":-1");
    insert(Duration::ZERO).await.expect("an answer");
    assert_eq!(server.say("EXISTS key"), ":0", "what has no time left takes the old one with it");
    insert(Duration::MAX).await.expect("it is put in");
    assert_eq!(server.say("EXISTS key"), ":1");
}

async fn many_at_once<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    assert!(node.get_many(&[]).await.expect("nothing to ask").is_empty());

    let keys: Vec<Vec<u8>> = (0..1_300_u32).map(|i| format!("key-{i}").into_bytes()).collect();
    for key in keys.iter().step_by(2) {
        node.insert(key, key, None).await.expect("it is put in");
    }
    let asked: Vec<&[u8]> = keys.iter().map(Vec::as_slice).collect();
    let values = node.get_many(&asked).await.expect("answers");
    assert_eq!(values.len(), keys.len());
    for (i, (key, value)) in keys.iter().zip(values).enumerate() {
        assert_eq!(value.as_ref(), (i % 2 == 0).then_some(key));
    }
}

async fn a_prefix_is_cleared_and_nothing_else<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    let odd = b"a*[x-z]?\\^:";
    let cleared: HashSet<Vec<u8>> =
        (0..1_500_u32).map(|i| [odd, i.to_string().as_bytes()].concat()).collect();
    let kept: [&[u8]; 5] = [b"aZ[x-z]?\\^:1", b"a*y?\\^:1", b"a*[x-z]Q\\^:1", b"a*[x-z]?^:1", b"b"];
    for key in cleared.iter().map(Vec::as_slice).chain(kept) {
        node.insert(key, b"1", None).await.expect("it is put in");
    }

    node.clear(odd).await.expect("it is done");
    assert_eq!(server.say("DBSIZE"), format!(":{}", kept.len()));
    for key in kept {
        assert!(node.get(key).await.expect("an answer").is_some());
    }
    node.clear(b"").await.expect("it is done");
    assert_eq!(server.say("DBSIZE"), ":0");
}

async fn databases_and_users<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let server = Server::start();
    server.say("ACL SETUSER app on >s:cr/et ~app:* &* +@all");
    let url = format!("redis://app:s%3Acr%2Fet@127.0.0.1:{}/3", server.port());
    let endpoint = url.parse().expect("a URL");
    let node = RedisNode::builder(endpoint).build(&on.rt, on.connect.clone()).expect("settings");
    node.insert(b"app:1", b"1", None).await.expect("it is put in");
    assert_eq!(server.say_all(&["SELECT 3", "GET app:1"])[1], "1");
    assert_eq!(server.say("EXISTS app:1"), ":0");
    let refused = node.get(b"other").await.expect_err("it is another's");
    assert!(matches!(&refused, NodeError::Refused { reason } if reason.starts_with("NOPERM")));
    assert!(node.get(b"app:1").await.expect("the next call works").is_some());

    // A password alone is the default user's.
    let server = Server::start_with(&["--requirepass secret"]);
    let url = format!("redis://:secret@127.0.0.1:{}", server.port());
    let endpoint = url.parse().expect("a URL");
    let node = RedisNode::builder(endpoint).build(&on.rt, on.connect).expect("settings");
    node.ping().await.expect("it is let in");
}

async fn sizes<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let server = Server::start();
    let node = |limit| {
        let builder = RedisNode::builder(server.endpoint()).max_size(limit);
        builder.build(&on.rt, on.connect.clone()).expect("settings")
    };
    let (small, large) = (node(1_000), node(100_000));

    small.insert(b"key", &[1; 997], None).await.expect("it just fits");
    let refused = small.insert(b"key", &[1; 998], None).await.expect_err("it does not");
    assert!(matches!(refused, NodeError::TooLarge { size: 1_001, limit: 1_000 }), "{refused}");
    assert_eq!(
        small.get(b"key").await.expect("it is as it was").map(|value| value.len()),
        Some(997)
    );

    // What another has put in.
    large.insert(b"key", &[1; 50_000], None).await.expect("it fits");
    let refused = small.get(b"key").await.expect_err("it does not");
    assert!(matches!(refused, NodeError::TooLarge { size: 50_000, limit: 1_000 }), "{refused}");
    let refused = small.get_many(&[b"other", b"key"]).await.expect_err("it does not");
    assert!(matches!(refused, NodeError::TooLarge { .. }), "{refused}");
    let (one, other) = ([b'1'; 700], [b'2'; 700]);
    small.insert(&one, b"1", None).await.expect("it fits");
    let values = small.get_many(&[&one, &other, &one]).await.expect("in three commands");
    assert_eq!(values, [Some(b"1".to_vec()), None, Some(b"1".to_vec())]);
    assert_eq!(small.get(b"other").await.expect("the next call works"), None);
    assert_eq!(small.stats().connections, 1, "and on the same connection");
}

async fn many_share_one_connection<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let builder = RedisNode::builder(server.endpoint()).max_in_flight(10);
    let node = builder.build(&on.rt, on.connect).expect("settings");
    let tasks: Vec<_> = (0..64_u32)
        .map(|i| {
            let node = node.clone();
            on.rt.spawn(async move {
                let key = i.to_string();
                for round in 0..20_u32 {
                    // Some are heavy.
                    let value = round.to_string().repeat(1 + 10_000 * usize::from(i % 7 == 0));
                    node.insert(key.as_bytes(), value.as_bytes(), None).await.expect("put in");
                    let got = node.get(key.as_bytes()).await.expect("an answer");
                    assert!(got.as_deref() == Some(value.as_bytes()), "another's answer");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("all is well");
    }
    let stats = node.stats();
    assert_eq!((stats.connections, stats.calls, stats.failed), (1, 64 * 40, 0));
    assert!(stats.is_connected && stats.in_flight == 0);
}
