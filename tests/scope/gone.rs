//! Scopes whose runtime goes first.

use std::future::pending;
use std::sync::mpsc;

use mtaio::scope::{Abandoned, CloseError};
use mtaio::{ResourceScope, RuntimeExt};

use crate::common::{Bomb, Gate, Host};
use crate::probe::Journal;

/// Gives each scenario one `#[test]` a runtime that can go.
macro_rules! when_gone {
    ($($scenario:ident),+ $(,)?) => {
        when_gone! { @ [$($scenario)+]
            tokio_current_thread: TokioCurrentThread,
            tokio_multi_thread: TokioMultiThread,
            smol_own: SmolOwn,
            sim: Sim,
            dyn_tokio_current_thread: Dyn<TokioCurrentThread>,
            dyn_sim: Dyn<Sim>,
        }
    };
    (@ $scenarios:tt $($runtime:ident: $host:ty,)+) => {
        $(when_gone! { @@ $scenarios $runtime: $host })+
    };
    (@@ [$($scenario:ident)+] $runtime:ident: $host:ty) => {
        mod $runtime {
            #[allow(unused_imports, reason = "one of them is used")]
            use crate::common::{
                Dyn, Sim, SmolOwn, TokioCurrentThread, TokioMultiThread, watched,
            };

            $(
                #[test]
                fn $scenario() {
                    let name = concat!(stringify!($runtime), "::", stringify!($scenario));
                    watched(name, super::$scenario::<$host>);
                }
            )+
        }
    };
}

when_gone!(
    a_scope_in_a_task_that_goes_with_its_runtime,
    a_scope_that_outlives_its_runtime,
    a_closing_that_goes_with_its_runtime,
);

fn texts(errors: &[CloseError]) -> Vec<String> {
    errors.iter().map(|error| format!("{}: {}", error.resource(), error.failure())).collect()
}

fn a_scope_in_a_task_that_goes_with_its_runtime<H: Host>() {
    let journal = Journal::default();
    let (tell, told) = mpsc::channel::<Abandoned>();
    let theirs = journal.clone();
    H::run(|rt| async move {
        let started = Gate::default();
        let (own, start) = (rt.clone(), started.clone());
        rt.spawn(async move {
            let scope = ResourceScope::new(&own).on_abandoned(move |report| {
                tell.send(report).expect("somebody waits");
            });
            let run = scope.run(async |scope| {
                let _a = scope.add("a", theirs.thing("a"));
                scope.add_with("b", Bomb("in its destructor"), async |_| ());
                std::mem::forget(scope.defer("c", async || ()));
                start.open();
                pending::<()>().await;
            });
            drop(run.await);
        })
        .detach();
        started.passed().await;
    });
    let report = told.recv().expect("it is told");
    assert!(report.closed.is_empty(), "{:?}", report.closed);
    let expected =
        ["c: its guard was forgotten", "b: the runtime is gone", "a: the runtime is gone"];
    assert_eq!(texts(&report.close_errors), expected);
    assert_eq!(journal.lines(), ["drop a"]);
}

fn a_scope_that_outlives_its_runtime<H: Host>() {
    let journal = Journal::default();
    let (tell, told) = mpsc::channel::<Abandoned>();
    let scope = H::run(|rt| async move {
        ResourceScope::new(&rt).on_abandoned(move |report| {
            tell.send(report).expect("somebody waits");
        })
    });
    scope.add("a", journal.thing("a"));
    drop(scope);
    let report = told.try_recv().expect("it is told at once");
    assert_eq!(texts(&report.close_errors), ["a: the runtime is gone"]);
    assert_eq!(journal.lines(), ["drop a"]);
}

fn a_closing_that_goes_with_its_runtime<H: Host>() {
    let journal = Journal::default();
    let (tell, told) = mpsc::channel::<Abandoned>();
    let theirs = journal.clone();
    H::run(|rt| async move {
        let scope = ResourceScope::new(&rt).on_abandoned(move |report| {
            tell.send(report).expect("somebody waits");
        });
        let begun = Gate::default();
        let begin = begun.clone();
        scope.add("a", theirs.thing("a"));
        scope.add_with("b", theirs.thing("b"), async move |b| {
            begin.open();
            pending::<()>().await;
            drop(b);
        });
        scope.add("c", theirs.thing("c"));
        drop(scope);
        begun.passed().await;
    });
    let report = told.recv().expect("it is told");
    assert_eq!(report.closed, ["c"]);
    assert_eq!(texts(&report.close_errors), ["b: the runtime is gone", "a: the runtime is gone"]);
    assert_eq!(journal.lines(), ["close c", "drop b", "drop a"]);
}
