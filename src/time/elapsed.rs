use std::fmt;
use std::time::Duration;

use mtaio_runtime::Instant;
use thiserror::Error;

use super::deadline::Deadline;
use crate::retryable::Retryable;

/// Something was not done in the time that it was given.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::time::{Deadline, TimeLimit, sleep, timeout};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let [short, long] = [1, 60].map(Duration::from_secs);
/// let late = timeout(&rt, short, sleep(&rt, long)).await.unwrap_err();
/// assert_eq!((late.by(), late.limit()), (TimeLimit::Timeout, short));
/// assert_eq!(late.to_string(), "not done within 1s");
///
/// let request = Deadline::after(&rt, short).named("request");
/// let late = request.run(&rt, timeout(&rt, long, sleep(&rt, long))).await.unwrap().unwrap_err();
/// assert_eq!(late.by(), TimeLimit::Inherited(Some("request")));
/// assert_eq!(late.to_string(), "not done by the inherited deadline `request`, after 1s");
/// # });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{}", Told(self))]
pub struct Elapsed {
    limit: Duration,
    waited: Duration,
    by: TimeLimit,
}

/// Which limit it was that ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeLimit {
    /// A timeout of the wait's own.
    Timeout,
    /// The deadline of the scope that was waited for, by its name if it has one.
    Deadline(Option<&'static str>),
    /// A deadline from further out, of a scope around the wait or around where its task was
    /// spawned, by its name if it has one.
    Inherited(Option<&'static str>),
}

impl Elapsed {
    /// What was given `limit` was not done in it, and `waited` is how long that was.
    pub(crate) const fn timeout(limit: Duration, waited: Duration) -> Self {
        Self { limit, waited, by: TimeLimit::Timeout }
    }

    /// What began at `began` was not done by its `deadline`, and it is `now`.
    pub(crate) const fn deadline(deadline: Deadline, began: Instant, now: Instant) -> Self {
        Self { by: TimeLimit::Deadline(deadline.name()), ..Self::inherited(deadline, began, now) }
    }

    /// What began at `began` was not done by the inherited `deadline`, and it is `now`.
    pub(crate) const fn inherited(deadline: Deadline, began: Instant, now: Instant) -> Self {
        Self {
            limit: deadline.instant().saturating_duration_since(began),
            waited: now.saturating_duration_since(began),
            by: TimeLimit::Inherited(deadline.name()),
        }
    }

    /// The time that was given: to a timeout or a deadline what it was made with, to what inherited
    /// a deadline what was left of it.
    pub const fn limit(&self) -> Duration {
        self.limit
    }

    /// The time that was waited: at least the limit, unless part of a deadline's time was over
    /// before the wait.
    pub const fn waited(&self) -> Duration {
        self.waited
    }

    /// Which limit it was.
    pub const fn by(&self) -> TimeLimit {
        self.by
    }

    /// Whether the deadline is one from further out: trying again under it makes no sense.
    pub const fn is_inherited(&self) -> bool {
        matches!(self.by, TimeLimit::Inherited(_))
    }
}

impl Retryable for Elapsed {
    /// It may be quicker the next time; but not under an inherited deadline, which is over.
    fn is_retryable(&self) -> bool {
        !self.is_inherited()
    }
}

struct Told<'a>(&'a Elapsed);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Elapsed { limit, waited, by } = self.0;
        let name = match by {
            TimeLimit::Timeout => return write!(f, "not done within {limit:?}"),
            TimeLimit::Deadline(name) => {
                f.write_str("not done by the deadline")?;
                name
            }
            TimeLimit::Inherited(name) => {
                f.write_str("not done by the inherited deadline")?;
                name
            }
        };
        if let Some(name) = name {
            write!(f, " `{name}`")?;
        }
        write!(f, ", after {waited:?}")
    }
}
