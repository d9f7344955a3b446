use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::cell::{Line, Many, One, Writers};
use super::owner::Owner;

/// A number that only goes up. Clones are handles of the same one.
///
/// At [`u64::MAX`] it stays: it never goes back. (The text format and JSON tell it to the digit; who
/// reads it as a float, as Prometheus does, has it exact up to 2^53.)
///
/// A counter that is seldom used is one number. When it has come to 1,024 the thread that adds to it
/// first gets a number of its own, and the others share another one.
///
/// # Examples
///
/// ```
/// use mtaio::monitor::Registry;
///
/// let registry = Registry::new();
/// let requests = registry.counter("requests_total", "Requests that were answered.")?;
/// requests.inc();
/// requests.add(2);
/// assert_eq!(requests.get(), 3);
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
#[derive(Clone, Default)]
pub struct Counter(Arc<Inner>);

#[derive(Default)]
struct Inner {
    first: AtomicU64,
    busy: OnceLock<Box<Busy>>,
}

/// What a counter adds to when it is used often.
#[derive(Default)]
struct Busy {
    owner: Line<Owner>,
    own: Line<AtomicU64>,
    shared: Line<AtomicU64>,
}

/// From here on a counter is one that is used often.
const BUSY: u64 = 1_024;

impl Counter {
    /// A counter that no registry shows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one.
    #[inline]
    pub fn inc(&self) {
        self.add(1);
    }

    /// Adds `count`.
    #[inline]
    pub fn add(&self, count: u64) {
        let add = |now: u64| now.saturating_add(count);
        if let Some(busy) = self.0.busy.get() {
            if busy.owner.0.is_here() {
                One::update(&busy.own.0, add);
            } else {
                Many::update(&busy.shared.0, add);
            }
        } else if Many::update(&self.0.first, add) >= BUSY {
            self.0.busy.get_or_init(Box::default);
        }
    }

    /// What it is at.
    pub fn get(&self) -> u64 {
        let first = self.0.first.load(Ordering::Relaxed);
        let Some(busy) = self.0.busy.get() else { return first };
        let parts = [&busy.own.0, &busy.shared.0].map(|part| part.load(Ordering::Relaxed));
        first.saturating_add(parts[0]).saturating_add(parts[1])
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.get()).finish()
    }
}
