use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use crate::cache::codec::{Version, nanos_of};

/// Gives versions: by the wall clock, but each later than the one before, and later than what was
/// read, whatever the clock does.
pub(super) struct Clock {
    /// The latest that was given, or seen.
    last: AtomicU64,
    writer: u64,
}

/// Who claims to be further ahead than this is not followed, or one clock that is years ahead would
/// carry all the others with it.
const MOST_AHEAD: Duration = Duration::from_secs(24 * 60 * 60);

impl Clock {
    /// `writer` is drawn at random, so that no two have the same, and is not 0.
    pub(super) const fn new(writer: u64) -> Self {
        Self { last: AtomicU64::new(0), writer }
    }

    /// For what is written now.
    pub(super) fn next(&self, now: SystemTime) -> Version {
        let now = nanos_of(now);
        let after = |last: u64| now.max(last.saturating_add(1));
        let last =
            self.last.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |last| Some(after(last)));
        // The update never refuses.
        let (Ok(last) | Err(last)) = last;
        Version { nanos: after(last), writer: self.writer }
    }

    /// What is written after this was read is newer than it.
    pub(super) fn saw(&self, seen: Version, now: SystemTime) {
        let bound = nanos_of(now.checked_add(MOST_AHEAD).unwrap_or(now));
        if seen.nanos > self.last.load(Ordering::Relaxed) && seen.nanos <= bound {
            self.last.fetch_max(seen.nanos, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn goes_on_when_the_time_of_day_goes_back() {
        let clock = Clock::new(7);
        let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
        let first = clock.next(at(100));
        assert_eq!(first, Version { nanos: 100_000_000_000, writer: 7 });
        let second = clock.next(at(50));
        assert!(second > first && clock.next(at(100)) > second);
        assert_eq!(clock.next(at(200)).nanos, 200_000_000_000);
    }

    #[test]
    fn is_later_than_what_was_read_unless_that_is_absurd() {
        let clock = Clock::new(1);
        let now = UNIX_EPOCH + Duration::from_secs(100);
        let ahead = Version { nanos: nanos_of(now + Duration::from_secs(60)), writer: u64::MAX };
        clock.saw(ahead, now);
        assert!(clock.next(now) > ahead);
        let absurd = Version { nanos: nanos_of(now + 2 * MOST_AHEAD), writer: 0 };
        clock.saw(absurd, now);
        clock.saw(Version { nanos: u64::MAX, writer: 0 }, now);
        assert!(clock.next(now) < absurd);
    }
}
