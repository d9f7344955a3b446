//! What the suite makes of hosts, and what it says of them.

use std::collections::HashSet;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use mtaio_runtime::conformance::{Capability, Erased, Host, Suite, Verdict, checks};
use mtaio_sim::Sim;
use mtaio_smol::Smol;

use crate::common::{self, Host as _};

/// The simulator, without the capabilities that it is told to lack.
struct Lacks(&'static [Capability]);

impl Host for Lacks {
    type Runtime = Sim;

    fn run<F: Future>(&self, body: impl FnOnce(Sim) -> F) -> F::Output {
        common::Sim::run(body)
    }

    fn lacks(&self, capability: Capability) -> Option<&'static str> {
        self.0.contains(&capability).then_some("the test says so")
    }
}

/// A host that does not get as far as to run anything.
enum Bad {
    Hangs,
    Panics,
}

impl Host for Bad {
    type Runtime = Smol;

    fn run<F: Future>(&self, _: impl FnOnce(Smol) -> F) -> F::Output {
        match self {
            Self::Hangs => loop {
                thread::park();
            },
            Self::Panics => panic!("the runtime did not come up"),
        }
    }
}

#[test]
fn checks_have_names_of_their_own_in_their_groups() {
    let groups = [
        "spawn_",
        "wakers_",
        "clock_",
        "sleep_",
        "reset_",
        "cancel_",
        "panic_",
        "blocking_",
        "context_",
        "entropy_",
        "gone_",
    ];
    let mut names = HashSet::new();
    for check in checks() {
        assert!(names.insert(check.name()), "{} is there twice", check.name());
        let group = groups.iter().find(|group| check.name().starts_with(*group));
        assert!(group.is_some(), "{} is in no group", check.name());
        assert!(!check.contract().is_empty() && !check.contract().ends_with('.'), "{check}");
    }
    for group in groups {
        assert!(names.iter().any(|name| name.starts_with(group)), "nothing in {group}");
    }
    assert!(names.len() >= 80, "{}", names.len());
}

#[test]
fn what_a_host_lacks_is_listed() {
    let nothing: &[Capability] = &[
        Capability::Shutdown,
        Capability::ForeignCalls,
        Capability::ForeignWaits,
        Capability::ParallelJobs,
        Capability::ContainedPanics,
    ];
    let report = Suite::new().verify(Erased(Lacks(nothing)));
    let needy: Vec<_> = checks().filter(|check| !check.needs().is_empty()).collect();
    let listed: Vec<_> = report.not_applicable().map(|(check, _)| check).collect();
    assert_eq!(listed, needy);
    assert!(needy.len() > 20 && report.passed().count() > 40, "{report}");
    let waits = report.verdict("sleep_moves_out_of_the_runtime").expect("it is in the report");
    let reason = "the test says so (needed: calls from threads outside of the runtime)";
    assert_eq!(*waits, Verdict::NotApplicable(reason.to_owned()));
    assert!(report.to_string().contains("gone_drops_what_is_left is not applicable"));
}

#[test]
fn a_check_that_hangs_has_failed() {
    let suite = Suite::new().only("entropy_differs").patience(Duration::from_millis(30));
    let report = suite.run(Bad::Hangs);
    assert!(!report.conforms());
    let failed: Vec<_> = report.failed().map(|(check, why)| (check.name(), why)).collect();
    let hangs = "it hangs: no end within 30ms";
    assert_eq!(failed, [("entropy_differs", hangs), ("entropy_differs_between_threads", hangs)]);
}

#[test]
fn verify_fails_with_everything_that_failed() {
    let verify = || Suite::new().only("clock_").verify(Bad::Panics);
    let panic = catch_unwind(AssertUnwindSafe(verify)).expect_err("it does not conform");
    let message = panic.downcast_ref::<String>().expect("it is text");
    let clocks = checks().filter(|check| check.name().starts_with("clock_"));
    for check in clocks {
        assert!(message.contains(&format!("{} FAILED", check.name())), "{message}");
        assert!(message.contains(check.contract()), "{message}");
    }
    assert!(message.contains("but: it panicked: the runtime did not come up"), "{message}");
    assert!(message.contains("Bad: 0 passed, 6 failed, 0 not applicable"), "{message}");
}

#[test]
fn only_takes_what_is_asked_for() {
    let report = Suite::new().only("entropy_").only("clock_is_monotonic").verify(Lacks(&[]));
    let names: HashSet<_> = report.verdicts().map(|(check, _)| check.name()).collect();
    assert!(names.contains("entropy_differs") && names.contains("clock_is_monotonic"));
    assert!(names.iter().all(|name| name.starts_with("entropy_") || name.starts_with("clock_is_")));
    assert_eq!(report.verdict("spawn_thousands"), None);
}

#[test]
#[should_panic(expected = "no check's name begins with that")]
fn a_suite_of_nothing_is_refused() {
    Suite::new().only("entropy_").only("sleeps_").run(Lacks(&[]));
}
