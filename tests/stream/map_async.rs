//! Many calls at once: what comes out in which order, how many there are, what a panic costs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{Stream, StreamExt as _, stream};
use mtaio::{Instant, Runtime, RuntimeExt, StreamExt};
use mtaio_sim::{Explore, Sim};

use crate::common::{Census, Held, block_on, ms, on_every_runtime};
use crate::script::below;

async fn in_order_whatever_finishes_first<R: Runtime>(rt: R) {
    let census = Census::default();
    let called = stream::iter(0..20_u64).map_async(4, {
        let (rt, census) = (rt.clone(), census.clone());
        async move |n: u64| {
            let _alive = census.enter();
            rt.sleep(ms(n % 5)).await;
            n
        }
    });
    let results: Vec<u64> = called.expect("a limit").map(|n| n.expect("no panic")).collect().await;
    assert_eq!(results, Vec::from_iter(0..20));
    assert_eq!((census.now(), census.most()), (0, 4));
}

async fn as_they_finish<R: Runtime>(rt: R) {
    let called = stream::iter([60, 30, 1]).map_async(3, {
        let rt = rt.clone();
        async move |n: u64| {
            rt.sleep(ms(n)).await;
            n
        }
    });
    let called = called.expect("a limit").unordered();
    let results: Vec<u64> = called.map(|n| n.expect("no panic")).collect().await;
    assert_eq!(results, [1, 30, 60]);
}

async fn a_panic_is_the_error_of_its_item<R: Runtime>(rt: R) {
    for pending in [true, false] {
        let f = async move |n: u64| {
            if pending {
                rt_yield().await;
            }
            assert!(n % 3 != 1, "no {n}");
            n
        };
        let called = stream::iter(0..7).map_async(3, f).expect("a limit").by_key(|n| n % 2);
        let mut results: Vec<Result<u64, (u64, String)>> = called
            .map(|n| n.map_err(|panicked| (panicked.index(), panicked.message().to_owned())))
            .collect()
            .await;
        results.sort();
        let panicked = |n: u64| Err((n, format!("no {n}")));
        assert_eq!(results, [Ok(0), Ok(2), Ok(3), Ok(5), Ok(6), panicked(1), panicked(4)]);
    }
    drop(rt);
}

async fn rt_yield() {
    let mut is_polled = false;
    std::future::poll_fn(|cx| {
        if std::mem::replace(&mut is_polled, true) {
            return std::task::Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        std::task::Poll::Pending
    })
    .await;
}

on_every_runtime!(
    seeds = 20;
    in_order_whatever_finishes_first,
    as_they_finish,
    a_panic_is_the_error_of_its_item,
);

#[test]
fn a_key_that_panics_is_its_items_error() {
    let called = stream::iter(0..4).map_async(2, async |n| n).expect("a limit");
    let called = called.by_key(|n| {
        assert!(*n != 2, "no key");
        0
    });
    let results: Vec<_> = block_on(called.collect());
    let told: Vec<_> = results.iter().map(|n| n.as_ref().map_err(ToString::to_string)).collect();
    let no_key = String::from("the call for item 2 panicked: no key");
    // It has none, so it is behind nobody.
    let mut sorted = told.clone();
    sorted.sort();
    assert_eq!(sorted, [Ok(&0), Ok(&1), Ok(&3), Err(no_key)]);
}

#[test]
fn captures_that_panic_when_they_are_cloned_cost_one_item() {
    struct Fragile(Arc<AtomicUsize>);

    impl Clone for Fragile {
        fn clone(&self) -> Self {
            assert!(self.0.fetch_add(1, Ordering::SeqCst) != 1, "not again");
            Self(Arc::clone(&self.0))
        }
    }

    let fragile = Fragile(Arc::default());
    let f = move |n: u32| {
        let _whole = &fragile;
        std::future::ready(n)
    };
    let called = stream::iter(0..3).map_async(2, f).expect("a limit");
    let results: Vec<bool> = block_on(called.map(|n| n.is_ok()).collect());
    assert_eq!(results, [true, false, true]);
}

/// In order, unordered and by key, over many schedules: order is kept where it is promised, no more
/// run at once than may, those of one key one at a time, and each item comes out once.
#[test]
fn every_order_keeps_its_promise() {
    Sim::explore(Explore::new().seeds(0..200), |rt| async move {
        let (limit, count) = (1 + below(&rt, 6) as usize, below(&rt, 40));
        let census = Census::default();
        let times: Arc<Vec<u64>> = Arc::new((0..count).map(|_| below(&rt, 4)).collect());
        let gaps: Vec<u64> = (0..count).map(|_| below(&rt, 3)).collect();
        let source = || {
            let rt = rt.clone();
            stream::iter(gaps.clone().into_iter().enumerate()).then(move |(n, gap)| {
                let rt = rt.clone();
                async move {
                    if gap > 1 {
                        rt.sleep(ms(gap)).await;
                    }
                    n
                }
            })
        };
        let f = {
            let (rt, census) = (rt.clone(), census.clone());
            async move |n: usize| {
                let _alive = census.enter();
                match times[n] {
                    0 => {}
                    1 => rt.yield_now().await,
                    time => rt.sleep(ms(time)).await,
                }
                n
            }
        };
        let ordered = source().map_async(limit, f.clone()).expect("a limit");
        assert_eq!(results(ordered).await, Vec::from_iter(0..count as usize));

        let unordered = source().map_async(limit, f.clone()).expect("a limit").unordered();
        let mut results_of = results(unordered).await;
        results_of.sort_unstable();
        assert_eq!(results_of, Vec::from_iter(0..count as usize));

        let lanes: [Census; 3] = Default::default();
        let by_key = {
            let lanes = lanes.clone();
            async move |n: usize| {
                let _alone = lanes[n % 3].enter();
                f(n).await
            }
        };
        let keyed = source().map_async(limit, by_key).expect("a limit").by_key(|n| n % 3);
        let mut last: HashMap<usize, usize> = HashMap::new();
        let keyed = results(keyed).await;
        assert_eq!(keyed.len() as u64, count);
        for n in keyed {
            assert!(last.insert(n % 3, n).is_none_or(|before| before + 3 == n), "{n} of its key");
        }
        assert!(lanes.iter().all(|lane| lane.most() <= 1), "two of a key at once");
        assert!(census.most() <= limit && census.now() == 0);
    });
}

async fn results<T, E: std::fmt::Debug>(stream: impl Stream<Item = Result<T, E>>) -> Vec<T> {
    stream.map(|result| result.expect("no panic")).collect().await
}

#[test]
fn a_slow_key_holds_up_no_other_until_as_many_wait_behind_it() {
    Sim::run(0, |rt| async move {
        let source = stream::iter([0, 0, 0, 0, 1, 2, 3].into_iter().enumerate());
        let clock = rt.clone();
        let slow = async move |(n, key): (usize, u32)| {
            clock.sleep(if key == 0 { ms(100) } else { ms(1) }).await;
            n
        };
        let called = source.map_async(4, slow).expect("a limit").by_key(|(_, key)| *key);
        let mut called = std::pin::pin!(called);
        let mut at = Vec::new();
        while let Some(n) = called.next().await {
            at.push((n.expect("no panic"), (rt.now() - Instant::ZERO).as_millis()));
        }
        assert_eq!(at, [(4, 1), (5, 1), (6, 1), (0, 100), (1, 200), (2, 300), (3, 400)]);
    });
}

#[test]
fn calls_that_wait_are_not_starved_by_those_that_do_not() {
    let f = async |n: u32| {
        if n == 0 {
            rt_yield().await;
        }
        n
    };
    let called = stream::iter(0..).map_async(2, f).expect("a limit").unordered();
    let results: Vec<u32> = block_on(called.map(|n| n.expect("no panic")).take(100).collect());
    let at = results.iter().position(|n| *n == 0);
    assert!(at.is_some_and(|at| at < 40), "{at:?}");
}

#[test]
fn dropping_it_drops_calls_and_results() {
    let (held, is_dropped) = Held::new();
    let held = Arc::new(held);
    let f = async move |n: u32| {
        if n == 0 {
            std::future::pending::<()>().await;
        }
        Arc::clone(&held)
    };
    let called = stream::iter(0..9).map_async(3, f).expect("a limit");
    let mut called = Box::pin(called);
    block_on(std::future::poll_fn(|cx| {
        assert!(called.as_mut().poll_next(cx).is_pending());
        std::task::Poll::Ready(())
    }));
    let stats = called.stats();
    assert_eq!((stats.taken, stats.in_flight, stats.ready, stats.waiting), (3, 1, 2, 0));
    assert!(!is_dropped());
    drop(called);
    assert!(is_dropped());
}

#[test]
fn an_order_that_is_chosen_late_loses_nothing() {
    for by_key in [false, true] {
        let f = async |n: u32| {
            if n.is_multiple_of(2) {
                rt_yield().await;
            }
            n
        };
        let mut called = stream::iter(0..9).map_async(4, f).expect("a limit");
        let first = block_on(called.next()).expect("one").expect("no panic");
        let rest: Vec<u32> = if by_key {
            block_on(results(called.by_key(|n| n % 2)))
        } else {
            block_on(results(called.unordered()))
        };
        let mut all: Vec<u32> = [first].into_iter().chain(rest).collect();
        all.sort_unstable();
        assert_eq!(all, Vec::from_iter(0..9));
    }
}
