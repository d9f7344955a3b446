//! Where contests run: each runtime with its native executor, and our adapter of it.

use std::future::Future;
use std::sync::Arc;

use mtaio_runtime::Runtime;
use mtaio_smol::Smol;
use mtaio_tokio::Tokio;
use tokio::runtime::Builder;

use crate::harness::Outcome;

/// A runtime that is native to its peers and ours by an adapter.
pub(crate) trait Host: Clone + 'static {
    /// The adapter.
    type Runtime: Runtime;

    /// How it is called in the names of contests.
    fn name(&self) -> &'static str;

    /// Our adapter of it.
    fn adapter(&self) -> Self::Runtime;

    /// Runs `main` to its end.
    fn drive<F>(&self, main: F) -> Outcome<F::Output>
    where
        F: Future<Output: Send> + Send + 'static;
}

/// A tokio runtime.
#[derive(Clone)]
pub(crate) struct TokioHost {
    name: &'static str,
    main: Main,
    runtime: Arc<tokio::runtime::Runtime>,
    adapter: Tokio,
}

/// What the main future of a contest is to tokio.
#[derive(Clone, Copy)]
enum Main {
    /// The future of `block_on`, as in a program's `main`. The flavor `current_thread` takes longer
    /// to come back to it than to a task.
    BlockedOn,
    /// A task among tasks.
    Task,
}

impl TokioHost {
    /// The flavor `current_thread`, in its `block_on`.
    pub(crate) fn current_thread() -> Outcome<Self> {
        Self::new("tokio-current", Main::BlockedOn, Builder::new_current_thread())
    }

    /// The flavor `current_thread`, in a task.
    pub(crate) fn current_thread_task() -> Outcome<Self> {
        Self::new("tokio-current-task", Main::Task, Builder::new_current_thread())
    }

    /// The flavor `multi_thread`, in a task, so that what it joins is joined on a worker.
    pub(crate) fn multi_thread() -> Outcome<Self> {
        Self::new("tokio-multi", Main::Task, Builder::new_multi_thread())
    }

    fn new(name: &'static str, main: Main, mut runtime: Builder) -> Outcome<Self> {
        let runtime = Arc::new(runtime.enable_all().build()?);
        let adapter = Tokio::new(runtime.handle().clone())?;
        Ok(Self { name, main, runtime, adapter })
    }
}

impl Host for TokioHost {
    type Runtime = Tokio;

    fn name(&self) -> &'static str {
        self.name
    }

    fn adapter(&self) -> Tokio {
        self.adapter.clone()
    }

    fn drive<F>(&self, main: F) -> Outcome<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        match self.main {
            Main::BlockedOn => Ok(self.runtime.block_on(main)),
            Main::Task => Ok(self.runtime.block_on(self.runtime.spawn(main))?),
        }
    }
}

/// An executor of smol that the calling thread drives.
#[derive(Clone)]
pub(crate) struct SmolHost(Arc<smol::Executor<'static>>);

impl SmolHost {
    /// An executor of its own.
    pub(crate) fn new() -> Self {
        Self(Arc::new(smol::Executor::new()))
    }

    /// What its peers spawn on.
    pub(crate) const fn executor(&self) -> &Arc<smol::Executor<'static>> {
        &self.0
    }
}

impl Host for SmolHost {
    type Runtime = Smol;

    fn name(&self) -> &'static str {
        "smol"
    }

    fn adapter(&self) -> Smol {
        Smol::new(&self.0)
    }

    fn drive<F>(&self, main: F) -> Outcome<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Ok(smol::block_on(self.0.run(main)))
    }
}

/// The global executor of smol, which runs on a thread of its own.
#[derive(Clone)]
pub(crate) struct GlobalSmolHost;

impl Host for GlobalSmolHost {
    type Runtime = Smol;

    fn name(&self) -> &'static str {
        "smol-global"
    }

    fn adapter(&self) -> Smol {
        Smol::global()
    }

    fn drive<F>(&self, main: F) -> Outcome<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        Ok(smol::block_on(main))
    }
}
