use std::any::type_name;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use super::check::Entry;
use super::{Check, Host, Report, Verdict, checks};
use crate::Panic;

/// The checks to run, and how long to wait for each.
///
/// By default: all of them, ten seconds each. One takes a few milliseconds mostly; the patience is
/// for those that hang.
#[derive(Clone, Debug)]
#[must_use = "it checks nothing until it is given a host"]
pub struct Suite {
    patience: Duration,
    /// How the names of the checks begin; none for all.
    only: Vec<String>,
}

impl Suite {
    /// All the checks.
    pub const fn new() -> Self {
        Self { patience: Duration::from_secs(10), only: Vec::new() }
    }

    /// Only the checks whose names begin with `prefix`: `"sleep_"` for a group, a name for one.
    /// Called more than once, it takes the checks of each call.
    pub fn only(mut self, prefix: impl Into<String>) -> Self {
        self.only.push(prefix.into());
        self
    }

    /// How long a check may take, in real time, before it has failed.
    ///
    /// A check that hangs is given up; its thread stays behind until the process ends.
    pub const fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// Runs the checks one after the other, each on a thread of its own and on a new runtime.
    ///
    /// # Panics
    ///
    /// If [`only`](Self::only) was given something that no check's name begins with: such a suite
    /// would hold of anything.
    #[track_caller]
    pub fn run<H: Host>(&self, host: H) -> Report {
        self.refuse_unknown_names();
        let host = Arc::new(host);
        let entries = checks::entries::<H>().into_iter().filter(|entry| self.wants(&entry.check));
        let verdicts = entries.map(|entry| (entry.check, self.judge(&host, &entry)));
        Report::new(type_name::<H>(), verdicts.collect())
    }

    /// As [`run`](Self::run), for a test: fails unless every check holds that applies.
    ///
    /// # Panics
    ///
    /// If a check failed, with the [`Report`]; and where [`run`](Self::run) does.
    #[track_caller]
    pub fn verify<H: Host>(&self, host: H) -> Report {
        let report = self.run(host);
        assert!(report.conforms(), "{report}");
        report
    }

    fn wants(&self, check: &Check) -> bool {
        self.only.is_empty() || self.only.iter().any(|prefix| check.name().starts_with(prefix))
    }

    #[track_caller]
    fn refuse_unknown_names(&self) {
        for prefix in &self.only {
            assert!(
                checks().any(|check| check.name().starts_with(prefix.as_str())),
                "`Suite::only` was given {prefix:?}, and no check's name begins with that"
            );
        }
    }

    fn judge<H: Host>(&self, host: &Arc<H>, entry: &Entry<H>) -> Verdict {
        for &capability in entry.check.needs() {
            if let Some(reason) = host.lacks(capability) {
                return Verdict::NotApplicable(format!("{reason} (needed: {capability})"));
            }
        }
        match on_a_watched_thread(entry.check.name(), Arc::clone(host), entry.run, self.patience) {
            Ok(()) => Verdict::Passed,
            Err(reason) => Verdict::Failed(reason),
        }
    }
}

impl Default for Suite {
    fn default() -> Self {
        Self::new()
    }
}

/// A check that hangs is a check that fails, and so is one that panics.
fn on_a_watched_thread<H: Host>(
    name: &str,
    host: Arc<H>,
    run: fn(&H) -> super::check::Outcome,
    patience: Duration,
) -> Result<(), String> {
    let (ended, end) = mpsc::channel();
    let thread = thread::Builder::new().name(name.to_owned()).spawn(move || {
        let outcome = run(&host);
        // Fails only when nobody waits for it any more.
        let _ = ended.send(outcome);
    });
    let thread = thread.map_err(|error| format!("the system has no thread for it: {error}"))?;
    match end.recv_timeout(patience) {
        Ok(outcome) => outcome.map_err(|reason| reason.to_string()),
        Err(RecvTimeoutError::Timeout) => Err(format!("it hangs: no end within {patience:?}")),
        Err(RecvTimeoutError::Disconnected) => match thread.join() {
            Ok(()) => Err("its thread ended without a word".to_owned()),
            Err(payload) => Err(format!("it panicked: {}", Panic::new(payload))),
        },
    }
}
