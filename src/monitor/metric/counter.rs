use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use super::cell::{Line, Many, One, Writers};
use super::owner::{Owner, Thread};

/// A number that only goes up. Clones are handles of the same one.
///
/// At [`u64::MAX`] it stays: it never goes back. (The text format and JSON tell it to the digit; who
/// reads it as a float, as Prometheus does, has it exact up to 2^53.)
///
/// A counter that is seldom used is one number. Once it has come to 1,024, the next four threads that
/// add to it get a number each, so that an addition is one of plain numbers, of 1 to 2 ns; all others
/// share one.
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
    owners: Line<[Owner; OWNERS]>,
    own: [Line<AtomicU64>; OWNERS],
    shared: Line<AtomicU64>,
}

/// From here on a counter is one that is used often.
const BUSY: u64 = 1_024;

/// How many threads get a number of their own. (With two threads an
/// addition takes 1.1 ns; where they share one atomic number, 14.)
const OWNERS: usize = 4;

/// What is less, `shared` takes with an atomic addition: it would take years to bring it to its end.
const SMALL: u64 = 1_024;

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
        let Some(busy) = self.0.busy.get() else {
            if Many::update(&self.0.first, add) >= BUSY {
                self.0.busy.get_or_init(Box::default);
            }
            return;
        };
        let thread = Thread::current();
        for (owner, own) in busy.owners.0.iter().zip(&busy.own) {
            if owner.is(thread) {
                One::update(&own.0, add);
                return;
            }
        }
        if count < SMALL {
            busy.shared.0.fetch_add(count, Ordering::Relaxed);
        } else {
            Many::update(&self.0.first, add);
        }
    }

    /// What it is at.
    pub fn get(&self) -> u64 {
        let first = self.0.first.load(Ordering::Relaxed);
        let Some(busy) = self.0.busy.get() else { return first };
        let parts = busy.own.iter().chain([&busy.shared]);
        parts.fold(first, |sum, part| sum.saturating_add(part.0.load(Ordering::Relaxed)))
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.get()).finish()
    }
}
