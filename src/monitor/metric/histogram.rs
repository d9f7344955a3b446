use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use super::buckets::Buckets;
use super::cell::{Line, Many, One, Writers};
use super::distribution::Distribution;
use super::options::{HistogramOptions, Shape};
use super::owner::{Owner, Thread};
use super::window::Window;
use crate::config::ConfigError;
use crate::monitor::registry::Kind;

/// How values are spread: latencies, sizes. Clones are handles of the same one.
///
/// What [`total`](Self::total) and [`recent`](Self::recent) give tells percentiles within 1 %, of the
/// values so far, or of those of a [window](HistogramOptions::window) of time. What becomes of it in
/// the text format is said at [`HistogramOptions`].
///
/// A value is finite and not negative, in base units: seconds, bytes. Any other is refused: it is
/// counted as such, and changes nothing else.
///
/// # Memory
///
/// 1.5 KB, and 512 bytes for each power of two that has values: 7 KB for latencies from 100 µs to
/// 50 ms, 43 KB at most; twice that if several threads record. With a window, 16 bytes more for each
/// bucket that has values, at up to 8 moments: 82 KB for those latencies, 660 KB at most.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::monitor::{HistogramOptions, Registry};
/// use mtaio::{Runtime, RuntimeExt};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let registry = Registry::new();
/// let last_minute = HistogramOptions::new().window(&rt, Duration::from_secs(60));
/// let latency = registry.histogram_with("reply_seconds", "How long a reply took.", &last_minute)?;
///
/// let start = rt.now();
/// rt.sleep(Duration::from_millis(250)).await;
/// latency.record_duration(rt.now() - start);
/// assert_eq!(latency.recent().percentile(99.0), Some(0.25));
///
/// rt.sleep(Duration::from_secs(120)).await;
/// assert!(latency.recent().is_empty());
/// assert_eq!(latency.total().count(), 1);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Histogram(Arc<Inner>);

struct Inner {
    owner: Owner,
    window: Option<Window>,
    bounds: Option<Arc<[f64]>>,
    own: Line<Buckets>,
    /// Of all threads but the owner.
    shared: OnceLock<Box<Line<Buckets>>>,
    refused: AtomicU64,
}

/// What a histogram held at one moment.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct HistogramValue {
    /// All values so far.
    pub total: Distribution,
    /// Those of the window, if it has one.
    pub recent: Option<Distribution>,
    bounds: Option<Arc<[f64]>>,
}

impl Histogram {
    /// A histogram that no registry shows.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the window is zero or longer than 100 years, and for bounds that are not
    /// finite, more than zero, and each more than the one before.
    pub fn new(options: &HistogramOptions) -> Result<Self, ConfigError> {
        options.check().map(|shape| Self::of(&shape))
    }

    pub(in crate::monitor) fn of(shape: &Shape) -> Self {
        Self(Arc::new(Inner {
            owner: Owner::default(),
            window: shape.window.as_ref().map(|(rt, length)| Window::new(rt, *length)),
            bounds: shape.bounds.clone(),
            own: Line::default(),
            shared: OnceLock::new(),
            refused: AtomicU64::new(0),
        }))
    }

    /// Takes a value, in the unit that the histogram's name tells.
    #[inline]
    pub fn record(&self, value: f64) {
        self.record_many(value, 1);
    }

    /// Takes a time, in seconds.
    #[inline]
    pub fn record_duration(&self, duration: Duration) {
        self.record(duration.as_secs_f64());
    }

    /// Takes a value as often as it is said.
    #[inline]
    pub fn record_many(&self, value: f64, times: u64) {
        let inner = &*self.0;
        // A zero may have a sign.
        let value = value + 0.0;
        // A negative one and a NaN have larger bits than what is infinite.
        if value.to_bits() >= f64::INFINITY.to_bits() {
            return inner.refuse(times);
        }
        if times == 0 {
            return;
        }
        if let Some(window) = &inner.window {
            window.turn(|| inner.total());
        }
        if inner.owner.is(Thread::current()) {
            inner.own.0.record::<One>(value, times);
        } else {
            inner.shared.get_or_init(Box::default).0.record::<Many>(value, times);
        }
    }

    /// All values so far.
    pub fn total(&self) -> Distribution {
        self.0.total()
    }

    /// The values of the window, or a sixth of it more; all so far if there is no window.
    pub fn recent(&self) -> Distribution {
        let inner = &*self.0;
        let total = || inner.total();
        inner.window.as_ref().map_or_else(total, |window| window.recent(total))
    }

    /// How many values were refused, since they were negative, infinite or no number.
    pub fn refused(&self) -> u64 {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// What the text format tells of it, without all the rest; `None` for a summary.
    pub(in crate::monitor) fn cumulative(&self) -> Option<Cumulative<'_>> {
        let bounds = self.0.bounds.as_ref()?;
        let (counts, sum) = self.0.up_to(bounds);
        Some(Cumulative { bounds, counts, sum })
    }

    /// What it holds, as a registry has it.
    pub fn value(&self) -> HistogramValue {
        let recent = self.0.window.is_some().then(|| self.recent());
        HistogramValue { total: self.total(), recent, bounds: self.0.bounds.clone() }
    }
}

/// A histogram as the text format has it.
pub(in crate::monitor) struct Cumulative<'a> {
    pub(in crate::monitor) bounds: &'a Arc<[f64]>,
    /// How many values are not above each bound, then how many there are.
    pub(in crate::monitor) counts: Vec<u64>,
    pub(in crate::monitor) sum: f64,
}

impl HistogramValue {
    /// As the text format has it; `None` for a summary.
    pub(in crate::monitor) fn cumulative(&self) -> Option<Cumulative<'_>> {
        let bounds = self.bounds.as_ref()?;
        let (counts, sum) = (self.total.up_to(bounds), self.total.sum());
        Some(Cumulative { bounds, counts, sum })
    }

    /// The bounds of the buckets that the text format shows; `None` for a summary.
    pub fn bounds(&self) -> Option<&[f64]> {
        self.bounds.as_deref()
    }

    /// What the text format shows it as.
    pub(in crate::monitor) const fn kind(&self) -> Kind {
        if self.bounds.is_some() { Kind::Histogram } else { Kind::Summary }
    }
}

impl Inner {
    /// How many values are not above each of `bounds`, then how many there are, and their sum.
    fn up_to(&self, bounds: &[f64]) -> (Vec<u64>, f64) {
        let mut counts = vec![0_u64; bounds.len() + 1];
        let mut sum = self.own.0.count_by(bounds, &mut counts);
        if let Some(shared) = self.shared.get() {
            sum += shared.0.count_by(bounds, &mut counts);
        }
        let mut below = 0_u64;
        for count in &mut counts {
            below = below.saturating_add(*count);
            *count = below;
        }
        (counts, sum)
    }

    fn total(&self) -> Distribution {
        let mut total = Distribution::new();
        self.own.0.add_to(&mut total);
        if let Some(shared) = self.shared.get() {
            shared.0.add_to(&mut total);
        }
        total
    }

    #[cold]
    fn refuse(&self, times: u64) {
        Many::update(&self.refused, |refused| refused.saturating_add(times));
    }
}

impl fmt::Debug for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Histogram").field(&self.total()).finish()
    }
}
