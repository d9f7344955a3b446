//! Running many, and what comes of them.

use std::future::{Future, IntoFuture, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use mtaio::executor::{GatherError, RunError};
use mtaio::{Runtime, RuntimeExt, TaskExecutor};

use crate::common::{Census, eventually, on_every_runtime, poll_once};

on_every_runtime!(
    gather_answers_in_order,
    gather_of_nothing_is_nothing,
    map_clones_what_it_captures,
    plain_values_need_no_result,
    unordered_answers_the_quick_first,
    the_first_error_ends_the_rest_and_waits_for_it,
    a_panic_in_gather_names_its_item,
    a_panic_before_there_is_a_future_is_the_items_own,
    settle_answers_everything,
    dropping_gather_ends_everything,
    a_gather_larger_than_the_slots_of_a_word
);

type Fallible = Pin<Box<dyn Future<Output = Result<u32, String>> + Send>>;

async fn gather_answers_in_order<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let futures: Vec<_> = (0..20_u64)
        .map(|n| {
            let rt = rt.clone();
            async move {
                rt.sleep(Duration::from_millis((n * 7) % 5)).await;
                Ok::<_, String>(n)
            }
        })
        .collect();
    let answers = executor.gather(futures).await.expect("all succeed");
    assert_eq!(answers, (0..20).collect::<Vec<_>>());
}

async fn gather_of_nothing_is_nothing<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(1).expect("a limit");
    let none: [Fallible; 0] = [];
    assert!(executor.gather(none).await.expect("nothing fails").is_empty());
    // Also while others hold every permit.
    let other = executor.spawn(pending::<()>());
    rt.yield_now().await;
    let none: [Fallible; 0] = [];
    assert!(executor.gather(none).await.expect("nothing fails").is_empty());
    drop(other);
}

async fn map_clones_what_it_captures<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(3).expect("a limit");
    let names = Arc::new(["a", "b", "c", "d"]);
    let inner = rt.clone();
    let found = executor
        .map(0..4_usize, async move |n| {
            inner.yield_now().await;
            names.get(n).copied().ok_or(n)
        })
        .await;
    assert_eq!(found.expect("all are there"), ["a", "b", "c", "d"]);
}

async fn plain_values_need_no_result<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let doubled = executor.map(0..4_u32, async |n| n * 2).values().await;
    assert_eq!(doubled.expect("none panics"), [0, 2, 4, 6]);
    let panicked = executor
        .map(0..4_u32, async |n| assert_ne!(n, 2, "not two"))
        .values()
        .await
        .expect_err("one panics");
    assert_eq!(panicked.index(), 2);
}

async fn unordered_answers_the_quick_first<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let sleeper = rt.clone();
    let answers = executor
        .map([400_u64, 20], async move |millis| {
            sleeper.sleep(Duration::from_millis(millis)).await;
            Ok::<_, String>(millis)
        })
        .unordered()
        .await;
    assert_eq!(answers.expect("both succeed"), [20, 400]);
}

async fn the_first_error_ends_the_rest_and_waits_for_it<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(8).expect("a limit");
    let census = Census::default();
    let (seen, sleeper) = (census.clone(), rt.clone());
    let failed = executor
        .map(0..100_u32, async move |n| {
            let _alive = seen.enter();
            if n == 9 {
                return Err("nine");
            }
            if n > 4 {
                pending::<()>().await;
            }
            sleeper.yield_now().await;
            Ok(n)
        })
        .await;
    assert_eq!(census.now(), 0, "all have ended when the error is told");
    match failed {
        Err(GatherError::Failed { index: 9, error: "nine" }) => {}
        other => panic!("{other:?}"),
    }
    assert!(census.most() <= 8);
}

async fn a_panic_in_gather_names_its_item<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let failed = executor
        .map(0..3_u32, async |n| {
            assert_ne!(n, 1, "not one");
            Ok::<_, String>(n)
        })
        .await;
    let error = failed.expect_err("one panics");
    assert_eq!(error.index(), 1);
    assert!(error.to_string().starts_with("item 1: the work panicked: "), "{error}");
}

async fn a_panic_before_there_is_a_future_is_the_items_own<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(2).expect("a limit");
    let callback = |n: u32| {
        assert_ne!(n, 1, "not one");
        async move { n }
    };
    let settled = executor.map(0..3, callback).settle().await;
    assert!(matches!(settled[..], [Ok(0), Err(RunError::Panicked(_)), Ok(2)]), "{settled:?}");
    let settled = executor.inline().map(0..3, callback).settle().await;
    assert!(matches!(settled[..], [Ok(0), Err(RunError::Panicked(_)), Ok(2)]), "{settled:?}");
}

async fn settle_answers_everything<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(2).expect("a limit");
    let settled = executor
        .map(0..4_u32, async |n| {
            assert_ne!(n, 1, "not one");
            if n == 2 { Err("two") } else { Ok(n) }
        })
        .settle()
        .await;
    assert_eq!(settled.len(), 4);
    assert!(matches!(settled[0], Ok(Ok(0))));
    assert!(matches!(settled[1], Err(RunError::Panicked(_))));
    assert!(matches!(settled[2], Ok(Err("two"))));
    assert!(matches!(settled[3], Ok(Ok(3))));
}

/// Drops a gather after its first poll, after its second, and so on to its end.
async fn dropping_gather_ends_everything<R: Runtime>(rt: R) {
    for polls in 0..12 {
        let executor = TaskExecutor::new(&rt).limit(3).expect("a limit");
        let census = Census::default();
        let (seen, inner) = (census.clone(), rt.clone());
        let gather = executor.map(0..6_u32, async move |n| {
            let _alive = seen.enter();
            for _ in 0..3 {
                inner.yield_now().await;
            }
            Ok::<_, String>(n)
        });
        let mut gather = gather.into_future();
        for _ in 0..polls {
            if poll_once(&mut gather).await.is_ready() {
                break;
            }
            rt.yield_now().await;
        }
        drop(gather);
        eventually(&rt, "all calls are dropped", || census.now() == 0).await;
        eventually(&rt, "no task is left", || executor.stats().live == 0).await;
        // Every permit came back.
        let all = executor.map(0..3_u32, async |n| Ok::<_, String>(n)).await;
        assert_eq!(all.expect("the executor goes on"), [0, 1, 2]);
    }
}

async fn a_gather_larger_than_the_slots_of_a_word<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let (inner, count) = (rt.clone(), 1_000_u32);
    let answers = executor
        .map(0..count, async move |n| {
            inner.yield_now().await;
            Ok::<_, String>(n)
        })
        .await;
    assert_eq!(answers.expect("all succeed"), (0..count).collect::<Vec<_>>());
}
