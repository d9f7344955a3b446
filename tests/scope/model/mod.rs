//! Everything that a body may do to its resources, by chance, dropped at each of its awaits: each
//! resource ends in exactly one way, and exactly one is told of it.

mod body;
mod ledger;

use std::future::Future;
use std::pin::Pin;
use std::sync::mpsc::{self, TryRecvError};
use std::task::{Context, Poll};
use std::time::Duration;

use mtaio::scope::{Abandoned, Outcome};
use mtaio::{ResourceScope, Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use self::body::{Chance, body};
use self::ledger::Ledger;
use crate::common::on_every_runtime;

on_every_runtime!(seeds = 300; whatever_happens_each_resource_ends_once);

async fn whatever_happens_each_resource_ends_once<R: Runtime>(rt: R) {
    at_every_await(&rt, rt.entropy(), None).await;
}

/// With closings that hang: in virtual time they cost nothing.
#[test]
fn whatever_hangs_each_resource_ends_once() {
    Sim::explore(Explore::new().seeds(0..1_000), |rt| async move {
        at_every_await(&rt, rt.entropy(), Some(Duration::from_millis(20))).await;
    });
}

/// Runs the body that `seed` makes, dropped after no poll, after one and so on, until it is done.
/// With a limit there are closings that hang.
async fn at_every_await<R: Runtime>(rt: &R, seed: u64, limit: Option<Duration>) {
    for polls in 0.. {
        assert!(polls < 10_000, "it never ends");
        if run(rt, seed, limit, polls).await {
            return;
        }
    }
}

/// Whether it was done before it was dropped.
async fn run<R: Runtime>(rt: &R, seed: u64, limit: Option<Duration>, polls: usize) -> bool {
    let ledger = Ledger::default();
    let (tell, told) = mpsc::channel::<Abandoned>();
    let mut scope = ResourceScope::new(rt).on_abandoned(move |report| {
        tell.send(report).expect("somebody waits for it");
    });
    if let Some(limit) = limit {
        scope = scope.close_within(limit).expect("a limit");
    }
    let work = scope.run(async |scope| {
        body(scope, rt, &ledger, Chance::new(seed), limit.is_some()).await;
    });
    let outcome = Cut { work: Some(Box::pin(work)), polls }.await;
    let done = outcome.is_some();
    match outcome {
        Some(Outcome { close_errors, .. }) => {
            ledger.told_errors(&close_errors);
        }
        None => {
            if let Some(report) = report(rt, &told).await {
                ledger.told_errors(&report.close_errors);
                report.closed.iter().for_each(|name| ledger.told_closed(name));
            }
        }
    }
    assert_eq!(told.try_recv().expect_err("at most one"), TryRecvError::Disconnected);
    // An outcome lists only what did not close.
    ledger.check(!done);
    done
}

/// The report, if there is one.
async fn report<R: Runtime>(rt: &R, told: &mpsc::Receiver<Abandoned>) -> Option<Abandoned> {
    let end = rt.now() + crate::common::LONG;
    loop {
        match told.try_recv() {
            Ok(report) => return Some(report),
            Err(TryRecvError::Disconnected) => return None,
            Err(TryRecvError::Empty) => assert!(rt.now() < end, "nothing is told"),
        }
        rt.sleep(Duration::from_millis(1)).await;
    }
}

/// Polls some times, then drops.
struct Cut<F> {
    work: Option<Pin<Box<F>>>,
    polls: usize,
}

impl<F: Future> Future for Cut<F> {
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls > 0 {
            self.polls -= 1;
            let work = self.work.as_mut().expect("it has not been dropped");
            if let Poll::Ready(output) = work.as_mut().poll(cx) {
                return Poll::Ready(Some(output));
            }
        }
        if self.polls > 0 {
            return Poll::Pending;
        }
        self.work = None;
        Poll::Ready(None)
    }
}
