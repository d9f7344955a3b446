use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::sync::{Arc, Weak};
use std::time::SystemTime;

use async_io::Timer;
use mtaio_runtime::{Detached, Instant, Runtime, TaskName};
use smol::Executor;

use crate::SmolSleep;
use crate::clock::Clock;

/// An executor of smol as a [`Runtime`]. Timers are those of `async-io`, blocking jobs run on the
/// thread pool of `blocking`.
#[derive(Clone, Debug)]
pub struct Smol {
    executor: Handle,
    clock: Clock,
}

/// How an executor is reached.
#[derive(Clone, Debug)]
pub(crate) enum Handle {
    Global,
    Static(&'static Executor<'static>),
    /// Weak, so that a task which holds its runtime does not keep its executor alive.
    Shared(Weak<Executor<'static>>),
}

impl Smol {
    /// The global executor of the crate `smol`, which drives itself by threads of its own: one, or
    /// as many as the environment's `SMOL_THREADS` says. It is never gone.
    pub fn global() -> Self {
        Self::with_executor(Handle::Global)
    }

    /// An executor that its owner drives, by `executor.run(..)` on as many threads as it likes.
    ///
    /// It is held weakly: when the last `Arc` is dropped, the runtime is gone. While nobody drives
    /// it, its tasks stand still.
    pub fn new(executor: &Arc<Executor<'static>>) -> Self {
        Self::with_executor(Handle::Shared(Arc::downgrade(executor)))
    }

    /// An executor that lives as long as the program, which its owner drives.
    pub fn from_static(executor: &'static Executor<'static>) -> Self {
        Self::with_executor(Handle::Static(executor))
    }

    fn with_executor(executor: Handle) -> Self {
        Self { executor, clock: Clock::default() }
    }

    /// Reads the processor's time-stamp counter for [`now`](Runtime::now), tied to the system's
    /// clock by [`FastClock`](mtaio_runtime::FastClock), which tells its drift.
    #[cfg(feature = "fast-clock")]
    #[must_use]
    pub fn with_fast_clock(self) -> Self {
        Self { clock: Clock::fast(exact_now), ..self }
    }

    /// What smol, which uses `std`'s clock, calls this instant.
    #[inline]
    pub fn to_native(instant: Instant) -> std::time::Instant {
        instant.into_std()
    }

    /// The instant that smol, which uses `std`'s clock, calls so.
    #[inline]
    pub fn from_native(instant: std::time::Instant) -> Instant {
        Instant::from_std(instant)
    }
}

/// The clock of smol's timers.
#[inline]
pub(crate) fn exact_now() -> Instant {
    Smol::from_native(std::time::Instant::now())
}

impl Handle {
    pub(crate) fn is_gone(&self) -> bool {
        matches!(self, Self::Shared(executor) if executor.strong_count() == 0)
    }
}

impl Runtime for Smol {
    type Sleep = SmolSleep;

    #[inline]
    fn now(&self) -> Instant {
        self.clock.now(exact_now)
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }

    fn entropy(&self) -> u64 {
        RandomState::new().hash_one(())
    }

    #[inline]
    fn sleep_until(&self, deadline: Instant) -> SmolSleep {
        let timer = Timer::at(Self::to_native(deadline));
        SmolSleep::new(timer, deadline, self.clock.clone(), self.executor.clone())
    }

    fn spawn_detached<F>(&self, _name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Whoever drives the executor may do so under a deadline.
        let future = Detached::new(future);
        match &self.executor {
            Handle::Global => smol::spawn(future).detach(),
            Handle::Static(executor) => executor.spawn(future).detach(),
            Handle::Shared(executor) => {
                if let Some(executor) = executor.upgrade() {
                    executor.spawn(future).detach();
                }
            }
        }
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        if !self.executor.is_gone() {
            smol::unblock(job).detach();
        }
    }
}
