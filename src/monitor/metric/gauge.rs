use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// A number that goes up and down. Clones are handles of the same one.
///
/// It is a float, and may be infinite or no number: that is shown as it is, and told by every export.
/// Whole numbers are exact up to 2^53.
///
/// # Examples
///
/// ```
/// use mtaio::monitor::Registry;
///
/// let registry = Registry::new();
/// let connections = registry.gauge("connections", "Connections that are open.")?;
/// connections.set(10.0);
/// connections.add(1.0);
/// connections.add(-3.0);
/// assert_eq!(connections.get(), 8.0);
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
#[derive(Clone, Default)]
pub struct Gauge(Arc<AtomicU64>);

impl Gauge {
    /// A gauge that no registry shows.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets it.
    #[inline]
    pub fn set(&self, value: f64) {
        self.0.store(value.to_bits(), Ordering::Relaxed);
    }

    /// Adds to it; what is negative takes away.
    #[inline]
    pub fn add(&self, value: f64) {
        let add = |now: u64| Some((f64::from_bits(now) + value).to_bits());
        // It never refuses.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }

    /// What it is at.
    #[inline]
    pub fn get(&self) -> f64 {
        f64::from_bits(self.0.load(Ordering::Relaxed))
    }
}

impl fmt::Debug for Gauge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Gauge").field(&self.get()).finish()
    }
}
