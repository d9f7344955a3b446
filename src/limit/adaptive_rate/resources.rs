use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

use mtaio_runtime::{Instant, Runtime};

use super::rule::RateRule;
use crate::config::ConfigError;
use crate::limit::rate::{Rate, RateLimiter, Terms};

/// How rates begin, and where they may go.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) initial: Rate,
    pub(super) min: Rate,
    pub(super) max: Rate,
    pub(super) burst: u32,
    pub(super) rule: RateRule,
    pub(super) most: usize,
}

/// The resources that were used or told of, and the last load.
pub(super) struct Resources<K, R: Runtime> {
    settings: Settings,
    known: HashMap<K, Resource<R>, ahash::RandomState>,
    /// The part that each has of its rate.
    part: f64,
    /// Counts the uses, to tell which are the older ones.
    uses: u64,
}

struct Resource<R: Runtime> {
    limiter: RateLimiter<R>,
    rate: Rate,
    last_use: u64,
}

/// Limiters that are not known, to be dropped without the lock.
type Forgotten<K, R> = Vec<(K, RateLimiter<R>)>;

impl<K: Hash + Eq, R: Runtime> Resources<K, R> {
    pub(super) fn new(settings: Settings, hasher: ahash::RandomState) -> Self {
        Self { settings, known: HashMap::with_hasher(hasher), part: 1.0, uses: 0 }
    }

    pub(super) const fn settings(&self) -> &Settings {
        &self.settings
    }

    pub(super) fn len(&self) -> usize {
        self.known.len()
    }

    pub(super) const fn part(&self) -> f64 {
        self.part
    }

    /// What is admitted of `rate` at present.
    pub(super) fn effective(&self, rate: Rate) -> Rate {
        // Half of the slowest rate there is is none; and then the limiter stays at the slowest.
        Rate::hertz(rate.to_hertz() * self.part).unwrap_or(rate)
    }

    /// The limiter of a resource that is known.
    pub(super) fn get<Q: Hash + Eq + ?Sized>(&mut self, id: &Q) -> Option<RateLimiter<R>>
    where
        K: Borrow<Q>,
    {
        let known = self.known.get_mut(id)?;
        self.uses += 1;
        known.last_use = self.uses;
        Some(known.limiter.clone())
    }

    /// Makes a resource known, if it is not by now. The answer is to be dropped without the lock.
    pub(super) fn insert(&mut self, id: K, limiter: RateLimiter<R>) -> Forgotten<K, R> {
        if self.known.contains_key(&id) {
            return vec![(id, limiter)];
        }
        let mut forgotten = Vec::new();
        if self.known.len() >= self.settings.most {
            // The half that was used longest ago, so that this is not done for each new one.
            let mut uses: Vec<_> = self.known.values().map(|known| known.last_use).collect();
            let middle = uses.len() / 2;
            let (_, &mut oldest, _) = uses.select_nth_unstable(middle);
            let old = self.known.extract_if(|_, known| known.last_use <= oldest);
            forgotten.extend(old.map(|(id, known)| (id, known.limiter)));
        }
        self.uses += 1;
        let resource = Resource { limiter, rate: self.settings.initial, last_use: self.uses };
        self.known.insert(id, resource);
        forgotten
    }

    /// Makes a resource unknown. The answer is to be dropped without the lock.
    pub(super) fn remove<Q: Hash + Eq + ?Sized>(&mut self, id: &Q) -> Option<(K, RateLimiter<R>)>
    where
        K: Borrow<Q>,
    {
        self.known.remove_entry(id).map(|(id, known)| (id, known.limiter))
    }

    /// The rate of a resource before what the last load makes of it.
    pub(super) fn rate<Q: Hash + Eq + ?Sized>(&self, id: &Q) -> Rate
    where
        K: Borrow<Q>,
    {
        self.known.get(id).map_or(self.settings.initial, |known| known.rate)
    }

    /// Adjusts the rate of one, which is the answer, and the part of all, of which it answers
    /// whether that has changed.
    pub(super) fn adjust<Q: Hash + Eq + ?Sized>(&mut self, id: &Q, load: f64) -> (Rate, bool)
    where
        K: Borrow<Q>,
    {
        let Settings { rule, min, max, .. } = self.settings;
        let part = rule.part(load);
        let has_changed = part != self.part;
        self.part = part;
        let Some(known) = self.known.get_mut(id) else {
            return (self.settings.initial, has_changed);
        };
        let hertz = rule.adjust(known.rate.to_hertz(), load);
        known.rate = if hertz <= min.to_hertz() {
            min
        } else if hertz >= max.to_hertz() {
            max
        } else {
            Rate::hertz(hertz).unwrap_or(known.rate)
        };
        (known.rate, has_changed)
    }

    /// All limiters.
    pub(super) fn limiters(&self) -> Vec<RateLimiter<R>> {
        self.known.values().map(|known| known.limiter.clone()).collect()
    }

    /// Each limiter that does not have the rate that it is to have, with that rate.
    pub(super) fn outdated(&self) -> Vec<(RateLimiter<R>, Rate)> {
        let rated = self.known.values().map(|known| (&known.limiter, self.effective(known.rate)));
        let outdated = rated.filter(|(limiter, rate)| limiter.rate() != *rate);
        outdated.map(|(limiter, rate)| (limiter.clone(), rate)).collect()
    }

    /// The same for one of them.
    pub(super) fn outdated_one<Q: Hash + Eq + ?Sized>(
        &self,
        id: &Q,
    ) -> Option<(RateLimiter<R>, Rate)>
    where
        K: Borrow<Q>,
    {
        let known = self.known.get(id)?;
        let rate = self.effective(known.rate);
        (known.limiter.rate() != rate).then(|| (known.limiter.clone(), rate))
    }
}

impl Settings {
    pub(super) const DEFAULT: Self = Self {
        initial: Rate::one_in(1_000_000_000),
        min: Rate::one_in(100_000_000_000),
        max: Rate::one_in(100_000),
        burst: 1,
        rule: RateRule::Steps,
        most: 10_000,
    };

    pub(super) fn validate(&self) -> Result<(), ConfigError> {
        let Self { initial, min, max, .. } = *self;
        let (lowest, highest) = (min.to_hertz(), max.to_hertz());
        if lowest > highest {
            return Err(ConfigError::new("min", min.to_string(), "at most `max`"));
        }
        if !(lowest..=highest).contains(&initial.to_hertz()) {
            let allowed = "from `min` to `max`";
            return Err(ConfigError::new("initial", initial.to_string(), allowed));
        }
        // The slowest that there will be can have the burst, and so can all others.
        let slowest = Rate::hertz(lowest * 0.5).unwrap_or(min);
        Terms::new(slowest, self.burst, Instant::ZERO)?;
        self.rule.validate()
    }
}
