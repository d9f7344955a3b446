//! How long closing may take, in virtual time, to the nanosecond.

use std::future::pending;
use std::time::Duration;

use mtaio::scope::{CloseError, CloseFailure};
use mtaio::{Ambient, Instant, ResourceScope, Runtime, RuntimeExt};
use mtaio_sim::{Diagnosis, Explore, Sim};

use crate::common::{Bomb, poll_once};
use crate::probe::Journal;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn timed_out(errors: &[CloseError]) -> Vec<(&str, Duration)> {
    let limit = |error: &CloseError| match error.failure() {
        CloseFailure::TimedOut(limit) => *limit,
        other => panic!("it did not time out: {other}"),
    };
    errors.iter().map(|error| (error.resource(), limit(error))).collect()
}

#[test]
fn without_a_limit_closing_takes_its_time() {
    Sim::run(0, |rt| async move {
        let outcome = ResourceScope::new(&rt).run(async |scope| {
            let day = Duration::from_secs(86_400);
            let own = rt.clone();
            scope.defer("slow", async move || own.sleep(day).await);
        });
        outcome.await.into_value().expect("all is closed");
        assert_eq!(rt.now(), Instant::ZERO + Duration::from_secs(86_400));
    });
}

#[test]
fn without_a_limit_one_that_hangs_does_so_for_ever() {
    let hung = Sim::try_run(0, |rt| async move {
        let scope = ResourceScope::new(&rt);
        scope.defer("hangs", pending::<()>);
        scope.close().await
    });
    let failure = hung.expect_err("nothing will ever happen");
    assert_eq!(failure.diagnosis(), Diagnosis::Deadlock);
}

#[test]
fn each_gets_an_equal_share_and_all_together_the_limit() {
    Sim::explore(Explore::new(), |rt| async move {
        let journal = Journal::default();
        let scope = ResourceScope::new(&rt).close_within(ms(10)).expect("a limit");
        let outcome = scope.run(async |scope| {
            rt.sleep(ms(1_000)).await;
            scope.add("a", journal.thing("a").hangs());
            scope.add("b", journal.thing("b").hangs());
            scope.add("c", journal.thing("c"));
            scope.add("d", journal.thing("d").hangs());
        });
        let outcome = outcome.await;
        // 10 of 4; then c leaves its 2.5 to the others.
        let quarter = Duration::from_micros(2_500);
        let half = Duration::from_micros(3_750);
        let expected = [("d", quarter), ("b", half), ("a", half)];
        assert_eq!(timed_out(&outcome.close_errors), expected);
        assert_eq!(journal.lines(), ["drop d", "close c", "drop b", "drop a"]);
        assert_eq!(rt.now(), Instant::ZERO + ms(1_010));
        assert!(outcome.close_errors[0].is_timed_out());
        let text = "`d` did not close: not done within 2.5ms";
        assert_eq!(outcome.close_errors[0].to_string(), text);
    });
}

#[test]
fn who_needs_no_more_than_its_share_is_not_robbed() {
    Sim::explore(Explore::new().seeds(0..200), |rt| async move {
        let count = 1 + rt.entropy() % 7;
        let share = ms(4);
        let limit = share * u32::try_from(count).expect("it is small");
        let scope = ResourceScope::new(&rt).close_within(limit).expect("a limit");
        let mut hanging = 0;
        for _ in 0..count {
            let needed = Duration::from_nanos(rt.entropy() % 4_000_001);
            if rt.entropy() % 3 == 0 {
                hanging += 1;
                scope.defer("hangs", pending::<()>);
            } else {
                let own = rt.clone();
                scope.defer("in time", async move || own.sleep(needed).await);
            }
        }
        let errors = scope.close().await.map_or_else(|errors| errors.into_vec(), |()| Vec::new());
        assert_eq!(errors.len(), hanging);
        assert!(timed_out(&errors).iter().all(|(name, given)| *name == "hangs" && *given >= share));
        assert!(rt.now() <= Instant::ZERO + limit);
    });
}

#[test]
fn who_is_ready_at_once_is_closed_when_there_is_no_time_left() {
    Sim::run(0, |rt| async move {
        let journal = Journal::default();
        let limit = Duration::from_nanos(2);
        let scope = ResourceScope::new(&rt).close_within(limit).expect("a limit");
        scope.add("a", journal.thing("a"));
        scope.add("b", journal.thing("b").hangs());
        scope.add("c", journal.thing("c").hangs());
        scope.add("d", journal.thing("d").hangs());
        let errors = scope.close().await.expect_err("three hang").into_vec();
        let nanos = Duration::from_nanos;
        assert_eq!(timed_out(&errors), [("d", nanos(0)), ("c", nanos(0)), ("b", nanos(1))]);
        assert_eq!(journal.lines(), ["drop d", "drop c", "drop b", "close a"]);
    });
}

#[test]
fn a_destructor_that_panics_when_the_time_is_up_is_contained() {
    Sim::run(0, |rt| async move {
        let journal = Journal::default();
        let scope = ResourceScope::new(&rt).close_within(ms(10)).expect("a limit");
        scope.add("a", journal.thing("a"));
        scope.add_with("b", Bomb("when dropped"), async |_bomb| pending::<()>().await);
        let errors = scope.close().await.expect_err("it hangs").into_vec();
        assert_eq!(timed_out(&errors), [("b", ms(5))]);
        assert_eq!(journal.lines(), ["close a"]);
    });
}

#[test]
fn a_resource_may_have_a_limit_of_its_own() {
    Sim::run(0, |rt| async move {
        let journal = Journal::default();
        let scope = ResourceScope::new(&rt).close_within(ms(10)).expect("a limit");
        let outcome = scope.run(async |scope| {
            let _a = scope.add("a", journal.thing("a").hangs());
            let _b = scope.add("b", journal.thing("b").hangs()).close_within(ms(2))?;
            // More than its share is no use.
            let _c = scope.add("c", journal.thing("c").hangs()).close_within(ms(60_000))?;
            Ok::<_, mtaio::ConfigError>(())
        });
        let outcome = outcome.await;
        let third = Duration::from_nanos(3_333_333);
        let rest = Duration::from_nanos(10_000_000 - 3_333_333 - 2_000_000);
        assert_eq!(timed_out(&outcome.close_errors), [("c", third), ("b", ms(2)), ("a", rest)]);
        assert_eq!(rt.now(), Instant::ZERO + ms(10));
    });
}

#[test]
fn an_early_close_may_take_all_of_it_and_costs_the_end_nothing() {
    Sim::run(0, |rt| async move {
        let journal = Journal::default();
        let scope = ResourceScope::new(&rt).close_within(ms(10)).expect("a limit");
        let outcome = scope.run(async |scope| {
            let a = scope.add("a", journal.thing("a").hangs());
            scope.add("b", journal.thing("b").hangs());
            let c = scope.add("c", journal.thing("c").hangs()).close_within(ms(1)).expect("one");
            let errors = [a.close().await, c.close().await].map(|closed| closed.expect_err("late"));
            assert_eq!(timed_out(&errors), [("a", ms(10)), ("c", ms(1))]);
            assert_eq!(journal.lines(), ["drop a", "drop c"]);
        });
        let outcome = outcome.await;
        assert_eq!(timed_out(&outcome.close_errors), [("b", ms(10))]);
        assert_eq!(rt.now(), Instant::ZERO + ms(21));
    });
}

#[test]
fn what_was_begun_early_goes_on_in_the_end() {
    Sim::run(0, |rt| async move {
        let scope = ResourceScope::new(&rt).close_within(ms(10)).expect("a limit");
        let outcome = scope.run(async |scope| {
            let own = rt.clone();
            let slow = scope.defer("slow", async move || own.sleep(ms(8)).await);
            let mut closing = Box::pin(slow.close());
            assert!(poll_once(&mut closing).await.is_pending());
            rt.sleep(ms(5)).await;
        });
        outcome.await.into_value().expect("all is closed");
        assert_eq!(rt.now(), Instant::ZERO + ms(8));
    });
}

#[test]
fn the_deadline_of_the_caller_does_not_count() {
    Sim::run(0, |rt| async move {
        let seen = |what| {
            assert_eq!(Ambient::current().deadline(), None, "{what}");
            async move { assert_eq!(Ambient::current().deadline(), None, "{what}") }
        };
        let deadline = Instant::ZERO + ms(1);
        let scope = ResourceScope::new(&rt);
        let run = scope.run(async |scope| {
            assert_eq!(Ambient::current().deadline(), Some(deadline));
            scope.defer("in the end", move || seen("in the end"));
            scope.defer("early", move || seen("early")).close().await.expect("no panic");
            assert_eq!(Ambient::current().deadline(), Some(deadline));
        });
        let outcome = Ambient::empty().with_deadline(deadline).attach(run).await;
        outcome.into_value().expect("no panic");
    });
}

#[test]
fn limits_that_are_mistakes_are_refused() {
    Sim::run(0, |rt| async move {
        for wrong in [Duration::ZERO, Duration::MAX] {
            let refused = ResourceScope::new(&rt).close_within(wrong).expect_err("a mistake");
            assert_eq!(refused.field(), "close_within");
            let journal = Journal::default();
            let outcome = ResourceScope::new(&rt).run(async |scope| {
                scope.add("a", journal.thing("a")).close_within(wrong).map(drop)
            });
            let refused = outcome.await.body.expect("no panic").expect_err("a mistake");
            assert_eq!(refused.field(), "close_within");
            assert_eq!(journal.lines(), ["close a"], "the resource is not lost");
        }
    });
}
