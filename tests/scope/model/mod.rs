//! Everything that a body may do to its resources, by chance, dropped wherever that can be: each
//! resource ends in exactly one way, and it is told once how.

mod body;
mod cut;
mod ledger;
mod simulated;

use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::Duration;

use mtaio::scope::{Abandoned, Outcome};
use mtaio::{ResourceScope, Runtime, RuntimeExt};

use self::body::{Chance, body};
use self::cut::{Cut, Cutting};
use self::ledger::Ledger;
use crate::common::{LONG, on_every_runtime};

on_every_runtime!(
    seeds = 300;
    a_run_is_dropped_at_each_await,
    who_closes_for_it_is_dropped_at_each_await,
);

async fn a_run_is_dropped_at_each_await<R: Runtime>(rt: R) {
    let seed = rt.entropy();
    for polls in 0.. {
        assert!(polls < 10_000, "it never ends");
        let (case, scope) = Case::new(&rt, seed, None);
        let outcome = Cut::new(case.work(&rt, scope), polls).await;
        let done = outcome.is_some();
        case.settle(&rt, outcome, "never timed out").await;
        if done {
            return;
        }
    }
}

/// With all that a runtime does to tasks when it goes.
async fn who_closes_for_it_is_dropped_at_each_await<R: Runtime>(rt: R) {
    let seed = rt.entropy();
    for polls in 0.. {
        assert!(polls < 10_000, "it never ends");
        let cutting = Cutting::new(&rt, polls);
        let (case, scope) = Case::new(&cutting, seed, None);
        let at = usize::try_from(rt.entropy() % 10).expect("it is small");
        let outcome = Cut::new(case.work(&rt, scope), at).await;
        case.settle(&rt, outcome, "gone").await;
        if !cutting.has_cut() {
            return;
        }
    }
}

/// One run of the body that a seed makes.
struct Case {
    ledger: Ledger,
    told: Receiver<Abandoned>,
    seed: u64,
    hangs: bool,
}

impl Case {
    /// With a limit there are closings that hang.
    fn new<R: Runtime>(rt: &R, seed: u64, limit: Option<Duration>) -> (Self, ResourceScope) {
        let (tell, told) = mpsc::channel::<Abandoned>();
        let mut scope = ResourceScope::new(rt).on_abandoned(move |report| {
            tell.send(report).expect("somebody waits for it");
        });
        if let Some(limit) = limit {
            scope = scope.close_within(limit).expect("a limit");
        }
        (Self { ledger: Ledger::default(), told, seed, hangs: limit.is_some() }, scope)
    }

    fn work<R: Runtime>(
        &self,
        rt: &R,
        scope: ResourceScope,
    ) -> impl Future<Output = Outcome<()>> + Send + use<R> {
        let (rt, ledger) = (rt.clone(), self.ledger.clone());
        let (chance, hangs) = (Chance::new(self.seed), self.hangs);
        async move { scope.run(async |scope| body(scope, &rt, &ledger, chance, hangs).await).await }
    }

    /// Waits for what will be told, and holds it against what happened. `unfinished` is what must
    /// be told of closings that began and did not end.
    async fn settle<R: Runtime>(
        self,
        rt: &R,
        outcome: Option<Outcome<()>>,
        unfinished: &'static str,
    ) {
        let report = self.report(rt).await;
        match (&outcome, &report) {
            (Some(outcome), None) => self.ledger.told_errors(&outcome.close_errors),
            (Some(_), Some(report)) => panic!("it was not abandoned: {report:?}"),
            (None, Some(report)) => {
                self.ledger.told_errors(&report.close_errors);
                report.closed.iter().for_each(|name| self.ledger.told_closed(name));
            }
            // Nothing was open.
            (None, None) => {}
        }
        // An outcome lists only what did not close.
        self.ledger.check(outcome.is_none(), unfinished);
    }

    /// The report, if there is one.
    async fn report<R: Runtime>(&self, rt: &R) -> Option<Abandoned> {
        let end = rt.now() + LONG;
        let mut report = None;
        loop {
            match self.told.try_recv() {
                Ok(told) => assert!(report.replace(told).is_none(), "it is told twice"),
                Err(TryRecvError::Disconnected) => return report,
                Err(TryRecvError::Empty) => assert!(rt.now() < end, "nothing is told"),
            }
            rt.sleep(Duration::from_millis(1)).await;
        }
    }
}
