use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that only goes up. Clones are handles of the same one.
///
/// At [`u64::MAX`] it stays: it never goes back.
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
pub struct Counter(Arc<AtomicU64>);

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
        let add = |now: u64| Some(now.saturating_add(count));
        // It never refuses.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// What it is at.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Counter").field(&self.get()).finish()
    }
}
