use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mtaio_runtime::{Ambient, Instant, Runtime};
use pin_project_lite::pin_project;

use super::deadline::Deadline;
use super::elapsed::Elapsed;
use super::handle::Handle;

/// Gives `future` at most `limit` to become ready; `None` sets no limit. Where the deadline of the
/// surroundings is earlier, it holds.
///
/// The time counts from the first poll. A future that is ready then costs no look at a clock and
/// no timer.
///
/// # Errors
///
/// [`Elapsed`] when the time is up; it says which limit it was. The future is dropped with the
/// `Timeout`.
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
#[inline]
pub fn timeout<R, F>(rt: &R, limit: impl Into<Option<Duration>>, future: F) -> Timeout<'_, F, R>
where
    R: Runtime,
    F: Future,
{
    Timeout { future, timer: None, limit: limit.into(), rt: Handle::Borrowed(rt) }
}

pin_project! {
    /// The future of [`timeout`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Timeout<'a, F, R: Runtime> {
        #[pin]
        future: F,
        // Made when the future was pending for the first time.
        #[pin]
        timer: Option<Timer<R::Sleep>>,
        limit: Option<Duration>,
        rt: Handle<'a, R>,
    }
}

pin_project! {
    struct Timer<S> {
        #[pin]
        sleep: S,
        began: Instant,
        end: Instant,
    }
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
        let Self { future, timer, limit, rt } = self;
        Timeout { future, timer, limit, rt: rt.into_owned() }
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
        if this.timer.is_none() {
            let deadline = Ambient::current().deadline();
            if this.limit.is_none() && deadline.is_none() {
                return Poll::Pending;
            }
            let rt = this.rt.get();
            let began = rt.now();
            let end = this.limit.map_or(Instant::MAX, |limit| began.saturating_add(limit));
            let end = deadline.map_or(end, |deadline| deadline.min(end));
            this.timer.set(Some(Timer { sleep: rt.sleep_until(end), began, end }));
        }
        let Some(timer) = this.timer.as_mut().as_pin_mut() else {
            unreachable!("made above, where there was none")
        };
        let timer = timer.project();
        ready!(timer.sleep.poll(cx));
        Poll::Ready(Err(elapsed(*this.limit, *timer.began, *timer.end, this.rt.get().now())))
    }
}

/// What began at `began` has ended at `end`.
#[cold]
#[inline(never)]
fn elapsed(limit: Option<Duration>, began: Instant, end: Instant, now: Instant) -> Elapsed {
    match limit {
        Some(limit) if began + limit == end => Elapsed::timeout(limit, now - began),
        _ => {
            let deadline = Deadline::current().filter(|deadline| deadline.instant() == end);
            Elapsed::inherited(deadline.unwrap_or(Deadline::at(end)), began, now)
        }
    }
}
