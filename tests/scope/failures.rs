//! Errors and panics, wherever they come from: all is closed, and all is told.

use std::error::Error as _;
use std::future::Future;
use std::mem;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::FutureExt;
use mtaio::scope::{CloseFailure, Outcome, ScopeError};
use mtaio::{Error, ResourceScope, Runtime, RuntimeExt};

use crate::common::{Bomb, on_every_runtime};
use crate::probe::Journal;

on_every_runtime!(
    every_close_is_tried,
    a_panic_of_the_body_is_contained,
    a_panic_of_the_body_can_be_resumed,
    a_body_that_panics_before_it_is_pending,
    a_body_whose_destructor_panics,
    a_body_that_returns_early,
    a_closer_that_panics_anywhere,
    a_forgotten_guard_is_told,
    the_umbrella_takes_them_all,
);

/// `[resource: failure]` of what did not close.
fn told<T>(outcome: &Outcome<T>) -> Vec<String> {
    let text =
        |error: &mtaio::scope::CloseError| format!("{}: {}", error.resource(), error.failure());
    outcome.close_errors.iter().map(text).collect()
}

async fn every_close_is_tried<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        scope.add("a", journal.thing("a"));
        scope.add("b", journal.thing("b").panics());
        scope.add("c", journal.thing("c").fails());
        scope.add("d", journal.thing("d"));
        rt.yield_now().await;
        "done"
    });
    let outcome = outcome.await;
    assert!(matches!(outcome.body, Ok("done")));
    assert_eq!(told(&outcome), ["c: c refuses", "b: it panicked: b breaks"]);
    assert_eq!(journal.lines(), ["close d", "fail c", "drop b", "close a"]);
    let [c, b] = &outcome.close_errors[..] else { panic!("there are two") };
    assert!(!c.is_panicked() && b.is_panicked() && !b.is_timed_out());
    assert_eq!(c.source().and_then(|c| c.source()).expect("its own").to_string(), "c refuses");

    let all = "`c` did not close: c refuses; `b` did not close: it panicked: b breaks";
    let error = outcome.into_value().expect_err("not all is closed");
    assert_eq!(error.to_string(), all);
    assert_eq!(error.close_errors().len(), 2);
    assert!(matches!(error, ScopeError::NotClosed(_)));
}

async fn a_panic_of_the_body_is_contained<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let _a = scope.add("a", journal.thing("a"));
        let _b = scope.add("b", journal.thing("b").fails());
        rt.yield_now().await;
        if journal.lines().is_empty() {
            panic!("of the body");
        }
    });
    let outcome = outcome.await;
    assert_eq!(journal.lines(), ["fail b", "close a"]);
    assert_eq!(told(&outcome), ["b: b refuses"]);
    let error = outcome.into_value().expect_err("it panicked");
    let text = "the body panicked: of the body; then `b` did not close: b refuses";
    assert_eq!(error.to_string(), text);
    assert_eq!(error.close_errors().len(), 1);
    assert!(matches!(error, ScopeError::Panicked { .. }));
}

async fn a_panic_of_the_body_can_be_resumed<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let run = async |panics: bool| {
        let outcome = ResourceScope::new(&rt).run(async |scope| {
            scope.add("a", journal.thing("a").fails());
            rt.yield_now().await;
            assert!(!panics, "of the body");
            7
        });
        outcome.await.resume()
    };
    let (value, close_errors) = run(false).await;
    assert_eq!((value, close_errors.len()), (7, 1));
    let payload = AssertUnwindSafe(run(true)).catch_unwind().await.expect_err("it panics");
    assert_eq!(payload.downcast_ref(), Some(&"of the body"));
    assert_eq!(journal.lines(), ["fail a", "fail a"]);
}

async fn a_body_that_panics_before_it_is_pending<R: Runtime>(rt: R) {
    // A plain closure, whose body may panic before there is a future.
    fn body(_: &ResourceScope) -> std::future::Ready<()> {
        panic!("at once")
    }
    let scope = ResourceScope::new(&rt);
    let journal = Journal::default();
    scope.add("a", journal.thing("a"));
    let outcome = scope.run(body).await;
    assert_eq!(outcome.body.expect_err("it panics").message(), "at once");
    assert_eq!(journal.lines(), ["close a"]);
}

/// A future that is ready at once, and panics when it is dropped.
struct Explosive<T>(Option<T>, #[allow(dead_code, reason = "it is dropped")] Bomb);

impl<T: Unpin> Future for Explosive<T> {
    type Output = T;

    fn poll(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<T> {
        Poll::Ready(self.0.take().expect("it is polled once"))
    }
}

async fn a_body_whose_destructor_panics<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let scope = ResourceScope::new(&rt);
    scope.add("a", journal.thing("a"));
    let value = journal.thing("the value");
    let body = move |_: &ResourceScope| Explosive(Some(value), Bomb("when dropped"));
    let outcome = scope.run(body).await;
    assert_eq!(outcome.body.expect_err("it panics").message(), "when dropped");
    assert_eq!(journal.lines(), ["drop the value", "close a"]);
}

async fn a_body_that_returns_early<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let run = async |text: &str| {
        let outcome = ResourceScope::new(&rt).run(async |scope| {
            let _a = scope.add("a", journal.thing("a"));
            let number: u32 = text.parse()?;
            scope.add("b", journal.thing("b").fails());
            rt.yield_now().await;
            Ok::<_, std::num::ParseIntError>(number)
        });
        outcome.await.into_result()
    };
    let Err(ScopeError::Failed { error, close_errors }) = run("seven").await else {
        panic!("it is no number");
    };
    assert!(close_errors.is_empty(), "{error}");
    assert_eq!(journal.lines(), ["close a"]);
    let error = run("7").await.expect_err("b refuses");
    assert_eq!(error.close_errors().len(), 1);
    assert!(error.into_failed().is_none());
    let failed = run("eight").await.expect_err("no number");
    assert_eq!(failed.to_string(), "invalid digit found in string");
    assert!(failed.into_failed().is_some());
}

async fn a_closer_that_panics_anywhere<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        scope.add("a", journal.thing("a"));
        scope.add_with("when called", (), |()| -> std::future::Ready<()> { panic!("called") });
        let yields = rt.clone();
        scope.defer("when polled again", async move || -> () {
            yields.yield_now().await;
            panic!("polled");
        });
        scope.add_with("when dropped", Bomb("dropped"), async |bomb| drop(bomb));
        scope.defer("with its future", || Explosive(Some(()), Bomb("future")));
        scope.add_with("error too", Bomb("beside"), async |_bomb| Err::<(), _>("an error"));
        scope.add("z", journal.thing("z"));
    });
    let outcome = outcome.await;
    assert_eq!(journal.lines(), ["close z", "close a"]);
    let expected = [
        "error too: it panicked: beside",
        "with its future: it panicked: future",
        "when dropped: it panicked: dropped",
        "when polled again: it panicked: polled",
        "when called: it panicked: called",
    ];
    assert_eq!(told(&outcome), expected);
}

async fn a_forgotten_guard_is_told<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        scope.add("a", journal.thing("a"));
        mem::forget(scope.add("b", journal.thing("b")));
        scope.add("c", journal.thing("c"));
        mem::forget(scope.add("d", journal.thing("d")).close());
    });
    let outcome = outcome.await;
    assert_eq!(journal.lines(), ["close c", "close a"]);
    assert_eq!(told(&outcome), ["d: its guard was forgotten", "b: its guard was forgotten"]);
    let failures = outcome.close_errors.into_iter().map(|error| error.into_failure());
    assert!(failures.into_iter().all(|failure| matches!(failure, CloseFailure::Forgotten)));
}

async fn the_umbrella_takes_them_all<R: Runtime>(rt: R) {
    async fn body(scope: &ResourceScope) -> Result<(), Error> {
        scope.defer("late", async || Err("late"));
        let early = scope.defer("early", async || Err("early"));
        Ok(early.close().await?)
    }
    async fn plain<R: Runtime>(rt: &R) -> Result<(), Error> {
        let outcome = ResourceScope::new(rt).run(async |scope| {
            scope.defer("late", async || Err("late"));
        });
        Ok(outcome.await.into_value()?)
    }
    let error = ResourceScope::new(&rt).run(body).await.into_result().expect_err("both refuse");
    let text = "`early` did not close: early; then `late` did not close: late";
    assert_eq!(error.to_string(), text);
    assert!(matches!(error.into_failed(), Some(Error::Close(_))));
    let Err(Error::Scope(error)) = plain(&rt).await else { panic!("it is the scope's error") };
    assert!(matches!(*error, ScopeError::NotClosed(_)));
}
