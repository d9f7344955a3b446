use std::time::Duration;

use crate::config::{ConfigError, check_period};

/// Where the stages of a policy stand, to see whether they make sense there.
///
/// A stage of your own may say nothing of itself; the rules, which stand at
/// [`Policy`](super::Policy), then pass it over.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    stages: Vec<Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    kind: Kind,
    /// What it is limited to, or waits for.
    time: Option<Duration>,
    /// Which of those that are shared, and must not be there twice, it is.
    identity: Option<u64>,
    weight: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Fallback,
    Deadline,
    Cache,
    Retry,
    Hedge,
    Breaker,
    Limit(&'static str),
    Timeout,
}

impl Kind {
    /// As the builder's method is called.
    const fn name(self) -> &'static str {
        match self {
            Self::Fallback => "fallback",
            Self::Deadline => "deadline",
            Self::Cache => "cache",
            Self::Retry => "retry",
            Self::Hedge => "hedge",
            Self::Breaker => "breaker",
            Self::Limit(name) => name,
            Self::Timeout => "timeout",
        }
    }
}

impl Plan {
    /// A stage of this kind, inside of those that were noted before.
    pub(crate) fn note(&mut self, kind: Kind) {
        self.stages.push(Entry::new(kind));
    }

    /// One that has a time.
    pub(super) fn note_time(&mut self, kind: Kind, time: Option<Duration>) {
        self.stages.push(Entry { time, ..Entry::new(kind) });
    }

    /// A limiter, of which so much is held.
    pub(super) fn note_limit(&mut self, kind: Kind, weight: u32, rank: Option<u64>) {
        // What comes with time alone is not held, so nobody waits for himself.
        let identity = rank.filter(|rank| *rank != u64::MAX);
        self.stages.push(Entry { weight, identity, ..Entry::new(kind) });
    }

    /// One that is a handle of something shared.
    pub(super) fn note_shared(&mut self, kind: Kind, identity: usize) {
        self.stages.push(Entry { identity: Some(identity as u64), ..Entry::new(kind) });
    }

    /// Refuses a stage that can't make sense where it stands.
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        for (position, inner) in self.stages.iter().enumerate() {
            inner.check()?;
            for outer in &self.stages[..position] {
                check_pair(outer, inner)?;
            }
        }
        Ok(())
    }
}

impl Entry {
    const fn new(kind: Kind) -> Self {
        Self { kind, time: None, identity: None, weight: 1 }
    }

    fn check(&self) -> Result<(), ConfigError> {
        match (self.kind, self.time) {
            (Kind::Deadline | Kind::Timeout, Some(time)) => check_period(self.kind.name(), time),
            _ if self.weight == 0 => Err(ConfigError::new("weight", "0", "1 or more")),
            _ => Ok(()),
        }
    }
}

fn check_pair(outer: &Entry, inner: &Entry) -> Result<(), ConfigError> {
    use Kind::{Breaker, Cache, Deadline, Fallback, Hedge, Limit, Retry, Timeout};

    let refuse =
        |stage: &Entry, place, allowed| Err(ConfigError::new(stage.kind.name(), place, allowed));
    match (outer.kind, inner.kind) {
        (Retry, Retry) => refuse(inner, "inside another `retry`", "one, or attempts multiply"),
        (Hedge, Hedge) => refuse(inner, "inside another `hedge`", "one, or calls multiply"),
        (Deadline, Deadline) => {
            refuse(inner, "inside another `deadline`", "one, and `timeout` inside of it")
        }
        (Breaker, Retry) => {
            refuse(outer, "outside `retry`", "inside `retry`, where it sees each attempt")
        }
        (Hedge, Retry) => {
            refuse(outer, "outside `retry`", "inside `retry`, or each hedge tries again by itself")
        }
        (Timeout, Retry) => refuse(
            outer,
            "outside `retry`",
            "inside `retry`, for an attempt; `deadline` is for all",
        ),
        (Retry, Deadline) => {
            refuse(inner, "inside `retry`", "outside `retry`; `timeout` is for an attempt")
        }
        (Hedge, Deadline) => {
            refuse(inner, "inside `hedge`", "outside `hedge`; `timeout` is for one of its calls")
        }
        (Retry, Fallback) => refuse(inner, "inside `retry`", OUTSIDE_FALLBACK),
        (Hedge, Fallback) => refuse(inner, "inside `hedge`", OUTSIDE_FALLBACK),
        (Breaker, Fallback) => refuse(inner, "inside `breaker`", OUTSIDE_FALLBACK),
        (Cache, Fallback) => {
            refuse(inner, "inside `cache`", "outside `cache`, which would keep it")
        }
        (Cache, Cache) => refuse(inner, "inside another `cache`", "one"),
        (Hedge, Cache) => refuse(
            outer,
            "outside `cache`",
            "inside `cache`: outside it would wait for the same call",
        ),
        (Breaker, Cache) => refuse(
            outer,
            "outside `cache`",
            "inside `cache`, or what is kept would be its successes",
        ),
        (Breaker, Breaker) if outer.identity == inner.identity => {
            refuse(inner, "the same as one outside of it", "each breaker once")
        }
        (Limit(_), Limit(_)) if inner.identity.is_some() && outer.identity == inner.identity => {
            refuse(inner, "the same as one outside of it", "each limiter once")
        }
        (Deadline | Timeout, Timeout) => shorter_than_what_is_around(outer, inner),
        (Deadline, Retry) if inner.time > outer.time => {
            refuse_time("max_time", inner, "no more than the `deadline` around it")
        }
        (Deadline | Timeout, Hedge) if outer.time <= inner.time => {
            refuse_time("hedge", inner, "less than each `deadline` and `timeout` around it")
        }
        (Hedge, Timeout) if inner.time <= outer.time => {
            refuse_time("hedge", outer, "less than each `timeout` inside of it")
        }
        _ => Ok(()),
    }
}

const OUTSIDE_FALLBACK: &str = "outside `retry`, `hedge` and `breaker`, which would see no failure";

fn shorter_than_what_is_around(outer: &Entry, inner: &Entry) -> Result<(), ConfigError> {
    if inner.time > outer.time {
        let allowed = "no more than each `deadline` and `timeout` around it";
        return refuse_time("timeout", inner, allowed);
    }
    Ok(())
}

fn refuse_time(
    field: &'static str,
    stage: &Entry,
    allowed: &'static str,
) -> Result<(), ConfigError> {
    Err(ConfigError::new(field, format!("{:?}", stage.time.unwrap_or_default()), allowed))
}
