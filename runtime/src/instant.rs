use std::fmt;
use std::ops::{Add, AddAssign, Sub, SubAssign};
use std::sync::OnceLock;
use std::time::Duration;

/// A point on a runtime's monotonic clock: nanoseconds since the clock's epoch, in 8 bytes.
///
/// All real runtimes of a process share one epoch, so their instants compare and convert; a
/// simulation starts at [`Instant::ZERO`]. Instants of a simulation mean nothing to a real clock.
///
/// The range is 584 years. Arithmetic saturates at both ends instead of panicking, so that
/// "never" can be written as [`Instant::MAX`] and a deadline computed from an absurd duration is
/// one that does not come.
///
/// # Examples
///
/// ```
/// use mtaio_runtime::Instant;
/// use std::time::Duration;
///
/// let start = Instant::from_nanos(5);
/// let end = start + Duration::from_secs(1);
/// assert_eq!(end - start, Duration::from_secs(1));
/// assert_eq!(start - end, Duration::ZERO);
/// assert_eq!(end + Duration::MAX, Instant::MAX);
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(u64);

impl Instant {
    /// The epoch: where a simulation starts.
    pub const ZERO: Self = Self(0);

    /// The last instant that can be told; as a deadline, one that does not come.
    pub const MAX: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The time from `earlier` to `self`, zero if `earlier` is later.
    pub const fn saturating_duration_since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }

    /// The time from `earlier` to `self`, `None` if `earlier` is later.
    pub const fn checked_duration_since(self, earlier: Self) -> Option<Duration> {
        match self.0.checked_sub(earlier.0) {
            Some(nanos) => Some(Duration::from_nanos(nanos)),
            None => None,
        }
    }

    /// `self + duration`, or [`Instant::MAX`] where that is out of range.
    pub const fn saturating_add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(saturating_nanos(duration)))
    }

    /// `self - duration`, or [`Instant::ZERO`] where that is out of range.
    pub const fn saturating_sub(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(saturating_nanos(duration)))
    }

    /// `self + duration`, `None` where that is out of range.
    pub const fn checked_add(self, duration: Duration) -> Option<Self> {
        match checked_nanos(duration) {
            Some(nanos) => match self.0.checked_add(nanos) {
                Some(sum) => Some(Self(sum)),
                None => None,
            },
            None => None,
        }
    }

    /// `self - duration`, `None` where that is out of range.
    pub const fn checked_sub(self, duration: Duration) -> Option<Self> {
        match checked_nanos(duration) {
            Some(nanos) => match self.0.checked_sub(nanos) {
                Some(difference) => Some(Self(difference)),
                None => None,
            },
            None => None,
        }
    }

    /// The instant of a real clock that `std` calls `instant`.
    ///
    /// For adapters of real runtimes: it reads no clock. The first call of the process fixes the
    /// common epoch, a day before its argument where the platform's clock reaches back as far;
    /// what lies before the epoch becomes [`Instant::ZERO`].
    #[inline]
    pub fn from_std(instant: std::time::Instant) -> Self {
        let epoch = *EPOCH.get_or_init(|| epoch_before(instant));
        Self(saturating_nanos(instant.saturating_duration_since(epoch)))
    }

    /// What `std` calls this instant of a real clock.
    ///
    /// An instant that the platform's clock can't hold comes back as one that it can, at least 30
    /// years after the epoch.
    #[inline]
    pub fn into_std(self) -> std::time::Instant {
        // Without an epoch no instant of a real clock has been made yet, so any will do.
        #[expect(clippy::disallowed_methods, reason = "reached before any clock was read")]
        let epoch = *EPOCH.get_or_init(|| epoch_before(std::time::Instant::now()));
        let exact = epoch.checked_add(Duration::from_nanos(self.0));
        exact.or_else(|| epoch.checked_add(FAR_FUTURE)).unwrap_or(epoch)
    }
}

/// Every platform's clock can hold this much more.
const FAR_FUTURE: Duration = Duration::from_secs(30 * 365 * 24 * 60 * 60);

/// The process-wide epoch of real clocks. It is written once and holds no state that changes:
/// without it, two adapters in one process could not compare their instants.
static EPOCH: OnceLock<std::time::Instant> = OnceLock::new();

/// A day back, so that instants from before the first clock reading can be told too.
#[cold]
fn epoch_before(first: std::time::Instant) -> std::time::Instant {
    first.checked_sub(Duration::from_secs(24 * 60 * 60)).unwrap_or(first)
}

/// As `Duration::as_nanos`, in 64 bits: this is on the way of every timer.
#[inline]
const fn checked_nanos(duration: Duration) -> Option<u64> {
    match duration.as_secs().checked_mul(1_000_000_000) {
        Some(nanos) => nanos.checked_add(duration.subsec_nanos() as u64),
        None => None,
    }
}

#[inline]
const fn saturating_nanos(duration: Duration) -> u64 {
    match checked_nanos(duration) {
        Some(nanos) => nanos,
        None => u64::MAX,
    }
}

impl Add<Duration> for Instant {
    type Output = Self;

    /// Saturates at [`Instant::MAX`].
    fn add(self, duration: Duration) -> Self {
        self.saturating_add(duration)
    }
}

impl AddAssign<Duration> for Instant {
    fn add_assign(&mut self, duration: Duration) {
        *self = *self + duration;
    }
}

impl Sub<Duration> for Instant {
    type Output = Self;

    /// Saturates at [`Instant::ZERO`].
    fn sub(self, duration: Duration) -> Self {
        self.saturating_sub(duration)
    }
}

impl SubAssign<Duration> for Instant {
    fn sub_assign(&mut self, duration: Duration) {
        *self = *self - duration;
    }
}

impl Sub for Instant {
    type Output = Duration;

    /// Zero if `earlier` is later.
    fn sub(self, earlier: Self) -> Duration {
        self.saturating_duration_since(earlier)
    }
}

impl fmt::Debug for Instant {
    /// The time since the epoch, as [`Duration`] prints it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Instant({:?})", Duration::from_nanos(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_saturates_at_both_ends() {
        assert_eq!(Instant::MAX + Duration::from_nanos(1), Instant::MAX);
        assert_eq!(Instant::ZERO + Duration::MAX, Instant::MAX);
        assert_eq!(Instant::ZERO - Duration::from_nanos(1), Instant::ZERO);
        assert_eq!(Instant::MAX.checked_add(Duration::from_nanos(1)), None);
        assert_eq!(Instant::ZERO.checked_add(Duration::MAX), None);
        assert_eq!(Instant::ZERO.checked_sub(Duration::from_nanos(1)), None);
        assert_eq!(Instant::MAX.checked_sub(Duration::MAX), None);
        let whole = Duration::from_nanos(u64::MAX);
        assert_eq!(Instant::ZERO.checked_add(whole), Some(Instant::MAX));
        assert_eq!(Instant::MAX.checked_sub(whole), Some(Instant::ZERO));
        let mut instant = Instant::MAX;
        instant -= Duration::MAX;
        assert_eq!(instant, Instant::ZERO);
        assert_eq!(Instant::ZERO.checked_duration_since(Instant::MAX), None);
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "converts std's own instants")]
    fn std_instants_survive_the_round_trip() {
        let now = std::time::Instant::now();
        let ours = Instant::from_std(now);
        assert_eq!(ours.into_std(), now);
        let hour = Duration::from_secs(3_600);
        assert_eq!(Instant::from_std(now + hour), ours + hour);
        if let Some(earlier) = now.checked_sub(hour) {
            assert_eq!(Instant::from_std(earlier), ours - hour);
            assert_eq!((ours - hour).into_std(), earlier);
        }
        assert!(Instant::MAX.into_std() >= now + FAR_FUTURE);
    }

    #[test]
    fn debug_prints_the_time_since_the_epoch() {
        assert_eq!(format!("{:?}", Instant::from_nanos(1_500_000_000)), "Instant(1.5s)");
    }
}
