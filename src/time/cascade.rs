use std::fmt;
use std::future::{Future, IntoFuture, Ready};
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;
use std::vec;

use mtaio_runtime::{Instant, Runtime};
use pin_project_lite::pin_project;
use thiserror::Error;

use super::deadline::Deadline;
use super::elapsed::Elapsed;
use super::timeout::{Timeout, timeout};
use crate::callback::Callback;
use crate::config::{ConfigError, check_period};
use crate::retryable::Retryable;

/// Tries `f` with each of the `timeouts` in turn, until one of its attempts is done in time.
///
/// What is not done in time is dropped before the next attempt begins. A
/// [`fallback`](Cascade::fallback) may come after the last one.
///
/// An error of an attempt ends the cascade: it is told, not tried again. So does the deadline of the
/// surroundings: it cuts the attempt that runs, and none begins after it.
///
/// # Errors
///
/// [`ConfigError`] if there are no timeouts, or one of them is zero or more than 100 years. What
/// the cascade itself comes to is a [`CascadeError`].
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::RuntimeExt;
/// use mtaio::time::{Step, cascade};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let limits = [10, 20, 50].map(Duration::from_millis);
/// let replicas = ["near", "far", "farthest"];
///
/// let answer = cascade(&rt, limits, {
///     let rt = rt.clone();
///     async move |step: Step| {
///         rt.sleep(Duration::from_millis(15)).await;
///         Ok::<_, std::io::Error>(replicas[step.index])
///     }
/// })?;
/// assert_eq!(answer.await.unwrap(), "far");
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub fn cascade<R, F, T, E>(
    rt: &R,
    timeouts: impl IntoIterator<Item = Duration>,
    f: F,
) -> Result<Cascade<'_, F, R, NoFallback<T, E>>, ConfigError>
where
    R: Runtime,
    F: Callback<Step, Output = Result<T, E>>,
{
    let timeouts: Vec<_> = timeouts.into_iter().collect();
    if timeouts.is_empty() {
        return Err(ConfigError::new("timeouts", "empty", "1 or more of them"));
    }
    for &limit in &timeouts {
        check_period("timeouts", limit)?;
    }
    Ok(Cascade { rt, timeouts, f, fallback: None })
}

/// A [`cascade`] that has not begun: await it.
#[must_use = "a cascade does nothing unless it is awaited"]
pub struct Cascade<'a, F, R, B> {
    rt: &'a R,
    timeouts: Vec<Duration>,
    f: F,
    fallback: Option<B>,
}

/// What stands for the fallback of a [`Cascade`] that has none.
pub type NoFallback<T, E> = fn(Elapsed) -> Ready<Result<T, E>>;

/// An attempt of a [`cascade`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Step {
    /// Which one it is, from zero.
    pub index: usize,
    /// The time that it has.
    pub limit: Duration,
}

/// Why a [`cascade`] has no value to give.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum CascadeError<E> {
    /// No attempt was done in time, as the last one said.
    #[error(transparent)]
    Elapsed(#[from] Elapsed),
    /// An attempt, or the fallback, failed with this.
    #[error("{0}")]
    Failed(#[source] E),
}

impl<E> CascadeError<E> {
    /// The error of an attempt or of the fallback.
    pub fn into_failed(self) -> Option<E> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Elapsed(_) => None,
        }
    }

    /// Whether no attempt was done in time.
    pub const fn is_elapsed(&self) -> bool {
        matches!(self, Self::Elapsed(_))
    }
}

impl<E: Retryable> Retryable for CascadeError<E> {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Elapsed(elapsed) => elapsed.is_retryable(),
            Self::Failed(error) => error.is_retryable(),
        }
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Elapsed(_) => None,
            Self::Failed(error) => error.retry_after(),
        }
    }
}

impl<'a, F, R, B> Cascade<'a, F, R, B> {
    /// Calls `fallback`, with what the last attempt said, when none was done in time. It has no
    /// limit but the deadline of the surroundings, and does not begin when that is over.
    pub fn fallback<G, T, E>(self, fallback: G) -> Cascade<'a, F, R, G>
    where
        F: Callback<Step, Output = Result<T, E>>,
        G: Callback<Elapsed, Output = Result<T, E>>,
    {
        let Self { rt, timeouts, f, .. } = self;
        Cascade { rt, timeouts, f, fallback: Some(fallback) }
    }
}

impl<F, R, B> fmt::Debug for Cascade<'_, F, R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cascade").field("timeouts", &self.timeouts).finish_non_exhaustive()
    }
}

impl<'a, F, R, B, T, E> IntoFuture for Cascade<'a, F, R, B>
where
    R: Runtime,
    F: Callback<Step, Output = Result<T, E>>,
    B: Callback<Elapsed, Output = Result<T, E>>,
{
    type Output = Result<T, CascadeError<E>>;
    type IntoFuture = Cascading<'a, F, R, B, F::Future, B::Future>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { rt, timeouts, f, fallback } = self;
        let timeouts = timeouts.into_iter();
        Cascading { rt, timeouts, index: 0, began: None, f, fallback, now: Now::Nothing }
    }
}

pin_project! {
    /// The future of a [`Cascade`].
    ///
    /// # Cancel safety
    ///
    /// Dropping it drops the attempt that runs.
    #[must_use = "futures do nothing unless polled"]
    pub struct Cascading<'a, F, R: Runtime, B, S, G> {
        rt: &'a R,
        timeouts: vec::IntoIter<Duration>,
        index: usize,
        // When it began, once there was a deadline.
        began: Option<Instant>,
        f: F,
        fallback: Option<B>,
        #[pin]
        now: Now<'a, R, S, G>,
    }
}

pin_project! {
    #[project = NowProjected]
    enum Now<'a, R: Runtime, S, G> {
        Nothing,
        Step { #[pin] attempt: Timeout<'a, S, R> },
        Fallback { #[pin] last: Timeout<'a, G, R> },
    }
}

impl<F, R, B, T, E> Future for Cascading<'_, F, R, B, F::Future, B::Future>
where
    R: Runtime,
    F: Callback<Step, Output = Result<T, E>>,
    B: Callback<Elapsed, Output = Result<T, E>>,
{
    type Output = Result<T, CascadeError<E>>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        loop {
            let elapsed = match this.now.as_mut().project() {
                NowProjected::Nothing => None,
                NowProjected::Step { attempt } => match ready!(attempt.poll(cx)) {
                    Ok(done) => {
                        this.now.set(Now::Nothing);
                        return Poll::Ready(done.map_err(CascadeError::Failed));
                    }
                    Err(elapsed) => Some(elapsed),
                },
                NowProjected::Fallback { last } => {
                    let done = ready!(last.poll(cx));
                    this.now.set(Now::Nothing);
                    return Poll::Ready(done?.map_err(CascadeError::Failed));
                }
            };
            // Of an attempt that was not done in time nothing is left when the next one begins.
            this.now.set(Now::Nothing);
            if let Some(over) = elapsed.filter(Elapsed::is_inherited) {
                return Poll::Ready(Err(over.into()));
            }
            let rt = *this.rt;
            if let Some(deadline) = Deadline::current() {
                let now = rt.now();
                let began = *this.began.get_or_insert(now);
                if now >= deadline.instant() {
                    return Poll::Ready(Err(Elapsed::inherited(deadline, began, now).into()));
                }
            }
            if let Some(limit) = this.timeouts.next() {
                let step = Step { index: *this.index, limit };
                *this.index += 1;
                let attempt = timeout(rt, limit, this.f.clone().call(step));
                this.now.set(Now::Step { attempt });
                continue;
            }
            let Some(elapsed) = elapsed else { panic!("polled after it was ready") };
            let Some(fallback) = this.fallback.take() else {
                return Poll::Ready(Err(elapsed.into()));
            };
            this.now.set(Now::Fallback { last: timeout(rt, None, fallback.call(elapsed)) });
        }
    }
}
