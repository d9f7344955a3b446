//! Groups of tasks under one deadline, on every runtime.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mtaio::time::{Deadline, GroupError, TimeLimit, TimeoutGroup, sleep};
use mtaio::{Retryable, Runtime, RuntimeExt};

use crate::common::{Held, LONG, eventually, on_every_runtime};
use crate::{HOUR, ms};

on_every_runtime!(seeds = 20;
    the_results_come_in_the_order_of_spawning,
    who_is_late_is_cancelled_and_has_ended,
    a_panic_is_one_task_s_own,
    the_tasks_inherit_the_deadline,
    the_time_counts_from_where_it_was_made,
    a_tighter_deadline_around_holds,
    dropping_it_cancels_all,
    dropping_the_join_cancels_all,
    a_limit_that_makes_no_sense_is_refused,
);

fn group<R: Runtime, T: Send + 'static>(rt: &R, limit: Duration) -> TimeoutGroup<T, R> {
    TimeoutGroup::with_runtime(rt, limit).expect("a limit")
}

async fn the_results_come_in_the_order_of_spawning<R: Runtime>(rt: R) {
    let mut group = group(&rt, LONG);
    assert!(group.is_empty());
    for time in [6, 0, 3] {
        let inner = rt.clone();
        group.spawn(async move {
            inner.sleep(ms(time)).await;
            time
        });
    }
    assert_eq!(group.len(), 3);
    let results: Vec<_> = group.join().await.into_iter().map(Result::ok).collect();
    assert_eq!(results, [Some(6), Some(0), Some(3)]);
    assert!(self::group::<R, ()>(&rt, LONG).join().await.is_empty());
}

async fn who_is_late_is_cancelled_and_has_ended<R: Runtime>(rt: R) {
    let mut group = group(&rt, ms(30)).named("round");
    let (held, dropped) = Held::new();
    group.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    group.spawn(async {});
    let results = group.join().await;
    assert!(dropped(), "it has ended when the group answers");
    match &results[..] {
        [Err(late @ GroupError::Elapsed(elapsed)), Ok(())] => {
            assert_eq!(elapsed.by(), TimeLimit::Deadline(Some("round")));
            assert_eq!(elapsed.limit(), ms(30));
            assert!(late.is_elapsed() && late.is_retryable());
        }
        other => panic!("{other:?}"),
    }
}

async fn a_panic_is_one_task_s_own<R: Runtime>(rt: R) {
    let mut group = group(&rt, LONG);
    group.spawn(async { panic!("on purpose") });
    group.spawn(async { 2 });
    let results = group.join().await;
    match &results[..] {
        [Err(panicked @ GroupError::Join(error)), Ok(2)] => {
            assert!(error.is_panicked() && !panicked.is_retryable());
        }
        other => panic!("{other:?}"),
    }
}

async fn the_tasks_inherit_the_deadline<R: Runtime>(rt: R) {
    let mut group = group(&rt, LONG).named("round");
    let inner = rt.clone();
    let instant = group.deadline().instant();
    group.spawn(async move {
        let seen = Deadline::current().map(|deadline| (deadline.instant(), deadline.name()));
        inner.yield_now().await;
        seen
    });
    let seen = group.join().await.pop().expect("one").expect("it ends");
    assert_eq!(seen, Some((instant, Some("round"))));

    let mut group = self::group(&rt, ms(5));
    let inner = rt.clone();
    group.spawn(async move { sleep(&inner, HOUR).await });
    // Whether its own wait ends it or the group does is a matter of who is first.
    match group.join().await.pop().expect("one") {
        Ok(slept) => assert!(slept.expect_err("an hour is too long").is_inherited()),
        Err(error) => assert!(error.is_elapsed(), "{error}"),
    }
}

async fn the_time_counts_from_where_it_was_made<R: Runtime>(rt: R) {
    let mut group = group(&rt, ms(20));
    rt.sleep(ms(25)).await;
    group.spawn(pending::<()>());
    let start = rt.now();
    assert!(group.join().await[0].is_err());
    assert!(rt.now() - start < LONG);
}

async fn a_tighter_deadline_around_holds<R: Runtime>(rt: R) {
    let round = async {
        let mut group = group(&rt, HOUR);
        group.spawn(pending::<()>());
        group.join().await
    };
    let results = Deadline::after(&rt, ms(5)).named("day").run(&rt, round).await;
    match results {
        // It waits for its tasks to end, which takes a moment more than there is.
        Err(elapsed) => assert_eq!(elapsed.by(), TimeLimit::Deadline(Some("day"))),
        Ok(results) => match &results[..] {
            [Err(GroupError::Elapsed(elapsed))] => {
                assert_eq!(elapsed.by(), TimeLimit::Inherited(Some("day")));
            }
            other => panic!("{other:?}"),
        },
    }
}

async fn dropping_it_cancels_all<R: Runtime>(rt: R) {
    let mut group = group(&rt, HOUR);
    let (held, dropped) = Held::new();
    group.spawn(async move {
        let _held = held;
        pending::<()>().await;
    });
    rt.yield_now().await;
    drop(group);
    eventually(&rt, "the task is gone", dropped).await;
}

async fn dropping_the_join_cancels_all<R: Runtime>(rt: R) {
    let mut group = group(&rt, HOUR);
    let begun = Arc::new(AtomicBool::new(false));
    let (held, dropped) = Held::new();
    let begins = Arc::clone(&begun);
    group.spawn(async move {
        let _held = held;
        begins.store(true, Ordering::SeqCst);
        pending::<()>().await;
    });
    let joining = rt.spawn(async move { group.join().await.len() });
    eventually(&rt, "it began", || begun.load(Ordering::SeqCst)).await;
    drop(joining);
    eventually(&rt, "the task is gone", dropped).await;
}

async fn a_limit_that_makes_no_sense_is_refused<R: Runtime>(rt: R) {
    for refused in [Duration::ZERO, Duration::MAX] {
        let error = TimeoutGroup::<()>::new(&rt, refused).expect_err("it makes no sense");
        assert_eq!((error.field(), error.value()), ("limit", &*format!("{refused:?}")));
    }
}
