//! What goes wrong with real servers.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::thread;
use std::time::Duration;

use mtaio::RuntimeExt;
use mtaio::cache::{CacheNode, NodeError};
use mtaio_redis::{Connector, Endpoint, RedisNode};
use mtaio_runtime::Runtime;

use crate::common::hosts::{On, on_tokio_and_smol};
use crate::common::ms;
use crate::common::server::Server;

on_tokio_and_smol!(
    a_server_is_killed_and_comes_back,
    three_servers_of_which_one_is_killed,
    connections_are_cut_under_load,
    a_full_server,
    wrong_passwords,
    one_who_may_not_kill_clients,
    servers_that_are_none,
    too_many_clients,
);

/// Until it works again: the port has to be listened to first.
async fn well_again<R: Runtime>(rt: &R, node: &impl CacheNode) {
    let end = rt.now() + Duration::from_secs(10);
    while let Err(error) = node.ping().await {
        assert!(rt.now() < end, "{error}");
        rt.sleep(ms(10)).await;
    }
}

async fn a_server_is_killed_and_comes_back<R: Runtime, C: Connector>(on: On<R, C>) {
    let mut server = Server::start();
    let builder = RedisNode::builder(server.endpoint()).timeout(ms(1_000));
    let node = builder.build(&on.rt, on.connect).expect("settings");
    node.insert(b"ada", b"36", None).await.expect("it is put in");
    for _ in 0..3 {
        server.kill();
        for _ in 0..5 {
            let error = node.get(b"ada").await.expect_err("it is gone");
            assert!(error.is_fault(), "{error}");
        }
        server.restart();
        well_again(&on.rt, &node).await;
        assert_eq!(node.get(b"ada").await.expect("an answer"), None, "it kept nothing");
        node.insert(b"ada", b"36", None).await.expect("it is put in");
    }
    // While it was not looking: the next call finds out, and the one after that works.
    server.restart();
    drop(node.ping().await);
    node.ping().await.expect("the next call works");
}

async fn three_servers_of_which_one_is_killed<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let mut servers = [Server::start(), Server::start(), Server::start()];
    let nodes = servers.each_ref().map(|server| {
        RedisNode::builder(server.endpoint()).build(&on.rt, on.connect.clone()).expect("settings")
    });
    for node in &nodes {
        node.insert(b"ada", b"36", None).await.expect("it is put in");
    }
    servers[1].kill();
    nodes[1].get(b"ada").await.expect_err("it is gone");
    for node in [&nodes[0], &nodes[2]] {
        assert!(node.get(b"ada").await.expect("an answer").is_some());
        assert_eq!(node.stats().connections, 1);
    }
    servers[1].restart();
    well_again(&on.rt, &nodes[1]).await;
}

async fn connections_are_cut_under_load<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    node.ping().await.expect("it is there");
    let tasks: Vec<_> = (0..16_u32)
        .map(|i| {
            let (node, rt) = (node.clone(), on.rt.clone());
            on.rt.spawn(async move {
                let key = format!("key-{i}");
                let mut failed = 0;
                for round in 0..300_u32 {
                    let value = format!("{i}-{round}");
                    // Dropped, now and then, wherever it is.
                    let limit = ms(u64::from(round % 5 != 0) * 1_000);
                    let insert = node.insert(key.as_bytes(), value.as_bytes(), None);
                    let inserted = mtaio::time::timeout(&rt, limit, insert).await;
                    match (inserted, node.get(key.as_bytes()).await) {
                        (Ok(Ok(())), Ok(got)) => {
                            assert_eq!(got.as_deref(), Some(value.as_bytes()), "another's answer");
                        }
                        (_, Ok(Some(got))) => assert!(got.starts_with(format!("{i}-").as_bytes())),
                        (_, Ok(None)) => {}
                        (_, Err(error)) => {
                            assert!(error.is_fault(), "{error}");
                            failed += 1;
                        }
                    }
                }
                failed
            })
        })
        .collect();
    let mut killed = 0;
    while node.stats().calls < 16 * 500 {
        let answer = server.say("CLIENT KILL TYPE normal SKIPME yes");
        killed += u32::from(answer != ":0");
        on.rt.sleep(ms(3)).await;
    }
    let mut failed = 0;
    for task in tasks {
        failed += task.await.expect("it ends");
    }
    assert!(killed > 0 && node.stats().connections > 1, "{:?}", node.stats());
    well_again(&on.rt, &node).await;
    println!("{killed} cut, {failed} reads failed, {:?}", node.stats());
}

async fn a_full_server<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start_with(&["--maxmemory 3mb", "--maxmemory-policy noeviction"]);
    let node = RedisNode::builder(server.endpoint()).build(&on.rt, on.connect).expect("settings");
    let mut put_in = 0_u32;
    let error = loop {
        match node.insert(format!("{put_in}").as_bytes(), &[0; 100_000], None).await {
            Ok(()) => put_in += 1,
            Err(error) => break error,
        }
        assert!(put_in < 1_000, "it never is");
    };
    assert!(matches!(&error, NodeError::Full { reason } if reason.starts_with("OOM")), "{error}");
    assert!(node.get(b"0").await.expect("reading works").is_some());
    node.clear(b"").await.expect("it makes room");
    let end = on.rt.now() + Duration::from_secs(5);
    while let Err(error) = node.insert(b"ada", b"36", None).await {
        // The room is made behind the answer.
        assert!(matches!(error, NodeError::Full { .. }) && on.rt.now() < end, "{error}");
        on.rt.sleep(ms(5)).await;
    }
    assert_eq!(node.stats().connections, 1);
}

async fn wrong_passwords<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let server = Server::start_with(&["--requirepass right"]);
    let node = |endpoint: Endpoint| {
        RedisNode::builder(endpoint).build(&on.rt, on.connect.clone()).expect("settings")
    };
    for (endpoint, told) in [
        (server.endpoint(), "NOAUTH"),
        (server.endpoint().with_login("default", "s3cret"), "WRONGPASS"),
        (server.endpoint().with_login("nobody", "s3cret"), "WRONGPASS"),
    ] {
        let node = node(endpoint);
        for _ in 0..3 {
            let error = node.get(b"ada").await.expect_err("it is not let in");
            let text = error.to_string();
            assert!(matches!(error, NodeError::Refused { .. }) && text.contains(told), "{text}");
            assert!(!text.contains("s3cret"), "{text}");
        }
    }
    let wrong = node(server.endpoint().with_login("default", "right").with_database(99));
    let error = wrong.ping().await.expect_err("there is no such database");
    assert!(matches!(&error, NodeError::Refused { reason } if reason.contains("out of range")));

    let right = node(server.endpoint().with_login("default", "right"));
    right.ping().await.expect("it is let in");
}

async fn one_who_may_not_kill_clients<R: Runtime, C: Connector>(on: On<R, C>) {
    let server = Server::start();
    server.say("ACL SETUSER app on >pw ~* &* +@all -client|kill");
    let endpoint = server.endpoint().with_login("app", "pw");
    let builder = RedisNode::builder(endpoint).timeout(ms(400)).connect_timeout(ms(300));
    let node = builder.build(&on.rt, on.connect).expect("settings");
    node.ping().await.expect("it is there");
    server.say("CLIENT PAUSE 450 ALL");
    let error = node.insert(b"ada", b"36", None).await.expect_err("it sleeps");
    assert!(error.is_fault(), "{error}");
    well_again(&on.rt, &node).await;
    assert!(node.stats().connections > 1);
}

/// Takes one connection after the other, and does this to each.
fn listen(each: fn(std::net::TcpStream)) -> Endpoint {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    let port = listener.local_addr().expect("it is bound").port();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || each(stream));
        }
    });
    Endpoint::new("127.0.0.1", port)
}

async fn servers_that_are_none<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let silent = listen(|mut stream| {
        let mut some = [0; 1024];
        while stream.read(&mut some).is_ok_and(|count| count > 0) {}
    });
    let another = listen(|mut stream| {
        let _gone = stream.write_all(b"SSH-2.0-OpenSSH_9.7\r\n");
        let _gone = stream.read(&mut [0; 1024]);
    });
    let in_between = listen(|mut stream| {
        let _gone = stream.read(&mut [0; 1024]);
        let hello = b"%1\r\n+proto\r\n:3\r\n$2\r\nid\r\n";
        let _gone = stream.write_all(hello);
        let _gone = stream.read(&mut [0; 1024]);
        let _gone = stream.write_all(b"$1000000000000000\r\nand so on");
        let _gone = stream.read(&mut [0; 1024]);
    });
    let hangs_up = listen(drop);
    for (endpoint, told, is_protocol) in [
        (silent, "no connection to 127.0.0.1", false),
        (another, "SSH-2.0", true),
        (in_between, "$1000000", true),
        (hangs_up, "", false),
    ] {
        let builder = RedisNode::builder(endpoint).timeout(ms(400)).connect_timeout(ms(200));
        let node = builder.build(&on.rt, on.connect.clone()).expect("settings");
        for _ in 0..2 {
            let began = on.rt.now();
            let error = node.get(b"ada").await.expect_err("that is no server");
            let took = on.rt.now() - began;
            assert!(took < ms(1_000), "{took:?}");
            assert!(error.to_string().contains(told), "{error}");
            assert_eq!(matches!(error, NodeError::Protocol { .. }), is_protocol, "{error}");
        }
    }
}

async fn too_many_clients<R: Runtime, C: Connector + Clone>(on: On<R, C>) {
    let server = Server::start();
    server.say("CONFIG SET maxclients 1");
    let build = || {
        RedisNode::builder(server.endpoint()).build(&on.rt, on.connect.clone()).expect("settings")
    };
    let (first, second) = (build(), build());
    first.ping().await.expect("there is room for one");
    let error = second.ping().await.expect_err("and for no other");
    assert!(matches!(error, NodeError::Unavailable { .. }), "{error}");
    drop(first);
    well_again(&on.rt, &second).await;
}
