//! How many run at once, and who is next.

use std::future::{IntoFuture, pending};
use std::task::Poll;
use std::time::Duration;

use futures_util::future::join3;
use mtaio::executor::RunError;
use mtaio::{Runtime, RuntimeExt, TaskExecutor};

use crate::common::{Census, Gate, on_every_runtime, poll_once};

on_every_runtime!(
    inline_borrows_and_contains_panics,
    inline_gives_its_permits_back,
    the_limit_spans_all_methods,
    a_turn_is_passed_on_when_its_taker_is_dropped
);

async fn inline_borrows_and_contains_panics<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(2).expect("a limit");
    let words = vec![String::from("one"), String::from("three")];
    let lengths = executor.inline().map(&words, async |word: &String| Ok::<_, String>(word.len()));
    assert_eq!(lengths.await.expect("all succeed"), [3, 5]);

    let borrowed = executor.inline().run(async { words.len() }).await;
    assert_eq!(borrowed.expect("runs"), 2);

    let panicked = executor.inline().run(async { panic!("on purpose") }).await;
    assert!(matches!(panicked, Err(RunError::Panicked(_))), "{panicked:?}");
    let late = executor.inline().run(pending::<()>()).timeout(Duration::from_millis(2)).await;
    assert!(matches!(late, Err(RunError::Elapsed(_))), "{late:?}");
    assert_eq!(executor.stats().started, 0, "no task was needed");
}

async fn inline_gives_its_permits_back<R: Runtime>(rt: R) {
    for polls in 0..8 {
        let executor = TaskExecutor::new(&rt).limit(2).expect("a limit");
        let inline = executor.inline();
        let fails = async |n: u32| {
            rt.yield_now().await;
            if n == 3 { Err("three") } else { Ok(n) }
        };
        let mut gather = Box::pin(inline.map(0..6_u32, fails).into_future());
        for _ in 0..polls {
            if poll_once(&mut gather).await.is_ready() {
                break;
            }
        }
        drop(gather);
        // With one permit lost, the two could not meet.
        let (left, right) = (Gate::default(), Gate::default());
        let meet = [(left.clone(), right.clone()), (right, left)];
        let met = executor.map(meet, async move |(mine, theirs): (Gate, Gate)| {
            mine.open();
            theirs.passed().await;
            Ok::<_, String>(())
        });
        met.await.expect("both run at once");
    }
}

async fn the_limit_spans_all_methods<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(2).expect("a limit");
    let census = Census::default();
    let work = {
        let (census, rt) = (census.clone(), rt.clone());
        move |n: u32| {
            let (census, rt) = (census.clone(), rt.clone());
            async move {
                let _alive = census.enter();
                for _ in 0..3 {
                    rt.yield_now().await;
                }
                Ok::<_, String>(n)
            }
        }
    };
    let spawned: Vec<_> = (0..5).map(|n| executor.spawn(work(n))).collect();
    let gathered = executor.map(0..5, work.clone());
    let inline = executor.inline();
    let in_place = inline.map(0..5, work.clone());
    let in_thread = executor.run_in_thread({
        let census = census.clone();
        move || drop(census.enter())
    });
    let (gathered, in_place, in_thread) =
        join3(gathered.into_future(), in_place.into_future(), in_thread).await;
    assert_eq!(gathered.expect("all succeed").len(), 5);
    assert_eq!(in_place.expect("all succeed").len(), 5);
    in_thread.expect("runs");
    for task in spawned {
        task.await.expect("runs").expect("succeeds");
    }
    assert!((1..=2).contains(&census.most()), "{} at once", census.most());
}

async fn a_turn_is_passed_on_when_its_taker_is_dropped<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(1).expect("a limit");
    let gate = Gate::default();
    let mut first = Box::pin(executor.inline().run(gate.passed()));
    assert!(poll_once(&mut first).await.is_pending());
    let mut second = Box::pin(executor.inline().run(async { 2 }));
    let mut third = Box::pin(executor.inline().run(async { 3 }));
    assert!(poll_once(&mut second).await.is_pending());
    assert!(poll_once(&mut third).await.is_pending());
    gate.open();
    assert!(poll_once(&mut first).await.is_ready());
    // The permit is the second's by now.
    assert!(poll_once(&mut third).await.is_pending(), "nobody overtakes");
    drop(second);
    match poll_once(&mut third).await {
        Poll::Ready(Ok(3)) => {}
        other => panic!("{other:?}"),
    }
}
