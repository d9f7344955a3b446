use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};
use pin_project_lite::pin_project;

use super::elapsed::Elapsed;
use super::timeout::{Timeout, timeout};
use crate::config::{ConfigError, check_period};

/// Timeouts of one kind: a limit that holds unless another is given, and a count of those that were
/// not kept. Its clones count together.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::RuntimeExt;
/// use mtaio::time::Timeouts;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let second = Duration::from_secs(1);
/// let timeouts = Timeouts::new(&rt).default(second)?;
/// assert!(timeouts.run(rt.sleep(2 * second)).await.is_err());
/// assert!(timeouts.run_with(3 * second, rt.sleep(2 * second)).await.is_ok());
/// assert!(timeouts.run_with(None, rt.sleep(60 * second)).await.is_ok());
///
/// let stats = timeouts.stats();
/// assert_eq!((stats.run, stats.elapsed), (3, 1));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Timeouts<R: Runtime = DynRuntime> {
    rt: R,
    default: Option<Duration>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    run: AtomicU64,
    elapsed: AtomicU64,
}

/// What [`Timeouts`] have seen.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeoutsStats {
    /// Futures that were begun.
    pub run: u64,
    /// Those of them that were not done in time.
    pub elapsed: u64,
}

impl Timeouts {
    /// Timeouts that set no limit, on a runtime that does not show in the type.
    pub fn new<R: Runtime>(rt: &R) -> Self {
        Self::with_runtime(&DynRuntime::new(rt))
    }
}

impl<R: Runtime> Timeouts<R> {
    /// Timeouts that set no limit, on a runtime of known type.
    pub fn with_runtime(rt: &R) -> Self {
        Self { rt: rt.clone(), default: None, counts: Arc::default() }
    }

    /// Sets the limit that holds unless another is given; `None` is none.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is zero or more than 100 years.
    pub fn default(self, limit: impl Into<Option<Duration>>) -> Result<Self, ConfigError> {
        let default = limit.into();
        default.map_or(Ok(()), |limit| check_period("default", limit))?;
        Ok(Self { default, ..self })
    }

    /// Runs `future` within the default limit. See [`timeout`].
    ///
    /// # Errors
    ///
    /// [`Elapsed`] when the time is up.
    ///
    /// # Cancel safety
    ///
    /// That of the future inside.
    pub fn run<F: Future>(&self, future: F) -> Counted<'_, F, R> {
        self.run_with(self.default, future)
    }

    /// Runs `future` within `limit` instead of the default; `None` is no limit.
    ///
    /// # Errors
    ///
    /// [`Elapsed`] when the time is up.
    ///
    /// # Cancel safety
    ///
    /// That of the future inside.
    pub fn run_with<F: Future>(
        &self,
        limit: impl Into<Option<Duration>>,
        future: F,
    ) -> Counted<'_, F, R> {
        let timeout = timeout(&self.rt, limit, future);
        Counted { timeout, begun: false, counts: &self.counts }
    }

    /// How many there were.
    pub fn stats(&self) -> TimeoutsStats {
        // In this order none has elapsed that was not begun.
        let elapsed = self.counts.elapsed.load(Ordering::Acquire);
        TimeoutsStats { run: self.counts.run.load(Ordering::Relaxed), elapsed }
    }
}

impl<R: Runtime> fmt::Debug for Timeouts<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timeouts")
            .field("default", &self.default)
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`Timeouts::run`] and [`Timeouts::run_with`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Counted<'a, F, R: Runtime> {
        #[pin]
        timeout: Timeout<'a, F, R>,
        begun: bool,
        counts: &'a Counts,
    }
}

impl<F: Future, R: Runtime> Future for Counted<'_, F, R> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if !mem::replace(this.begun, true) {
            this.counts.run.fetch_add(1, Ordering::Relaxed);
        }
        let result = ready!(this.timeout.poll(cx));
        if result.is_err() {
            this.counts.elapsed.fetch_add(1, Ordering::Release);
        }
        Poll::Ready(result)
    }
}
