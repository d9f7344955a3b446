use std::future::Future;
use std::time::Duration;

use mtaio_runtime::{Ambient, Instant, Runtime};

use super::scope::WithDeadline;

/// The instant after which nobody waits for a piece of work any more.
///
/// It is a value: make it where the time begins to count, before any queue perhaps, hand it along,
/// and [`run`](Self::run) the work under it. What runs there, and every task that it spawns with
/// `rt.spawn`, inherits the deadline; under it a deadline of one's own can only be the tighter one.
/// All waits of this library that have a runtime end with it. Those that have none, and foreign
/// futures, are put into [`until_deadline`].
///
/// A deadline kills no task: waits end with an error, and what their task does then is its own
/// affair.
///
/// [`until_deadline`]: super::until_deadline
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::RuntimeExt;
/// use mtaio::time::{Deadline, TimeLimit, sleep};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let second = Duration::from_secs(1);
/// let request = Deadline::after(&rt, second).named("request");
/// rt.sleep(second / 4).await; // Waits in a queue, say.
///
/// let answer = request.run(&rt, async {
///     let left = Deadline::current().map(|deadline| deadline.remaining(&rt));
///     assert_eq!(left, Some(second * 3 / 4));
///
///     let inner = rt.clone();
///     let child = rt.spawn(async move { sleep(&inner, second * 60).await });
///     child.await
/// });
/// let late = answer.await.unwrap().unwrap().unwrap_err();
/// assert_eq!(late.by(), TimeLimit::Inherited(Some("request")));
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "a deadline does nothing by itself: `run` something under it"]
pub struct Deadline {
    at: Instant,
    /// When it was made; the latest instant where that is not known.
    made: Instant,
    name: Option<&'static str>,
}

impl Deadline {
    /// The deadline in `limit` from now.
    #[inline]
    pub fn after<R: Runtime>(rt: &R, limit: Duration) -> Self {
        let made = rt.now();
        Self { at: made.saturating_add(limit), made, name: None }
    }

    /// The deadline at `instant`, which may have passed.
    pub const fn at(instant: Instant) -> Self {
        Self { at: instant, made: Instant::MAX, name: None }
    }

    /// Calls it so in errors.
    pub const fn named(mut self, name: &'static str) -> Self {
        self.name = Some(name);
        self
    }

    /// The deadline that the running code has inherited, or is run under; `None` where nobody set
    /// one.
    pub fn current() -> Option<Self> {
        let ambient = Ambient::current();
        ambient.deadline().map(|at| Self::of(&ambient, at))
    }

    /// The deadline at `instant`, which is that of `ambient`.
    pub(super) const fn of(ambient: &Ambient, instant: Instant) -> Self {
        Self { name: ambient.deadline_name(), ..Self::at(instant) }
    }

    /// When it is.
    pub const fn instant(&self) -> Instant {
        self.at
    }

    /// The time that is left, zero when it is over.
    pub fn remaining<R: Runtime>(&self, rt: &R) -> Duration {
        self.at.saturating_duration_since(rt.now())
    }

    /// Whether it is over.
    pub fn has_passed<R: Runtime>(&self, rt: &R) -> bool {
        rt.now() >= self.at
    }

    /// What it is called.
    pub const fn name(&self) -> Option<&'static str> {
        self.name
    }

    /// The surroundings of what runs under it, here.
    pub(crate) fn ambient(&self) -> Ambient {
        Ambient::current().with_named_deadline(self.at, self.name)
    }

    /// When it was made, where that is known.
    pub(super) const fn made(&self) -> Option<Instant> {
        if self.made.as_nanos() == Instant::MAX.as_nanos() { None } else { Some(self.made) }
    }

    /// Runs `future` under this deadline, or under the inherited one where that is earlier.
    ///
    /// What is ready at the deadline, or when it is looked at after it, is in time. Of scopes in
    /// each other only one that has the earliest deadline keeps a timer, where they use the same
    /// runtime by the same reference.
    ///
    /// # Errors
    ///
    /// [`Elapsed`](super::Elapsed) at the deadline. `future` has been dropped then.
    ///
    /// # Cancel safety
    ///
    /// That of the future inside.
    pub fn run<'a, R, F>(&self, rt: &'a R, future: F) -> WithDeadline<'a, F, R>
    where
        R: Runtime,
        F: Future,
    {
        WithDeadline::new(rt, Some(*self), future)
    }
}
