use std::fmt;
use std::future::Future;

use crate::{DynRuntime, Runtime};

/// Who owns a runtime: builds it, drives it, shuts it down. An adapter's author implements it, and
/// [`Suite`](super::Suite) asks it for a new runtime a check.
pub trait Host: Send + Sync + 'static {
    /// The handle that the owner gives away.
    type Runtime: Runtime;

    /// Builds a runtime, runs `body` with a handle of it to its end, and shuts the runtime down
    /// before it returns: its tasks have been dropped by then.
    ///
    /// Whether `body` is polled by the runtime or beside it is up to the host. What goes wrong in
    /// here may panic; the message is the reason of the check that failed.
    fn run<F>(&self, body: impl FnOnce(Self::Runtime) -> F + Send + 'static) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static;

    /// Why the runtime can't do what some checks need; `None` where it can.
    ///
    /// The checks that need it are not run then, and the report lists them with this reason.
    fn lacks(&self, capability: Capability) -> Option<&'static str> {
        let _ = capability;
        None
    }
}

/// What some checks need of a runtime, and what not every runtime has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Capability {
    /// [`Host::run`] shuts the runtime down. One that lives as long as its process lacks it.
    Shutdown,
    /// Threads outside of the runtime may call its handle. A system without threads lacks it.
    ForeignCalls,
    /// Threads outside of the runtime may wait for it, and it goes on meanwhile. A simulation, which
    /// is over when nothing of its own can run, lacks it.
    ForeignWaits,
    /// Blocking jobs run beside the tasks. A runtime that has one thread for everything lacks it.
    ParallelJobs,
    /// The panic of a future from [`spawn_detached`](Runtime::spawn_detached) is the end of that
    /// future and of nothing else. A simulation, to which it is a finding, lacks it.
    ContainedPanics,
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Shutdown => "a runtime that is shut down",
            Self::ForeignCalls => "calls from threads outside of the runtime",
            Self::ForeignWaits => "threads outside of the runtime that wait for it",
            Self::ParallelJobs => "blocking jobs beside the tasks",
            Self::ContainedPanics => "bare futures that may panic",
        })
    }
}

/// The runtime of another host behind [`DynRuntime`], which must be no different.
#[derive(Clone, Copy, Debug)]
pub struct Erased<H>(pub H);

impl<H: Host> Host for Erased<H> {
    type Runtime = DynRuntime;

    fn run<F>(&self, body: impl FnOnce(DynRuntime) -> F + Send + 'static) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.0.run(|rt| body(DynRuntime::new(&rt)))
    }

    fn lacks(&self, capability: Capability) -> Option<&'static str> {
        self.0.lacks(capability)
    }
}
