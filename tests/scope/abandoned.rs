//! Scopes that are dropped before they have closed what is in them.

use std::future::pending;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

use mtaio::scope::Abandoned;
use mtaio::time::timeout;
use mtaio::{Ambient, Instant, ResourceScope, Runtime, RuntimeExt};
use mtaio_sim::{Diagnosis, Explore, Sim};

use crate::common::{Bomb, Gate, eventually, on_every_runtime, poll_once};
use crate::probe::Journal;

on_every_runtime!(
    a_body_that_is_dropped_leaves_the_closing_to_the_runtime,
    a_closing_that_is_dropped_goes_on_where_it_was,
    a_body_that_panics_when_it_is_dropped,
    a_run_that_was_never_polled,
    a_scope_that_was_kept_and_never_closed,
    a_close_of_a_kept_scope_that_is_dropped,
    a_task_that_is_cancelled,
    a_timeout_around_the_run,
    nothing_open_is_nothing_to_report,
    a_body_that_is_done_is_not_abandoned,
    a_callback_may_panic,
    without_a_callback_all_is_closed_too,
    the_errors_of_the_scope_are_in_the_report,
);

/// A scope, and what will be told if it is abandoned.
fn watched<R: Runtime>(rt: &R) -> (ResourceScope, Receiver<Abandoned>) {
    let (tell, told) = mpsc::channel();
    let scope = ResourceScope::new(rt).on_abandoned(move |abandoned| {
        tell.send(abandoned).expect("somebody waits for it");
    });
    (scope, told)
}

/// The report, once it is there.
async fn told<R: Runtime>(rt: &R, reports: &Receiver<Abandoned>) -> Abandoned {
    let mut report = None;
    eventually(rt, "a report", || {
        report = report.take().or_else(|| reports.try_recv().ok());
        report.is_some()
    })
    .await;
    report.expect("it was waited for")
}

async fn a_body_that_is_dropped_leaves_the_closing_to_the_runtime<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    let mut run = Box::pin(scope.run(async |scope| {
        let _a = scope.add("a", journal.thing("a"));
        scope.add("b", journal.thing("b").fails());
        let released = scope.add("c", journal.thing("c")).release();
        let _d = scope.add("d", journal.thing("d"));
        let early = scope.add("e", journal.thing("e"));
        early.close().await.expect("it closes");
        pending::<()>().await;
        drop(released);
    }));
    assert!(poll_once(&mut run).await.is_pending());
    assert_eq!(journal.lines(), ["close e"]);
    drop(run);
    let report = told(&rt, &reports).await;
    assert_eq!(report.closed, ["d", "a"]);
    assert_eq!(report.close_errors.len(), 1);
    assert_eq!(report.close_errors[0].to_string(), "`b` did not close: b refuses");
    assert_eq!(journal.lines(), ["close e", "drop c", "close d", "fail b", "close a"]);
}

async fn a_closing_that_is_dropped_goes_on_where_it_was<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    let gate = Gate::default();
    let (passing, noting) = (gate.clone(), journal.clone());
    let mut run = Box::pin(scope.run(async |scope| {
        scope.add("a", journal.thing("a"));
        scope.defer("b", async move || {
            noting.note("begin b");
            passing.passed().await;
            noting.note("end b");
        });
        scope.add("c", journal.thing("c"));
        scope.add("d", journal.thing("d").fails());
    }));
    assert!(poll_once(&mut run).await.is_pending());
    assert_eq!(journal.lines(), ["fail d", "close c", "begin b"]);
    drop(run);
    rt.yield_now().await;
    assert!(reports.try_recv().is_err(), "it is not over");
    gate.open();
    let report = told(&rt, &reports).await;
    assert_eq!(report.closed, ["c", "b", "a"]);
    assert_eq!(report.close_errors.len(), 1);
    assert_eq!(journal.lines(), ["fail d", "close c", "begin b", "end b", "close a"]);
}

async fn a_body_that_panics_when_it_is_dropped<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    let mut run = Box::pin(scope.run(async |scope| {
        let _a = scope.add("a", journal.thing("a"));
        let _bomb = Bomb("of the body");
        let _b = scope.add("b", journal.thing("b"));
        pending::<()>().await;
    }));
    assert!(poll_once(&mut run).await.is_pending());
    catch_unwind(AssertUnwindSafe(|| drop(run))).expect_err("it is the body's own");
    assert_eq!(told(&rt, &reports).await.closed, ["b", "a"]);
}

async fn a_run_that_was_never_polled<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    scope.add("a", journal.thing("a"));
    let captured = journal.thing("captured");
    drop(scope.run(async move |_| drop(captured)));
    assert!(journal.has("drop captured"));
    assert_eq!(told(&rt, &reports).await.closed, ["a"]);
    assert!(journal.has("close a"));
}

async fn a_scope_that_was_kept_and_never_closed<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    let scope = scope.close_within(Duration::from_secs(5)).expect("a limit");
    scope.add("a", journal.thing("a"));
    scope.add("b", journal.thing("b"));
    drop(scope);
    assert_eq!(told(&rt, &reports).await.closed, ["b", "a"]);
    assert_eq!(journal.lines(), ["close b", "close a"]);
}

async fn a_close_of_a_kept_scope_that_is_dropped<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    scope.add("a", journal.thing("a"));
    let gate = Gate::default();
    let passing = gate.clone();
    scope.defer("b", async move || passing.passed().await);
    scope.add("c", journal.thing("c"));
    let mut closing = Box::pin(scope.close());
    assert!(poll_once(&mut closing).await.is_pending());
    drop(closing);
    gate.open();
    assert_eq!(told(&rt, &reports).await.closed, ["c", "b", "a"]);
}

async fn a_task_that_is_cancelled<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    let (theirs, started) = (journal.clone(), Gate::default());
    let start = started.clone();
    let task = rt.spawn(async move {
        let run = scope.run(async |scope| {
            let _guard = scope.add("a", theirs.thing("a"));
            start.open();
            pending::<()>().await;
        });
        run.await.into_value().is_ok()
    });
    started.passed().await;
    task.abort();
    assert!(task.await.expect_err("it was aborted").is_cancelled());
    assert_eq!(told(&rt, &reports).await.closed, ["a"]);
    assert_eq!(journal.lines(), ["close a"]);
}

async fn a_timeout_around_the_run<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    let run = scope.run(async |scope| {
        let _a = scope.add("a", journal.thing("a"));
        let _b = scope.add("b", journal.thing("b"));
        rt.sleep(Duration::from_secs(3_600)).await;
    });
    assert!(timeout(&rt, Duration::from_millis(5), run).await.is_err());
    assert_eq!(told(&rt, &reports).await.closed, ["b", "a"]);
}

async fn nothing_open_is_nothing_to_report<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    let mut run = Box::pin(scope.run(async |scope| {
        scope.add("a", journal.thing("a")).close().await.expect("it closes");
        let released = scope.add("b", journal.thing("b")).release();
        pending::<()>().await;
        drop(released);
    }));
    assert!(poll_once(&mut run).await.is_pending());
    drop(run);
    rt.sleep(Duration::from_millis(5)).await;
    assert!(matches!(reports.try_recv(), Err(mpsc::TryRecvError::Disconnected)));
    assert_eq!(journal.lines(), ["close a", "drop b"]);
}

async fn a_body_that_is_done_is_not_abandoned<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let (scope, reports) = watched(&rt);
    let outcome = scope.run(async |scope| {
        scope.add("a", journal.thing("a").fails());
        std::mem::forget(scope.add("b", journal.thing("b")));
    });
    assert_eq!(outcome.await.close_errors.len(), 2);
    assert!(matches!(reports.try_recv(), Err(mpsc::TryRecvError::Disconnected)));
}

async fn a_callback_may_panic<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let noting = journal.clone();
    let scope = ResourceScope::new(&rt).on_abandoned(move |abandoned| {
        noting.note(format!("told of {}", abandoned.closed.len()));
        std::panic::panic_any(Bomb("what the panic carries"));
    });
    scope.add("a", journal.thing("a"));
    drop(scope);
    eventually(&rt, "a report", || journal.has("told of 1")).await;
    assert_eq!(journal.lines(), ["close a", "told of 1"]);
}

async fn without_a_callback_all_is_closed_too<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let scope = ResourceScope::with_runtime(&rt);
    scope.add("a", journal.thing("a"));
    scope.add("b", journal.thing("b").panics());
    drop(scope);
    eventually(&rt, "both", || journal.lines() == ["drop b", "close a"]).await;
}

async fn the_errors_of_the_scope_are_in_the_report<R: Runtime>(rt: R) {
    let (scope, reports) = watched(&rt);
    let gate = Gate::default();
    let passing = gate.clone();
    let mut run = Box::pin(scope.run(async |scope| {
        std::mem::forget(scope.defer("a", async || ()));
        scope.defer("b", async move || passing.passed().await);
        std::mem::forget(scope.defer("c", async || ()));
    }));
    assert!(poll_once(&mut run).await.is_pending());
    drop(run);
    gate.open();
    let report = told(&rt, &reports).await;
    assert_eq!(report.closed, ["b"]);
    let names: Vec<_> = report.close_errors.iter().map(|error| error.resource()).collect();
    assert_eq!(names, ["c", "a"]);
}

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

#[test]
fn the_limit_goes_on_from_where_it_was() {
    Sim::explore(Explore::new(), |rt| async move {
        let journal = Journal::default();
        let (scope, reports) = watched(&rt);
        let scope = scope.close_within(ms(10)).expect("a limit");
        let run = scope.run(async |scope| {
            rt.sleep(ms(100)).await;
            scope.add("a", journal.thing("a").hangs());
            scope.add("b", journal.thing("b").hangs());
        });
        // 5 of closing are over at 105, and at 107 the rest is left to the runtime.
        timeout(&rt, ms(107), run).await.expect_err("it hangs");
        assert_eq!(journal.lines(), ["drop b"]);
        let tick = Duration::from_nanos(1);
        rt.sleep_until(Instant::ZERO + ms(110) - tick).await;
        assert!(reports.try_recv().is_err(), "it is not over");
        rt.sleep(2 * tick).await;
        let report = reports.try_recv().expect("it is over");
        assert_eq!(journal.lines(), ["drop b", "drop a"]);
        let texts: Vec<_> = report.close_errors.iter().map(ToString::to_string).collect();
        let texts: Vec<_> = texts.iter().map(String::as_str).collect();
        let expected =
            ["`b` did not close: not done within 5ms", "`a` did not close: not done within 3ms"];
        assert_eq!(texts, expected);
    });
}

#[test]
fn who_closes_for_it_has_a_name_and_no_deadline() {
    let left = Sim::try_run(0, |rt| async move {
        let scope = ResourceScope::new(&rt);
        scope.defer("hangs", async || {
            assert_eq!(Ambient::current().deadline(), None);
            pending::<()>().await;
        });
        Ambient::empty().with_deadline(Instant::ZERO).enter(|| drop(scope));
    });
    let failure = left.expect_err("it hangs");
    assert_eq!(failure.diagnosis(), Diagnosis::Leak);
    let told = failure.to_string();
    assert!(told.contains("closing of the scope at tests/scope/abandoned.rs:"), "{told}");
}
