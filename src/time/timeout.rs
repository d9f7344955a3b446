use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mtaio_runtime::{Runtime, RuntimeExt};
use pin_project_lite::pin_project;

use super::elapsed::Elapsed;

/// Gives `future` at most `limit` to become ready; `None` gives it for ever.
///
/// The time counts from the first poll. A future that is ready then costs no look at a clock and
/// no timer.
///
/// # Errors
///
/// [`Elapsed`] when the time is up. The future is dropped with the `Timeout`.
///
/// # Cancel safety
///
/// That of the future inside.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::RuntimeExt;
/// use mtaio::time::timeout;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let second = Duration::from_secs(1);
/// assert_eq!(timeout(&rt, second, async { 42 }).await, Ok(42));
/// assert!(timeout(&rt, second, rt.sleep(2 * second)).await.is_err());
/// assert!(timeout(&rt, None, rt.sleep(2 * second)).await.is_ok());
/// # });
/// ```
pub fn timeout<R, F>(rt: &R, limit: impl Into<Option<Duration>>, future: F) -> Timeout<'_, F, R>
where
    R: Runtime,
    F: Future,
{
    Timeout { future, sleep: None, limit: limit.into(), rt: Handle::Borrowed(rt) }
}

pin_project! {
    /// The future of [`timeout`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<'a, F, R: Runtime> {
        #[pin]
        future: F,
        // Made when the future was pending for the first time.
        #[pin]
        sleep: Option<R::Sleep>,
        limit: Option<Duration>,
        rt: Handle<'a, R>,
    }
}

/// To clone a runtime costs as much as half of a timer, and hardly any timeout outlives the one
/// that it was given.
enum Handle<'a, R> {
    Borrowed(&'a R),
    Owned(R),
}

impl<'a, F, R: Runtime> Timeout<'a, F, R> {
    /// The same with a runtime of its own instead of a borrowed one: a future that can be returned
    /// from where the runtime is, or spawned.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio::RuntimeExt;
    /// use mtaio::time::timeout;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let task = rt.spawn(timeout(&rt, Duration::from_secs(1), async { 42 }).into_owned());
    /// assert!(matches!(task.await, Ok(Ok(42))));
    /// # });
    /// ```
    pub fn into_owned(self) -> Timeout<'static, F, R> {
        let rt = match self.rt {
            Handle::Borrowed(rt) => rt.clone(),
            Handle::Owned(rt) => rt,
        };
        let Self { future, sleep, limit, .. } = self;
        Timeout { future, sleep, limit, rt: Handle::Owned(rt) }
    }

    /// Gives it another limit, before the first poll.
    pub(crate) fn set_limit(&mut self, limit: Option<Duration>) {
        self.limit = limit;
    }
}

impl<F: Future, R: Runtime> Future for Timeout<'_, F, R> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        if let Poll::Ready(output) = this.future.poll(cx) {
            return Poll::Ready(Ok(output));
        }
        let Some(limit) = *this.limit else {
            return Poll::Pending;
        };
        if this.sleep.is_none() {
            let rt = match this.rt {
                Handle::Borrowed(rt) => *rt,
                Handle::Owned(rt) => rt,
            };
            this.sleep.set(Some(rt.sleep(limit)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        Poll::Ready(Err(Elapsed::new(limit)))
    }
}
