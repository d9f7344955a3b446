use std::future::Future;
use std::marker::PhantomPinned;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mtaio_runtime::{Ambient, Instant, Runtime};
use pin_project_lite::pin_project;

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
        #[pin]
        sleep: Option<R::Sleep>,
        own: Option<Deadline>,
        // Since when the time counts, once that matters.
        began: Option<Instant>,
        armed: Instant,
        rt: Handle<'a, R>,
        #[pin]
        pinned: PhantomPinned,
    }
}

impl<'a, F, R: Runtime> WithDeadline<'a, F, R> {
    pub(super) fn new(rt: &'a R, own: Option<Deadline>, future: F) -> Self {
        Self {
            future: Some(future),
            sleep: None,
            began: own.and_then(|own| own.made()),
            own,
            armed: Instant::MAX,
            rt: Handle::Borrowed(rt),
            pinned: PhantomPinned,
        }
    }

    /// The same with a runtime of its own instead of a borrowed one: a future that can be returned
    /// from where the runtime is, or spawned.
    pub fn into_owned(self) -> WithDeadline<'static, F, R> {
        let Self { future, sleep, own, began, armed, rt, pinned } = self;
        WithDeadline { future, sleep, own, began, armed, rt: rt.into_owned(), pinned }
    }
}

impl<F: Future, R: Runtime> Future for WithDeadline<'_, F, R> {
    type Output = Result<F::Output, Elapsed>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let inherited = Ambient::current();
        let ambient = match &this.own {
            Some(own) => own.ambient(),
            None => inherited.clone(),
        };
        let polled = ambient.enter(|| match this.future.as_mut().as_pin_mut() {
            Some(future) => future.poll(cx),
            None => panic!("polled after it was ready"),
        });
        if let Poll::Ready(output) = polled {
            return Poll::Ready(Ok(output));
        }
        let Some(deadline) = ambient.deadline() else { return Poll::Pending };
        let rt = this.rt.get();
        let began = *this.began.get_or_insert_with(|| rt.now());
        if this.sleep.is_none() || *this.armed != deadline {
            this.sleep.set(Some(rt.sleep_until(deadline)));
            *this.armed = deadline;
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut() {
            ready!(sleep.poll(cx));
        }
        ambient.enter(|| this.future.set(None));
        let now = rt.now();
        Poll::Ready(Err(match &this.own {
            Some(own) if inherited.deadline().is_none_or(|outer| own.instant() < outer) => {
                Elapsed::deadline(*own, began, now)
            }
            _ => {
                let mut outer = Deadline::at(deadline);
                if let Some(name) = ambient.deadline_name() {
                    outer = outer.named(name);
                }
                Elapsed::inherited(outer, began, now)
            }
        }))
    }
}
