use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mtaio_runtime::Instant;

use crate::config::ConfigError;

/// How many retries all callers together may make: a share of their calls, and a few a second.
///
/// When everything fails, retries multiply what is asked of those who can't answer already. A budget
/// bounds that: each call pays in its ratio of a retry, and each retry takes out a whole one. With a
/// ratio of 0.2 an outage costs those who are out 1.2 times the calls, however many attempts each
/// caller may make. (The idea is that of Finagle's `RetryBudget`.)
///
/// It is a handle: its clones share one budget. It knows no runtime: who withdraws says what time
/// it is.
///
/// Over any stretch of time, retries are at most: what was [saved](RetryBudgetBuilder::max_saved)
/// before, and the ratio of the calls, and [so many a
/// second](RetryBudgetBuilder::min_per_second).
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::policy::{Attempt, GaveUp, Retry, RetryBudget};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let budget = RetryBudget::builder(0.2).build()?;
/// let retry = Retry::constant(Duration::from_millis(10))
///     .max_attempts(3)
///     .budget(&budget)
///     .build()?;
///
/// let mut attempts = 0;
/// for _ in 0..100 {
///     let refused = retry.run(&rt, async |_: Attempt| Err::<(), _>("out of order")).await;
///     attempts += refused.unwrap_err().attempts;
/// }
/// assert_eq!(attempts, 120);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct RetryBudget(Arc<Budget>);

struct Budget {
    /// What a call pays in, in [`TOKEN`]s.
    ratio: u64,
    /// The most that is kept.
    most: u64,
    /// Between two retries of the minimum; none where there is no minimum.
    interval: Option<u64>,
    /// What is there.
    balance: AtomicU64,
    /// When the minimum's next retry is due, if they are evenly spread: those of a second may come at
    /// once (GCRA).
    due: AtomicU64,
    granted: AtomicU64,
    refused: AtomicU64,
}

/// One retry.
const TOKEN: u64 = 1_000_000;
const SECOND: u64 = 1_000_000_000;
const MOST_RATIO: f64 = 10.0;
const MOST_SAVED: u32 = 1_000_000;

impl RetryBudget {
    /// A budget to which each call adds `ratio` of a retry, 0.001 to 10.
    pub const fn builder(ratio: f64) -> RetryBudgetBuilder {
        RetryBudgetBuilder { ratio, min_per_second: 0, max_saved: 100 }
    }

    /// Pays in for a call: once a call, not once an attempt.
    pub fn deposit(&self) {
        let Budget { ratio, most, balance, .. } = &*self.0;
        let add = |balance: u64| (balance < *most).then(|| (balance + ratio).min(*most));
        // Nothing to add where it is full.
        let _ = balance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// Takes out a retry at `now`, if there is one.
    #[must_use = "a retry is granted only if this is true"]
    pub fn try_withdraw(&self, now: Instant) -> bool {
        let take = |balance: u64| balance.checked_sub(TOKEN);
        let granted =
            self.0.balance.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
                || self.0.try_minimum(now);
        let count = if granted { &self.0.granted } else { &self.0.refused };
        count.fetch_add(1, Ordering::Relaxed);
        granted
    }

    /// What it has granted and refused, and what is left.
    pub fn stats(&self) -> RetryBudgetStats {
        RetryBudgetStats {
            saved: self.0.balance.load(Ordering::Relaxed) / TOKEN,
            granted: self.0.granted.load(Ordering::Relaxed),
            refused: self.0.refused.load(Ordering::Relaxed),
        }
    }
}

impl Budget {
    fn try_minimum(&self, now: Instant) -> bool {
        let Some(interval) = self.interval else { return false };
        let take = |due: u64| {
            let now = now.as_nanos();
            let next = due.max(now).checked_add(interval)?;
            (next <= now.saturating_add(SECOND)).then_some(next)
        };
        self.due.fetch_update(Ordering::Relaxed, Ordering::Relaxed, take).is_ok()
    }
}

impl fmt::Debug for RetryBudget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryBudget").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// What a [`RetryBudget`] has done so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetryBudgetStats {
    /// Whole retries that calls have paid for and that nobody has made.
    pub saved: u64,
    /// Retries granted.
    pub granted: u64,
    /// Retries refused.
    pub refused: u64,
}

/// The settings of a [`RetryBudget`].
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use = "a builder does nothing until it is built"]
pub struct RetryBudgetBuilder {
    ratio: f64,
    min_per_second: u32,
    max_saved: u32,
}

impl RetryBudgetBuilder {
    /// Retries a second beside those that calls pay for, so that who calls seldom can retry too; 0
    /// unless said.
    pub const fn min_per_second(mut self, retries: u32) -> Self {
        self.min_per_second = retries;
        self
    }

    /// How many retries are saved in good times for worse ones, 1 to a million; 100 unless said.
    pub const fn max_saved(mut self, retries: u32) -> Self {
        self.max_saved = retries;
        self
    }

    /// The budget, with nothing in it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a ratio that is not a number from 0.001 to 10, more than a million
    /// retries a second, and a `max_saved` that is not 1 to a million.
    pub fn build(self) -> Result<RetryBudget, ConfigError> {
        let Self { ratio, min_per_second, max_saved } = self;
        if !(0.001..=MOST_RATIO).contains(&ratio) {
            return Err(ConfigError::new("ratio", ratio.to_string(), "0.001 to 10"));
        }
        if max_saved == 0 || max_saved > MOST_SAVED {
            let allowed = "1 to 1000000";
            return Err(ConfigError::new("max_saved", max_saved.to_string(), allowed));
        }
        if min_per_second > MOST_SAVED {
            let allowed = "at most 1000000";
            return Err(ConfigError::new("min_per_second", min_per_second.to_string(), allowed));
        }
        Ok(RetryBudget(Arc::new(Budget {
            // 1,000 to 10,000,000, as was just checked.
            ratio: (ratio * TOKEN as f64).round() as u64,
            most: u64::from(max_saved) * TOKEN,
            interval: SECOND.checked_div(u64::from(min_per_second)),
            balance: AtomicU64::new(0),
            due: AtomicU64::new(0),
            granted: AtomicU64::new(0),
            refused: AtomicU64::new(0),
        })))
    }
}
