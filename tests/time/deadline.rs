//! Deadline scopes on every runtime: what is inherited, what ends when, how it is told.

use std::future::{pending, ready};
use std::pin::pin;
use std::time::Duration;

use mtaio::queue::Queue;
use mtaio::time::{
    Deadline, Elapsed, TimeLimit, Timeouts, sleep, sleep_until, timeout, until_deadline,
};
use mtaio::{Ambient, Instant, Runtime, RuntimeExt, TaskName};

use crate::common::{Gate, Held, LONG, on_every_runtime, poll_once};
use crate::probe::{Counts, Probe};
use crate::{HOUR, ms};

on_every_runtime!(seeds = 20;
    what_is_ready_in_time_is_the_answer,
    a_deadline_is_told_with_its_name,
    the_time_counts_from_where_it_was_made,
    it_is_read_inside_and_gone_outside,
    a_spawned_task_inherits_it_and_its_waits_end_with_it,
    a_detached_future_inherits_nothing,
    the_tighter_of_two_holds_whichever_is_outside,
    what_has_passed_ends_what_is_pending_and_not_what_is_ready,
    the_future_is_gone_when_its_end_is_told,
    a_deadline_that_never_comes_is_none,
    without_a_deadline_nothing_is_asked_of_the_runtime,
    scopes_in_each_other_keep_one_timer,
    an_owned_scope_can_be_spawned,
    timeouts_are_counted,
    a_dropped_scope_drops_all,
);

async fn what_is_ready_in_time_is_the_answer<R: Runtime>(rt: R) {
    let deadline = Deadline::after(&rt, LONG);
    assert_eq!(deadline.run(&rt, ready(1)).await, Ok(1));
    let slow = async {
        rt.yield_now().await;
        rt.sleep(ms(3)).await;
        2
    };
    assert_eq!(deadline.run(&rt, slow).await, Ok(2));
    assert_eq!(until_deadline(&rt, ready(3)).await, Ok(3));
}

async fn a_deadline_is_told_with_its_name<R: Runtime>(rt: R) {
    let start = rt.now();
    let plain = Deadline::after(&rt, ms(5)).run(&rt, pending::<()>()).await;
    let plain = plain.expect_err("it never ends");
    assert_eq!((plain.by(), plain.limit()), (TimeLimit::Deadline(None), ms(5)));
    assert!(plain.waited() >= ms(5) && plain.waited() <= rt.now() - start);
    assert!(!plain.is_inherited());
    let told = plain.to_string();
    assert_eq!(told, format!("not done by the deadline, after {:?}", plain.waited()));

    let named = Deadline::after(&rt, ms(5)).named("order");
    let elapsed = named.run(&rt, pending::<()>()).await.expect_err("it never ends");
    assert_eq!(elapsed.by(), TimeLimit::Deadline(Some("order")));
    assert!(elapsed.to_string().starts_with("not done by the deadline `order`, after "));

    let named = Deadline::after(&rt, ms(5)).named("order");
    let inner = named.run(&rt, async { timeout(&rt, HOUR, pending::<()>()).await }).await;
    let inner = inner.expect("the inner wait is looked at first").expect_err("it never ends");
    assert_eq!(inner.by(), TimeLimit::Inherited(Some("order")));
    assert!(inner.is_inherited() && inner.limit() <= ms(5));
    let told = inner.to_string();
    assert!(told.starts_with("not done by the inherited deadline `order`, after "), "{told}");
}

async fn the_time_counts_from_where_it_was_made<R: Runtime>(rt: R) {
    let deadline = Deadline::after(&rt, ms(40));
    rt.sleep(ms(30)).await;
    let (begun, left) = (rt.now(), deadline.remaining(&rt));
    assert!(left <= ms(10));
    let elapsed = deadline.run(&rt, pending::<()>()).await.expect_err("it never ends");
    assert!(rt.now() >= deadline.instant());
    assert_eq!(elapsed.limit(), ms(40));
    assert!(elapsed.waited() >= ms(40), "{:?}, queueing counts", elapsed.waited());
    assert!(deadline.has_passed(&rt) && deadline.remaining(&rt) == Duration::ZERO);

    // Who inherits has what is left.
    let at = Deadline::at(rt.now() + ms(5));
    let inner = at.run(&rt, async { until_deadline(&rt, pending::<()>()).await }).await;
    let inner = inner.expect("it is looked at first").expect_err("it never ends");
    assert!(inner.limit() <= ms(5) && inner.waited() <= rt.now() - begun);
}

async fn it_is_read_inside_and_gone_outside<R: Runtime>(rt: R) {
    let outer = Deadline::after(&rt, HOUR).named("outer");
    assert_eq!(Deadline::current(), None);
    let seen = outer.run(&rt, async {
        let before = Deadline::current().map(|deadline| (deadline.instant(), deadline.name()));
        let inner = Deadline::after(&rt, ms(500)).named("inner");
        let within = inner.run(&rt, async {
            rt.yield_now().await;
            Deadline::current().map(|deadline| (deadline.instant(), deadline.name()))
        });
        let within = within.await.expect("there is time");
        assert_eq!(within, Some((inner.instant(), Some("inner"))));
        let after = Deadline::current().map(|deadline| (deadline.instant(), deadline.name()));
        (before, after)
    });
    let expected = Some((outer.instant(), Some("outer")));
    assert_eq!(seen.await, Ok((expected, expected)));
    assert_eq!(Deadline::current(), None);
}

async fn a_spawned_task_inherits_it_and_its_waits_end_with_it<R: Runtime>(rt: R) {
    let (inner, queue) = (rt.clone(), Queue::<u8>::bounded(1).expect("a bound"));
    let child = async {
        let task = rt.spawn(async move {
            let grandchild = inner.spawn({
                let rt = inner.clone();
                async move { sleep(&rt, HOUR).await }
            });
            let got = until_deadline(&inner, queue.get()).await.map(|_| ());
            let slept = sleep_until(&inner, inner.now() + HOUR).await;
            let waited = timeout(&inner, None, pending::<()>()).await;
            [got, slept, waited, grandchild.await.expect("it ends")]
        });
        // The scope is over by then, and its child is not.
        task
    };
    let task = Deadline::after(&rt, ms(20)).named("family").run(&rt, child).await;
    for ended in task.expect("to spawn takes no time").await.expect("it ends") {
        let by = ended.map_err(|elapsed: Elapsed| elapsed.by());
        assert_eq!(by, Err(TimeLimit::Inherited(Some("family"))));
    }
}

async fn a_detached_future_inherits_nothing<R: Runtime>(rt: R) {
    let (seen, go_on, ended) = (Gate::default(), Gate::default(), Gate::default());
    let bare = {
        let (seen, go_on, ended) = (seen.clone(), go_on.clone(), ended.clone());
        async move {
            assert_eq!(Deadline::current(), None);
            seen.open();
            go_on.passed().await;
            assert_eq!(Deadline::current(), None);
            ended.open();
        }
    };
    let scope = async {
        rt.spawn_detached(TaskName::new("bare"), bare);
        seen.passed().await;
    };
    Deadline::after(&rt, LONG).run(&rt, scope).await.expect("there is time");
    go_on.open();
    ended.passed().await;
}

async fn the_tighter_of_two_holds_whichever_is_outside<R: Runtime>(rt: R) {
    let [tight, loose] = [ms(5), HOUR].map(|limit| move |rt: &R| Deadline::after(rt, limit));
    let outer = tight(&rt).named("tight").run(&rt, loose(&rt).run(&rt, pending::<()>())).await;
    let by = outer.expect("the inner one is looked at first").map_err(|elapsed| elapsed.by());
    assert_eq!(by, Err(TimeLimit::Inherited(Some("tight"))));

    let inner = loose(&rt).run(&rt, tight(&rt).named("tight").run(&rt, pending::<()>())).await;
    let by = inner.expect("there is time").map_err(|elapsed| elapsed.by());
    assert_eq!(by, Err(TimeLimit::Deadline(Some("tight"))));

    let stubborn = async {
        let _ = loose(&rt).run(&rt, pending::<()>()).await;
        pending::<()>().await;
    };
    let by = tight(&rt).run(&rt, stubborn).await.map_err(|elapsed| elapsed.by());
    assert_eq!(by, Err(TimeLimit::Deadline(None)), "who goes on all the same is ended");
}

async fn what_has_passed_ends_what_is_pending_and_not_what_is_ready<R: Runtime>(rt: R) {
    for passed in [Deadline::at(rt.now()), Deadline::at(Instant::ZERO)] {
        assert_eq!(passed.run(&rt, ready(7)).await, Ok(7));
        let start = rt.now();
        passed.run(&rt, pending::<()>()).await.expect_err("it is over");
        let slept = passed.run(&rt, async { sleep(&rt, HOUR).await }).await;
        assert!(matches!(slept, Ok(Err(_)) | Err(_)), "{slept:?}");
        assert!(rt.now() - start < LONG);
    }
}

async fn the_future_is_gone_when_its_end_is_told<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let work = async move {
        let _held = held;
        pending::<()>().await;
    };
    let mut scope = Box::pin(Deadline::after(&rt, ms(2)).run(&rt, work));
    scope.as_mut().await.expect_err("it never ends");
    assert!(dropped());
}

async fn a_deadline_that_never_comes_is_none<R: Runtime>(rt: R) {
    let probe = Probe::new(&rt);
    for never in [Deadline::at(Instant::MAX), Deadline::after(&rt, Duration::MAX)] {
        let seen = never.run(&probe, async {
            rt.yield_now().await;
            Deadline::current()
        });
        assert_eq!(seen.await, Ok(None));
    }
    assert_eq!(probe.counts().sleep, 0);
}

async fn without_a_deadline_nothing_is_asked_of_the_runtime<R: Runtime>(rt: R) {
    let probe = Probe::new(&rt);
    assert_eq!(until_deadline(&probe, rt.yield_now()).await, Ok(()));
    assert_eq!(timeout(&probe, None, rt.yield_now()).await, Ok(()));
    assert_eq!(probe.counts(), Counts::default());
}

async fn scopes_in_each_other_keep_one_timer<R: Runtime>(rt: R) {
    for limits in [[3, 2, 1], [1, 2, 3], [2, 3, 1], [1, 1, 1]] {
        let probe = Probe::new(&rt);
        let [a, b, c] = limits.map(|limit| Deadline::after(&probe, HOUR * limit));
        let wait = async {
            for _ in 0..3 {
                rt.yield_now().await;
            }
        };
        let all = a.run(&probe, b.run(&probe, c.run(&probe, wait)));
        assert_eq!(all.await, Ok(Ok(Ok(()))));
        assert_eq!(probe.counts(), Counts { now: 3, sleep: 1, ..Counts::default() }, "{limits:?}");
    }
    // One after the other: the outer one needs none in between.
    let probe = Probe::new(&rt);
    let both = async {
        for _ in 0..2 {
            let inner = Deadline::after(&probe, ms(500)).run(&probe, rt.yield_now());
            inner.await.expect("there is time");
        }
    };
    Deadline::after(&probe, HOUR).run(&probe, both).await.expect("there is time");
    assert_eq!(probe.counts().sleep, 2);
}

async fn an_owned_scope_can_be_spawned<R: Runtime>(rt: R) {
    let deadline = Deadline::after(&rt, ms(5)).named("own");
    let late = rt.spawn(deadline.run(&rt, pending::<()>()).into_owned());
    assert!(matches!(late.await, Ok(Err(elapsed)) if elapsed.limit() == ms(5)));
    let inherits = Ambient::current()
        .with_named_deadline(rt.now() + ms(3), Some("given"))
        .enter(|| rt.spawn(until_deadline(&rt, pending::<()>()).into_owned()));
    let by = inherits.await.expect("it ends").map_err(|elapsed| elapsed.by());
    assert_eq!(by, Err(TimeLimit::Inherited(Some("given"))));
}

async fn timeouts_are_counted<R: Runtime>(rt: R) {
    let timeouts = Timeouts::with_runtime(&rt).default(ms(5)).expect("a limit");
    let clone = timeouts.clone();
    assert_eq!(timeouts.run(ready(1)).await, Ok(1));
    clone.run(pending::<()>()).await.expect_err("it never ends");
    clone.run_with(ms(1), pending::<()>()).await.expect_err("it never ends");
    assert_eq!(timeouts.run_with(None, rt.sleep(ms(10))).await, Ok(()));
    drop(timeouts.run(pending::<()>()));
    let mut begun = pin!(timeouts.run_with(HOUR, pending::<()>()));
    assert!(poll_once(&mut begun).await.is_pending());
    assert!(poll_once(&mut begun).await.is_pending());
    assert_eq!((timeouts.stats().run, timeouts.stats().elapsed), (5, 2));

    for refused in [Duration::ZERO, Duration::MAX] {
        let error = Timeouts::new(&rt).default(refused).expect_err("it makes no sense");
        assert_eq!((error.field(), error.value()), ("default", &*format!("{refused:?}")));
    }
}

async fn a_dropped_scope_drops_all<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let inner = async {
        let _held = held;
        Deadline::after(&rt, HOUR).run(&rt, pending::<()>()).await
    };
    let mut scope = Box::pin(Deadline::after(&rt, HOUR).run(&rt, inner));
    assert!(poll_once(&mut scope).await.is_pending());
    // A simulation whose scenario leaves a timer behind is a failure.
    drop(scope);
    assert!(dropped());
}
