use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime};
use pin_project_lite::pin_project;

use super::deadline::Deadline;
use super::elapsed::Elapsed;

/// Waits for `duration`, or until the inherited deadline where that is earlier. The clock starts
/// with this call.
///
/// # Errors
///
/// [`Elapsed`] at the deadline.
///
/// # Cancel safety
///
/// It holds nothing: dropping it loses nothing.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::Runtime;
/// use mtaio::time::{Deadline, sleep};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let (start, second) = (rt.now(), Duration::from_secs(1));
/// let late = Deadline::after(&rt, second).run(&rt, async { sleep(&rt, 60 * second).await });
/// assert!(late.await.unwrap().is_err());
/// assert_eq!(rt.now(), start + second);
/// assert!(sleep(&rt, 60 * second).await.is_ok());
/// # });
/// ```
pub fn sleep<R: Runtime>(rt: &R, duration: Duration) -> Sleeping<'_, R> {
    let now = rt.now();
    Sleeping::new(rt, now, now.saturating_add(duration))
}

/// Waits until `instant`, or until the inherited deadline where that is earlier.
///
/// # Errors
///
/// [`Elapsed`] at the deadline.
///
/// # Cancel safety
///
/// It holds nothing: dropping it loses nothing.
pub fn sleep_until<R: Runtime>(rt: &R, instant: Instant) -> Sleeping<'_, R> {
    Sleeping::new(rt, rt.now(), instant)
}

pin_project! {
    /// The future of [`sleep`] and [`sleep_until`].
    #[must_use = "futures do nothing unless polled"]
    pub struct Sleeping<'a, R: Runtime> {
        #[pin]
        sleep: R::Sleep,
        began: Instant,
        // The one that ends it before its time.
        deadline: Option<Deadline>,
        rt: &'a R,
    }
}

impl<'a, R: Runtime> Sleeping<'a, R> {
    fn new(rt: &'a R, began: Instant, end: Instant) -> Self {
        let deadline = Deadline::current().filter(|deadline| deadline.instant() < end);
        let sleep = rt.sleep_until(deadline.map_or(end, |deadline| deadline.instant()));
        Self { sleep, began, deadline, rt }
    }
}

impl<R: Runtime> Future for Sleeping<'_, R> {
    type Output = Result<(), Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        ready!(this.sleep.poll(cx));
        Poll::Ready(match this.deadline {
            Some(deadline) => Err(Elapsed::inherited(*deadline, *this.began, this.rt.now())),
            None => Ok(()),
        })
    }
}
