use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Instant, Runtime};

use super::adaptation::Adaptation;
use super::controller::Controller;
use crate::config::ConfigError;
use crate::limit::concurrency::{ConcurrencyLimiter, ConcurrencyStats, Permit};
use crate::limit::error::{AcquireError, TryAcquireError};
use crate::limit::limiter::{Limiter, Outcome};
use crate::queue::lock;

/// Admits as much at once as goes well, and finds out by itself how much that is: for a service of
/// somebody else, whose capacity nobody knows, or which changes.
///
/// It learns from what it is [told](Limiter::complete): from how long a
/// [`Success`](Outcome::Success) took, and from each [`Overload`](Outcome::Overload). What is
/// dropped without a word, or [ignored](Outcome::Ignore), teaches it nothing. So work that is never
/// done in time can't raise the limit.
///
/// The limit rises by 1 after each round (as many pieces of work as may be in flight) in which it
/// was made use of. It is lowered by a factor when the latencies of a round are more than the
/// [tolerance](Adaptation::tolerance) times that without a queue, so far that the queue is empty
/// after it, but at most to half; and to 0.8 of it when more than 5 % of a round fail for overload.
/// Until either happens first it is doubled instead of raised by 1. That the queue is empty again
/// and again keeps the latency without one up to date. A latency that a lower limit does not cure is
/// not of our making, and becomes the new measure.
///
/// Additive increase and multiplicative decrease, and the doubling, are those of Van Jacobson,
/// "Congestion Avoidance and Control", SIGCOMM 1988; that AIMD is fair to all who use it is shown by
/// Chiu and Jain, "Analysis of the Increase and Decrease Algorithms for Congestion Avoidance in
/// Computer Networks", 1989; to compare latencies with that of an empty queue comes from TCP Vegas
/// (Brakmo and Peterson, 1995).
///
/// Weights up to the most that the limit may ever be are admitted: one that is heavier than the
/// limit of the moment, when nobody else is.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::{Runtime, RuntimeExt};
/// use mtaio::limit::{Adaptation, AdaptiveConcurrency, LimiterExt, Outcome};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let calls = AdaptiveConcurrency::new(&rt, Adaptation::new().range(2..=100).start(8))?;
///
/// for _ in 0..20 {
///     // 503 for all: down it goes.
///     let refused = async { Err::<(), u16>(503) };
///     let judge = |answer: &Result<(), u16>| match answer {
///         Ok(()) => Outcome::Success,
///         Err(503) => Outcome::Overload,
///         Err(_) => Outcome::Ignore,
///     };
///     assert!(calls.run_judged(judge, refused).await?.is_err());
/// }
/// assert_eq!(calls.limit(), 2);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub struct AdaptiveConcurrency<R: Runtime = DynRuntime> {
    limiter: ConcurrencyLimiter<R>,
    controller: Arc<Mutex<Controller>>,
}

/// An [`AdaptiveConcurrency`] at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct AdaptiveConcurrencyStats {
    /// The limit, and what is out.
    pub concurrency: ConcurrencyStats,
    /// The latency without a queue, as far as it is known.
    pub latency: Option<Duration>,
    /// How often the limit was raised.
    pub raised: u64,
    /// How often it was lowered.
    pub lowered: u64,
}

impl AdaptiveConcurrency {
    /// A limiter that does not show the runtime in its type.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a range that is empty or begins with zero, a start of zero, and a
    /// tolerance that is not 1.05 to 10.
    pub fn new<R: Runtime>(rt: &R, settings: Adaptation) -> Result<Self, ConfigError> {
        Self::with_runtime(&DynRuntime::new(rt), settings)
    }
}

impl<R: Runtime> AdaptiveConcurrency<R> {
    /// A limiter on a runtime of known type.
    ///
    /// # Errors
    ///
    /// Those of [`new`](AdaptiveConcurrency::new).
    pub fn with_runtime(rt: &R, settings: Adaptation) -> Result<Self, ConfigError> {
        settings.validate()?;
        let controller = Controller::new(settings, rt.now());
        let limiter = ConcurrencyLimiter::unequal(rt, controller.limit(), controller.most());
        Ok(Self { limiter, controller: Arc::new(Mutex::new(controller)) })
    }

    /// Through this handle one waits only where fewer than `most` wait already. See
    /// [`ConcurrencyLimiter::waiting_room`].
    #[must_use = "it changes this handle, not the limiter"]
    pub fn waiting_room(mut self, most: usize) -> Self {
        self.limiter = self.limiter.waiting_room(most);
        self
    }

    /// Through this handle one waits at most for so long. See
    /// [`ConcurrencyLimiter::longest_wait`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `longest` is zero or more than 100 years.
    pub fn longest_wait(mut self, longest: Duration) -> Result<Self, ConfigError> {
        self.limiter = self.limiter.longest_wait(longest)?;
        Ok(self)
    }

    /// What may be out at once, for now.
    pub fn limit(&self) -> u32 {
        self.lock().limit()
    }

    /// How it stands.
    pub fn stats(&self) -> AdaptiveConcurrencyStats {
        let concurrency = self.limiter.stats();
        let controller = self.lock();
        let (raised, lowered) = (controller.raised, controller.lowered);
        AdaptiveConcurrencyStats { concurrency, latency: controller.latency(), raised, lowered }
    }

    fn begin<'a>(&self, permit: Permit<'a, R>) -> AdaptivePermit<'a, R> {
        AdaptivePermit { permit, begun: self.limiter.runtime().now() }
    }

    fn record(&self, begun: Instant, outcome: Outcome) {
        if outcome == Outcome::Ignore {
            return;
        }
        let now = self.limiter.runtime().now();
        let mut controller = self.lock();
        let before = controller.limit();
        let is_used = self.limiter.is_half_used(before);
        controller.record(begun, now, outcome, is_used);
        let mut limit = controller.limit();
        let most = controller.most();
        drop(controller);
        if limit == before {
            return;
        }
        // Wakes others, and so is done without the lock: of two who do, the later one is right.
        loop {
            self.limiter.move_limit(limit, most);
            let present = self.limit();
            if present == limit {
                return;
            }
            limit = present;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Controller> {
        lock(&self.controller)
    }
}

impl<R: Runtime> Limiter for AdaptiveConcurrency<R> {
    type Permit<'a> = AdaptivePermit<'a, R>;

    fn try_acquire_many(&self, weight: u32) -> Result<AdaptivePermit<'_, R>, TryAcquireError> {
        self.limiter.try_acquire_many(weight).map(|permit| self.begin(permit))
    }

    async fn acquire_many(&self, weight: u32) -> Result<AdaptivePermit<'_, R>, AcquireError> {
        self.limiter.acquire_many(weight).await.map(|permit| self.begin(permit))
    }

    fn refund(&self, permit: AdaptivePermit<'_, R>, _weight: u32) {
        drop(permit);
    }

    fn complete(&self, permit: AdaptivePermit<'_, R>, outcome: Outcome) {
        // Before it is given back: it still counts as in use.
        self.record(permit.begun, outcome);
        drop(permit);
    }

    fn rank(&self) -> Option<u64> {
        self.limiter.rank()
    }
}

impl<R: Runtime> Clone for AdaptiveConcurrency<R> {
    fn clone(&self) -> Self {
        Self { limiter: self.limiter.clone(), controller: Arc::clone(&self.controller) }
    }
}

impl<R: Runtime> fmt::Debug for AdaptiveConcurrency<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveConcurrency").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// What an [`AdaptiveConcurrency`] admitted. [Complete](Limiter::complete) it with an outcome, or
/// drop it where that tells nothing.
#[must_use = "it is given back when it is dropped"]
pub struct AdaptivePermit<'a, R: Runtime = DynRuntime> {
    permit: Permit<'a, R>,
    begun: Instant,
}

impl<R: Runtime> AdaptivePermit<'_, R> {
    /// Its weight.
    pub const fn weight(&self) -> u32 {
        self.permit.weight()
    }
}

impl<R: Runtime> fmt::Debug for AdaptivePermit<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let weight = self.weight();
        f.debug_struct("AdaptivePermit").field("weight", &weight).finish_non_exhaustive()
    }
}
