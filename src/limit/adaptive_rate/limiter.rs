use std::borrow::Borrow;
use std::fmt;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use mtaio_runtime::{DynRuntime, Runtime};

use super::resources::{Resources, Settings};
use super::rule::RateRule;
use crate::config::ConfigError;
use crate::limit::error::{AcquireError, TryAcquireError};
use crate::limit::rate::{Rate, RateLimiter};
use crate::queue::lock;

/// A [`RateLimiter`] for each resource, whose rate follows the load that one tells of it.
///
/// A resource is known from its first use, with the initial rate: 1 a second unless said.
/// [`adjust_rate`](Self::adjust_rate) changes it by a [`RateRule`], within a smallest and a largest
/// rate. Those who wait already are admitted at the new one; what is owed is kept. Clones share the
/// resources.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::Runtime;
/// use mtaio::limit::{AdaptiveRateLimiter, Rate};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let limiter = AdaptiveRateLimiter::<String>::new(&rt)
///     .initial(Rate::per_second(10)?)?
///     .between(Rate::per_second(1)?, Rate::per_second(100)?)?;
///
/// limiter.acquire("database").await?;
/// assert_eq!(limiter.adjust_rate("database", 0.95)?, Rate::per_second(8)?);
/// // While the load is above 0.8, every rate counts half: 4 a second.
/// let start = rt.now();
/// limiter.acquire("database").await?;
/// assert_eq!(rt.now() - start, Duration::from_millis(250));
/// # Ok::<(), mtaio::Error>(())
/// # }).unwrap();
/// ```
pub struct AdaptiveRateLimiter<K = String, R: Runtime = DynRuntime> {
    rt: R,
    resources: Arc<Mutex<Resources<K, R>>>,
}

/// What an [`AdaptiveRateLimiter`] is at.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct AdaptiveRateStats {
    /// How many resources are known.
    pub resources: usize,
    /// What part of its rate each of them has, by the last load: 1, or 0.5.
    pub part: f64,
    /// How many wait, for any of them.
    pub waiting: usize,
}

impl<K: Hash + Eq> AdaptiveRateLimiter<K> {
    /// A limiter that does not show the runtime in its type.
    pub fn new<R: Runtime>(rt: &R) -> Self {
        Self::with_runtime(&DynRuntime::new(rt))
    }
}

impl<K: Hash + Eq, R: Runtime> AdaptiveRateLimiter<K, R> {
    /// A limiter on a runtime of known type.
    pub fn with_runtime(rt: &R) -> Self {
        Self::with_settings(rt.clone(), Settings::DEFAULT)
    }

    fn with_settings(rt: R, settings: Settings) -> Self {
        let [a, b, c, d] = std::array::from_fn(|_| rt.entropy());
        let hasher = ahash::RandomState::with_seeds(a, b, c, d);
        Self { rt, resources: Arc::new(Mutex::new(Resources::new(settings, hasher))) }
    }

    /// Checks a setting, and starts afresh with it.
    fn set(self, set: impl FnOnce(&mut Settings)) -> Result<Self, ConfigError> {
        let mut settings = *lock(&self.resources).settings();
        set(&mut settings);
        settings.validate()?;
        Ok(Self::with_settings(self.rt, settings))
    }

    /// The rate of a resource at first; 1 a second unless said. As with all settings the limiter
    /// starts afresh: set them first.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is not between the smallest and the largest rate.
    pub fn initial(self, rate: Rate) -> Result<Self, ConfigError> {
        self.set(|settings| settings.initial = rate)
    }

    /// The smallest and the largest rate that a load may lead to; 0.01 and 10,000 a second unless
    /// said.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the smallest is the larger one, if the initial rate is not between them,
    /// or if the burst would take more than 100 years.
    pub fn between(self, min: Rate, max: Rate) -> Result<Self, ConfigError> {
        self.set(|settings| (settings.min, settings.max) = (min, max))
    }

    /// How much of a resource can be admitted at once; 1 unless said.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is zero, or more than what comes in 100 years at half of the smallest
    /// rate.
    pub fn burst(self, burst: u32) -> Result<Self, ConfigError> {
        self.set(|settings| settings.burst = burst)
    }

    /// How a load changes a rate; [`RateRule::Steps`] unless said.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a threshold or a factor that makes no sense.
    pub fn rule(self, rule: RateRule) -> Result<Self, ConfigError> {
        self.set(|settings| settings.rule = rule)
    }

    /// How many resources are remembered; 10,000 unless said. Where there would be more, the half
    /// that was used longest ago begins anew.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if it is zero.
    pub fn most_resources(self, most: usize) -> Result<Self, ConfigError> {
        if most == 0 {
            return Err(ConfigError::new("most_resources", "0", "1 or more"));
        }
        self.set(|settings| settings.most = most)
    }

    /// Waits until one is admitted of the resource `id`.
    ///
    /// # Errors
    ///
    /// [`AcquireError::Elapsed`] if an inherited [`Deadline`](crate::time::Deadline) is over before
    /// this is admitted.
    ///
    /// # Cancel safety
    ///
    /// That of [`RateLimiter::acquire`].
    pub async fn acquire<Q>(&self, id: &Q) -> Result<(), AcquireError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.resource(id).acquire().await
    }

    /// Admits one of the resource `id` at once, or refuses.
    ///
    /// # Errors
    ///
    /// [`TryAcquireError::Limited`] if there is no token, or if others wait.
    pub fn try_acquire<Q>(&self, id: &Q) -> Result<(), TryAcquireError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        self.resource(id).try_acquire()
    }

    /// The limiter of the resource `id`, for weights, refunds and policies. It follows the load as
    /// long as the resource is known.
    pub fn resource<Q>(&self, id: &Q) -> RateLimiter<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let known = lock(&self.resources).get(id);
        known.unwrap_or_else(|| self.begin(id))
    }

    #[cold]
    fn begin<Q>(&self, id: &Q) -> RateLimiter<R>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        let owned = id.to_owned();
        let (rate, burst) = {
            let resources = lock(&self.resources);
            let settings = resources.settings();
            (resources.effective(settings.initial), settings.burst)
        };
        // It was checked that the slowest rate can have this burst.
        let limiter = RateLimiter::with_runtime(&self.rt, rate, burst);
        #[expect(clippy::expect_used, reason = "checked when the limiter was built")]
        let limiter = limiter.expect("the burst was checked against the slowest rate");
        let mut resources = lock(&self.resources);
        // It may have been made known by another by now.
        let forgotten = resources.insert(owned, limiter.clone());
        let known = resources.get(id).unwrap_or(limiter);
        drop(resources);
        drop(forgotten);
        self.bring_up_to_date(id, false);
        known
    }

    /// Tells the load of the resource `id`: 0 is idle, 1 is as much as it can do. The answer is its
    /// rate from now on, before what [`RateRule::Steps`] takes off it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a load that is negative, infinite or not a number. Then nothing has
    /// changed.
    pub fn adjust_rate<Q>(&self, id: &Q, load: f64) -> Result<Rate, ConfigError>
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ToOwned<Owned = K> + ?Sized,
    {
        if !(load >= 0.0 && load.is_finite()) {
            return Err(ConfigError::new("load", load.to_string(), "0 or more and finite"));
        }
        let _known = self.resource(id);
        let (rate, are_all_changed) = lock(&self.resources).adjust(id, load);
        self.bring_up_to_date(id, are_all_changed);
        Ok(rate)
    }

    /// Gives the limiters the rates that they are to have. That wakes those who wait, so it is done
    /// without the lock; and then it is looked at again, because another may have done the same.
    fn bring_up_to_date<Q>(&self, id: &Q, all: bool)
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        loop {
            let resources = lock(&self.resources);
            let outdated = match all {
                true => resources.outdated(),
                false => resources.outdated_one(id).into_iter().collect(),
            };
            drop(resources);
            if outdated.is_empty() {
                return;
            }
            for (limiter, rate) in outdated {
                // The slowest rate can have the burst, so each can.
                if limiter.set_rate(rate).is_err() {
                    return;
                }
            }
        }
    }

    /// The rate of the resource `id`, before what [`RateRule::Steps`] takes off it.
    pub fn rate<Q>(&self, id: &Q) -> Rate
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        lock(&self.resources).rate(id)
    }

    /// Forgets the resource `id`: its next use is its first. Those who wait stay where they are.
    pub fn remove<Q>(&self, id: &Q) -> bool
    where
        K: Borrow<Q>,
        Q: Hash + Eq + ?Sized,
    {
        let removed = lock(&self.resources).remove(id);
        removed.is_some()
    }

    /// What it is at. It looks at each resource.
    pub fn stats(&self) -> AdaptiveRateStats {
        let resources = lock(&self.resources);
        let (known, part, limiters) = (resources.len(), resources.part(), resources.limiters());
        drop(resources);
        let waiting = limiters.iter().map(|limiter| limiter.stats().waiting).sum();
        AdaptiveRateStats { resources: known, part, waiting }
    }
}

impl<K, R: Runtime> Clone for AdaptiveRateLimiter<K, R> {
    fn clone(&self) -> Self {
        Self { rt: self.rt.clone(), resources: Arc::clone(&self.resources) }
    }
}

impl<K, R: Runtime> fmt::Debug for AdaptiveRateLimiter<K, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AdaptiveRateLimiter").finish_non_exhaustive()
    }
}
