use std::sync::Arc;
use std::time::Duration;

use super::retry::{Attempt, GaveUp};
use crate::contain::{contain, discard};

/// Hears what a policy does, as it does it: for counters, logs, traces.
///
/// A closure is one. It is called in place, without any lock, so it should be quick; it may call
/// whom it hears of, though to answer a call that was refused with another one has no end. What it
/// panics with is dropped, and costs nobody else. Of what happens on several threads at once it hears
/// in any order. The unit type hears nothing, and for it events are not even made.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicU32, Ordering};
/// use std::time::Duration;
/// use mtaio::policy::{Attempt, PolicyEvent, Retry};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let retries = Arc::new(AtomicU32::new(0));
/// let retry = Retry::constant(Duration::from_millis(10))
///     .listener({
///         let retries = Arc::clone(&retries);
///         move |event: &PolicyEvent| {
///             if let PolicyEvent::Retry { .. } = event {
///                 retries.fetch_add(1, Ordering::Relaxed);
///             }
///         }
///     })
///     .build()?;
/// let answer = retry.run(&rt, async |attempt: Attempt| match attempt.number() {
///     1 => Err("busy"),
///     _ => Ok("done"),
/// });
/// assert_eq!(answer.await.unwrap(), "done");
/// assert_eq!(retries.load(Ordering::Relaxed), 1);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't listen to a policy",
    label = "not a listener",
    note = "write `move |event: &PolicyEvent| ..`, or implement `Listener`; it must be `Send + Sync`"
)]
pub trait Listener: Send + Sync {
    /// Hears an event.
    fn hear(&self, event: &PolicyEvent);

    /// Whether it hears anything at all.
    fn listens(&self) -> bool {
        true
    }
}

/// What a policy did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PolicyEvent {
    /// An attempt begins.
    Attempt(Attempt),
    /// An attempt failed, and there will be another one.
    Retry {
        /// The one that failed.
        attempt: Attempt,
        /// How long from now the next one begins.
        delay: Duration,
    },
    /// An attempt failed, and there will be no other one.
    GaveUp {
        /// The one that failed.
        attempt: Attempt,
        /// Why it was the last.
        reason: GaveUp,
    },
    /// A breaker opened: nothing is let through.
    Opened {
        /// For how long; nothing where that was set by hand.
        open_for: Option<Duration>,
    },
    /// A breaker lets a few calls through, to see how they go.
    HalfOpen,
    /// A breaker closed: everything is let through.
    Closed,
    /// A limiter, or a breaker, did not admit a call.
    Limited,
    /// A call was not done in the time that it was given.
    TimedOut {
        /// The time that it was given.
        limit: Duration,
    },
}

impl Listener for () {
    #[inline]
    fn hear(&self, _event: &PolicyEvent) {}

    #[inline]
    fn listens(&self) -> bool {
        false
    }
}

impl<F: Fn(&PolicyEvent) + Send + Sync> Listener for F {
    fn hear(&self, event: &PolicyEvent) {
        self(event);
    }
}

impl<L: Listener + ?Sized> Listener for Arc<L> {
    fn hear(&self, event: &PolicyEvent) {
        (**self).hear(event);
    }

    fn listens(&self) -> bool {
        (**self).listens()
    }
}

/// Tells who listens, and contains their panics.
#[inline]
pub(crate) fn tell<L: Listener + ?Sized>(listener: &L, event: impl FnOnce() -> PolicyEvent) {
    if listener.listens()
        && let Err(panic) = contain(|| listener.hear(&event()))
    {
        discard(panic);
    }
}
