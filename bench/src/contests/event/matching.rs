//! A name among ten thousand patterns, of which one matches. On our side that is a whole emit, with
//! the call of the handler; the others only find it.

use std::hint::black_box;

use matchit::Router;
use mtaio::event::{AnyEvent, EventEmitter, Pattern};

use super::GROUP;
use crate::harness::Aim::Open;
use crate::harness::{Contest, Side, timed_on};
use crate::host::TokioHost;

const PATTERNS: usize = 10_000;
const NAME: &str = "service7777.user.login";

fn patterns() -> impl Iterator<Item = String> {
    (0..PATTERNS).map(|number| format!("service{number}.*.login"))
}

pub(super) fn contest(host: &TokioHost) -> Contest {
    Contest::new(GROUP, "match/10k").ours(ours(host)).peer("linear scan", Open, linear(host)).peer(
        "matchit",
        Open,
        matchit(host),
    )
}

fn ours(host: &TokioHost) -> Side {
    let emitter = EventEmitter::new();
    for pattern in patterns() {
        let listening = emitter.on_pattern(&pattern, async |event: &AnyEvent| {
            black_box(event.name());
        });
        assert!(listening.is_ok());
    }
    timed_on(host, move |times| {
        let emitter = emitter.clone();
        async move {
            for _ in 0..times {
                if emitter.emit_named(NAME, ()).await.ran != 1 {
                    return Err("one pattern matches".into());
                }
            }
            Ok(())
        }
    })
}

fn linear(host: &TokioHost) -> Side {
    let all: Vec<Pattern> = patterns().filter_map(|pattern| pattern.parse().ok()).collect();
    timed_on(host, move |times| {
        let all = all.clone();
        async move {
            for _ in 0..times {
                let found = all.iter().filter(|pattern| pattern.matches(black_box(NAME))).count();
                if found != 1 {
                    return Err("one pattern matches".into());
                }
            }
            Ok(())
        }
    })
}

/// A radix trie of routes, which finds one.
fn matchit(host: &TokioHost) -> Side {
    let mut router = Router::new();
    for (number, pattern) in patterns().enumerate() {
        let route = format!("/{}", pattern.replace('.', "/").replace('*', "{any}"));
        assert!(router.insert(route, number).is_ok());
    }
    let path = format!("/{}", NAME.replace('.', "/"));
    timed_on(host, move |times| {
        let (router, path) = (router.clone(), path.clone());
        async move {
            for _ in 0..times {
                if *router.at(black_box(&path))?.value != 7777 {
                    return Err("one pattern matches".into());
                }
            }
            Ok(())
        }
    })
}
