use std::cell::Cell;
use std::future::Future;
use std::num::NonZeroU64;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use crate::Instant;

/// What a task inherits from where it was spawned: the deadline that its caller set, and where in a
/// trace it was.
///
/// The surroundings of the running code are kept in a thread-local that is set for the length of
/// one poll and restored after it, so they follow a task from thread to thread and need no
/// runtime's task-locals. [`RuntimeExt::spawn`](crate::RuntimeExt::spawn) hands them to the child;
/// [`Runtime::spawn_detached`](crate::Runtime::spawn_detached) does not.
///
/// Nothing is cancelled by a deadline: waits that honour it end early with an error of theirs.
///
/// # Examples
///
/// ```
/// use mtaio_runtime::{Ambient, Instant};
///
/// let hour = Instant::from_nanos(3_600_000_000_000);
/// let day = Instant::from_nanos(86_400_000_000_000);
///
/// let outer = Ambient::current().with_deadline(hour);
/// let seen = outer.enter(|| Ambient::current().with_deadline(day).deadline());
/// assert_eq!(seen, Some(hour), "an inner deadline can only be the tighter one");
/// assert_eq!(Ambient::current().deadline(), None);
/// ```
#[derive(Clone, Debug)]
pub struct Ambient {
    /// [`Instant::MAX`], which does not come, where there is none.
    deadline: Instant,
    name: Option<&'static str>,
    mark: Option<NonZeroU64>,
}

thread_local! {
    static CURRENT: Cell<Ambient> = const { Cell::new(Ambient::empty()) };
}

impl Ambient {
    /// No deadline, no mark: the surroundings of code that nobody gave any.
    pub const fn empty() -> Self {
        Self { deadline: Instant::MAX, name: None, mark: None }
    }

    /// The surroundings of the code that runs now; empty outside a task.
    #[inline]
    pub fn current() -> Self {
        let current = CURRENT.take();
        CURRENT.set(current.clone());
        current
    }

    /// The instant after which nobody waits for the result any more.
    #[inline]
    pub const fn deadline(&self) -> Option<Instant> {
        if self.deadline.as_nanos() == Instant::MAX.as_nanos() { None } else { Some(self.deadline) }
    }

    /// What whoever set the deadline called it, for errors.
    #[inline]
    pub const fn deadline_name(&self) -> Option<&'static str> {
        self.name
    }

    /// The same surroundings under `deadline`, or under the present one where that is not later.
    #[must_use]
    #[inline]
    pub const fn with_deadline(self, deadline: Instant) -> Self {
        self.with_named_deadline(deadline, None)
    }

    /// As [`with_deadline`](Self::with_deadline), with a name for errors.
    #[must_use]
    #[inline]
    pub const fn with_named_deadline(self, deadline: Instant, name: Option<&'static str>) -> Self {
        if deadline.as_nanos() < self.deadline.as_nanos() {
            Self { deadline, name, ..self }
        } else {
            self
        }
    }

    /// Where in a trace the code is that runs now: the number that a tracer put here.
    ///
    /// What it means is known to that tracer alone, which has to tell its own numbers from those of
    /// others. Of two tracers around the same code the inner one is seen.
    #[inline]
    pub const fn mark(&self) -> Option<NonZeroU64> {
        self.mark
    }

    /// The same surroundings with another mark, or with none.
    #[must_use]
    #[inline]
    pub const fn with_mark(self, mark: Option<NonZeroU64>) -> Self {
        Self { mark, ..self }
    }

    /// Runs `f` in these surroundings.
    pub fn enter<T>(&self, f: impl FnOnce() -> T) -> T {
        let _restore = Restore(CURRENT.replace(self.clone()));
        f()
    }

    /// Polls `future` in these surroundings, each time.
    pub const fn attach<F: Future>(self, future: F) -> Attached<F> {
        Attached { future, ambient: self }
    }
}

impl Default for Ambient {
    fn default() -> Self {
        Self::empty()
    }
}

/// Puts the surroundings back also when the code inside panics.
struct Restore(Ambient);

impl Drop for Restore {
    #[inline]
    fn drop(&mut self) {
        CURRENT.set(std::mem::take(&mut self.0));
    }
}

pin_project! {
    /// The future of [`Ambient::attach`].
    ///
    /// # Cancel safety
    ///
    /// That of the future inside.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Attached<F> {
        #[pin]
        future: F,
        ambient: Ambient,
    }
}

impl<F: Future> Future for Attached<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        this.ambient.enter(|| this.future.poll(cx))
    }
}

pin_project! {
    /// A future in no surroundings, wherever it is polled. For adapters: what
    /// [`Runtime::spawn_detached`](crate::Runtime::spawn_detached) is given inherits nothing, also
    /// not from a task that happens to drive the executor.
    ///
    /// # Cancel safety
    ///
    /// That of the future inside.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Detached<F> {
        #[pin]
        future: F,
    }
}

impl<F: Future> Detached<F> {
    /// Takes `future` out of all surroundings.
    pub const fn new(future: F) -> Self {
        Self { future }
    }
}

impl<F: Future> Future for Detached<F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        const { &Ambient::empty() }.enter(|| self.project().future.poll(cx))
    }
}

#[cfg(test)]
mod tests {
    use std::panic::{AssertUnwindSafe, catch_unwind};

    use super::*;

    #[test]
    fn the_surroundings_come_back_after_a_panic() {
        let ambient = Ambient::empty().with_deadline(Instant::from_nanos(7));
        let caught = catch_unwind(AssertUnwindSafe(|| ambient.enter(|| panic!("inside"))));
        assert!(caught.is_err());
        assert_eq!(Ambient::current().deadline(), None);
    }

    #[test]
    fn the_tighter_deadline_holds() {
        let (early, late) = (Instant::from_nanos(1), Instant::from_nanos(2));
        let deadline = |a, b| Ambient::empty().with_deadline(a).with_deadline(b).deadline();
        assert_eq!(deadline(early, late), Some(early));
        assert_eq!(deadline(late, early), Some(early));
        assert_eq!(deadline(late, Instant::MAX), Some(late));
        assert_eq!(Ambient::empty().with_deadline(Instant::MAX).deadline(), None);
    }

    #[test]
    fn a_mark_stays_under_another_deadline() {
        let mark = NonZeroU64::new(7);
        let marked = Ambient::empty().with_mark(mark).with_deadline(Instant::from_nanos(1));
        assert_eq!((marked.mark(), marked.deadline()), (mark, Some(Instant::from_nanos(1))));
        assert_eq!(marked.enter(|| Ambient::current().mark()), mark);
        assert_eq!(Ambient::current().mark(), None);
        let unmarked = marked.with_mark(None);
        assert_eq!((unmarked.mark(), unmarked.deadline()), (None, Some(Instant::from_nanos(1))));
    }

    #[test]
    fn a_name_belongs_to_the_deadline_that_holds() {
        let (early, late) = (Instant::from_nanos(1), Instant::from_nanos(2));
        let named = |deadline, name| Ambient::empty().with_named_deadline(deadline, Some(name));
        let name = |ambient: Ambient| ambient.deadline_name();
        assert_eq!(name(named(early, "outer").with_deadline(late)), Some("outer"));
        assert_eq!(name(named(late, "outer").with_deadline(early)), None);
        assert_eq!(
            name(named(late, "outer").with_named_deadline(late, Some("inner"))),
            Some("outer")
        );
        assert_eq!(
            name(named(late, "outer").with_named_deadline(early, Some("inner"))),
            Some("inner")
        );
    }
}
