use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::ptr;
use std::task::{Context, Poll};

use mtaio_runtime::{Ambient, Instant, Runtime, Sleep};
use pin_project_lite::pin_project;

use super::cover::{self, Polling, Told};
use super::deadline::Deadline;
use super::elapsed::Elapsed;
use super::handle::Handle;

/// Runs `future` until the inherited deadline; for ever, where nobody set one.
///
/// This is how a wait that knows no runtime, of a queue, a latch or a foreign crate, honours the
/// deadline of the scope or the task that it is in.
///
/// # Errors
///
/// [`Elapsed`] at the deadline. `future` has been dropped then.
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
/// use mtaio::queue::Queue;
/// use mtaio::time::{Deadline, until_deadline};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let second = Duration::from_secs(1);
/// let consumer = async {
///     let inner = rt.clone();
///     rt.spawn(async move {
///         let orders = Queue::<u32>::bounded(8)?;
///         Ok::<_, mtaio::ConfigError>(until_deadline(&inner, orders.get()).await)
///     })
///     .await
/// };
/// let got = Deadline::after(&rt, second).run(&rt, consumer).await.unwrap().unwrap();
/// assert_eq!(got?.unwrap_err().limit(), second);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub fn until_deadline<R, F>(rt: &R, future: F) -> WithDeadline<'_, F, R>
where
    R: Runtime,
    F: Future,
{
    WithDeadline::new(rt, None, future)
}

pin_project! {
    /// The future of [`Deadline::run`] and of [`until_deadline`].
    #[must_use = "futures do nothing unless polled"]
    pub struct WithDeadline<'a, F, R: Runtime> {
        #[pin]
        future: Option<F>,
        own: Option<Deadline>,
        // Since when the time counts, once that matters.
        began: Option<Instant>,
        #[pin]
        timer: Option<R::Sleep>,
        // When the timer fires.
        due: Instant,
        told: Told,
        rt: Handle<'a, R>,
        // Others know it by its address.
        #[pin]
        pinned: PhantomPinned,
    }
}

impl<'a, F, R: Runtime> WithDeadline<'a, F, R> {
    pub(super) fn new(rt: &'a R, own: Option<Deadline>, future: F) -> Self {
        Self {
            future: Some(future),
            began: own.and_then(|own| own.made()),
            own,
            timer: None,
            due: Instant::MAX,
            told: Told::default(),
            rt: Handle::Borrowed(rt),
            pinned: PhantomPinned,
        }
    }

    /// The same with a runtime of its own instead of a borrowed one: a future that can be returned
    /// from where the runtime is, or spawned.
    pub fn into_owned(self) -> WithDeadline<'static, F, R> {
        let Self { future, own, began, timer, due, told, rt, pinned } = self;
        WithDeadline { future, own, began, timer, due, told, rt: rt.into_owned(), pinned }
    }
}

impl<F: Future, R: Runtime> Future for WithDeadline<'_, F, R> {
    type Output = Result<F::Output, Elapsed>;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let rt = this.rt.get();
        let inherited = Ambient::current();
        let ambient = match &*this.own {
            Some(own) => inherited.clone().with_named_deadline(own.instant(), own.name()),
            None => inherited.clone(),
        };
        let polling = Polling::enter(ptr::from_ref(&*this.own).addr(), cx.waker(), rt);
        let polled = ambient.enter(|| match this.future.as_mut().as_pin_mut() {
            Some(future) => future.poll(cx),
            None => panic!("polled after it was ready"),
        });
        if let Poll::Ready(output) = polled {
            drop(polling);
            this.told.take_back();
            this.timer.set(None);
            return Poll::Ready(Ok(output));
        }

        // Without a deadline this is an instant that does not come.
        let deadline = ambient.deadline().unwrap_or(Instant::MAX);
        if deadline < Instant::MAX && this.began.is_none() {
            *this.began = Some(rt.now());
        }
        let kept_inside = polling.kept_inside();
        if this.timer.is_none() && kept_inside <= deadline {
            if polling.leave() && kept_inside < Instant::MAX {
                cover::tell(kept_inside);
            }
            return Poll::Pending;
        }
        if this.timer.is_none() {
            this.timer.set(Some(rt.sleep_until(deadline)));
            *this.due = deadline;
        }
        if let Some(mut timer) = this.timer.as_mut().as_pin_mut() {
            if *this.due != deadline {
                timer.as_mut().reset(deadline);
                *this.due = deadline;
            }
            if timer.poll(cx).is_pending() {
                let serves = polling.leave();
                this.told.remember(serves, cx.waker());
                if serves {
                    cover::tell(kept_inside.min(deadline));
                }
                return Poll::Pending;
            }
        }
        ambient.enter(|| this.future.set(None));
        drop(polling);
        this.told.take_back();
        this.timer.set(None);
        let now = rt.now();
        Poll::Ready(Err(elapsed(*this.own, &inherited, this.began.unwrap_or(now), now)))
    }
}

/// What began at `began` has come to its own deadline or to the inherited one, whichever is first.
#[cold]
fn elapsed(own: Option<Deadline>, inherited: &Ambient, began: Instant, now: Instant) -> Elapsed {
    let outer = inherited.deadline().unwrap_or(Instant::MAX);
    match own {
        Some(own) if own.instant() < outer => Elapsed::deadline(own, began, now),
        _ => Elapsed::inherited(Deadline::of(inherited, outer), began, now),
    }
}
