use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::SystemTime;

use mtaio_runtime::{Detached, Instant, Runtime, TaskName};
use tokio::runtime::{Handle, Id};

use crate::clock::Clock;
use crate::{InvalidRuntime, TokioSleep};

/// A tokio runtime as a [`Runtime`], by its [`Handle`]: usable from any thread, inside or outside
/// of tokio.
#[derive(Clone, Debug)]
pub struct Tokio {
    handle: Handle,
    id: Id,
    clock: Clock,
}

impl Tokio {
    /// The runtime that `handle` belongs to.
    ///
    /// # Errors
    ///
    /// [`InvalidRuntime::NoTimers`] if it was built without `enable_time`. Tokio tells by a panic,
    /// which is caught; the panic hook prints it.
    pub fn new(handle: Handle) -> Result<Self, InvalidRuntime> {
        let probe = || {
            let _context = handle.enter();
            drop(tokio::time::sleep(std::time::Duration::ZERO));
        };
        match catch_unwind(AssertUnwindSafe(probe)) {
            Ok(()) => Ok(Self { id: handle.id(), handle, clock: Clock::default() }),
            Err(_) => Err(InvalidRuntime::NoTimers),
        }
    }

    /// The runtime whose context this code runs in.
    ///
    /// # Errors
    ///
    /// [`InvalidRuntime::NoContext`] outside of a tokio runtime, and what [`new`](Self::new)
    /// refuses.
    pub fn current() -> Result<Self, InvalidRuntime> {
        Self::new(Handle::try_current().map_err(|_| InvalidRuntime::NoContext)?)
    }

    /// Reads the processor's time-stamp counter for [`now`](Runtime::now), tied to tokio's clock
    /// by [`FastClock`](mtaio_runtime::FastClock), which tells its drift.
    ///
    /// It does not follow `tokio::time::pause`.
    #[cfg(feature = "fast-clock")]
    #[must_use]
    pub fn with_fast_clock(self) -> Self {
        Self { clock: Clock::fast(|| self.exact_now()), ..self }
    }

    /// The tokio handle inside.
    pub const fn handle(&self) -> &Handle {
        &self.handle
    }

    /// What tokio calls this instant.
    #[inline]
    pub fn to_native(instant: Instant) -> tokio::time::Instant {
        instant.into_std().into()
    }

    /// The instant that tokio calls so.
    #[inline]
    pub fn from_native(instant: tokio::time::Instant) -> Instant {
        Instant::from_std(instant.into_std())
    }

    /// A timer is built in the context of its runtime. To see that the code runs there already is
    /// half the price of entering it.
    #[inline]
    fn timer(&self, deadline: tokio::time::Instant) -> tokio::time::Sleep {
        match Handle::try_current() {
            Ok(current) if current.id() == self.id => tokio::time::sleep_until(deadline),
            _ => self.timer_from_outside(deadline),
        }
    }

    #[cold]
    fn timer_from_outside(&self, deadline: tokio::time::Instant) -> tokio::time::Sleep {
        let _context = self.handle.enter();
        tokio::time::sleep_until(deadline)
    }

    /// Tokio's clock can be paused only in a runtime of the flavor `current_thread`, and is read
    /// as paused only in its context.
    #[inline]
    fn exact_now(&self) -> Instant {
        #[cfg(feature = "test-util")]
        let _context = self.handle.enter();
        exact_now()
    }
}

/// Tokio's clock, as it stands in the present context.
#[inline]
pub(crate) fn exact_now() -> Instant {
    Tokio::from_native(tokio::time::Instant::now())
}

impl Runtime for Tokio {
    type Sleep = TokioSleep;

    #[inline]
    fn now(&self) -> Instant {
        self.clock.now(|| self.exact_now())
    }

    fn wall_clock(&self) -> SystemTime {
        SystemTime::now()
    }

    fn entropy(&self) -> u64 {
        RandomState::new().hash_one(())
    }

    #[inline]
    fn sleep_until(&self, deadline: Instant) -> TokioSleep {
        TokioSleep::new(self.timer(Self::to_native(deadline)), deadline, self.clock.clone())
    }

    fn spawn_detached<F>(&self, _name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        // Whoever drives the runtime may do so under a deadline.
        drop(self.handle.spawn(Detached::new(future)));
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        drop(self.handle.spawn_blocking(job));
    }
}
