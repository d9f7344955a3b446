use std::time::Duration;

use mtaio_runtime::{Instant, Runtime};

use super::shard::{Span, Timing};

/// Tells a value's own time to live, or none for the cache's.
pub(crate) type TtlOf<K, V> = Box<dyn Fn(&K, &V) -> Option<Duration> + Send + Sync>;

/// How long entries hold.
pub(crate) struct Spans<K, V> {
    pub(crate) ttl: Option<Duration>,
    pub(crate) ttl_of: Option<TtlOf<K, V>>,
    pub(crate) idle: Option<Duration>,
    /// Parts of 2^32: how much shorter than said a time to live may be.
    pub(crate) jitter: u32,
    /// Parts of 2^32: after how much of its time an entry is worth a refresh.
    pub(crate) refresh_ahead: Option<u32>,
    pub(crate) stale_while_revalidate: Duration,
    pub(crate) stale_on_error: Duration,
    /// How long another's load is waited for.
    pub(crate) patience: Option<Duration>,
}

impl<K, V> Spans<K, V> {
    /// Whether an entry for which nothing is said has a time.
    pub(crate) const fn are_timed(&self) -> bool {
        self.ttl.is_some() || self.idle.is_some() || self.ttl_of.is_some()
    }

    pub(crate) fn timing(&self) -> Timing {
        let grace = self.stale_while_revalidate.max(self.stale_on_error);
        let nanos = |duration| Instant::ZERO.saturating_add(duration).as_nanos();
        Timing {
            idle: self.idle.map(nanos),
            grace: nanos(grace),
            has_refresh: self.refresh_ahead.is_some(),
        }
    }

    /// The time to live of a value for which nothing was said.
    pub(crate) fn ttl_of(&self, key: &K, value: &V) -> Option<Duration> {
        self.ttl_of.as_ref().and_then(|ttl_of| ttl_of(key, value)).or(self.ttl)
    }

    /// From `now` on, with `ttl`.
    #[inline]
    pub(crate) fn span<R: Runtime>(&self, rt: &R, now: Instant, ttl: Option<Duration>) -> Span {
        let at_most = match ttl {
            Some(ttl) if self.jitter > 0 => now + shortened(ttl, self.jitter, rt.entropy()),
            Some(ttl) => now + ttl,
            None => Instant::MAX,
        };
        let deadline = self.idle.map_or(at_most, |idle| at_most.min(now + idle));
        let refresh = match self.refresh_ahead {
            Some(part) if at_most != Instant::MAX => now + part_of(at_most - now, part),
            _ => Instant::MAX,
        };
        Span { deadline, at_most, refresh }
    }
}

/// As a part of 2^32.
pub(crate) fn fixed(fraction: f64) -> u32 {
    // From 0 to 1: the cast cuts off nothing else.
    (fraction * f64::from(u32::MAX)) as u32
}

/// `ttl` less anything up to its `jitter`, evenly.
fn shortened(ttl: Duration, jitter: u32, entropy: u64) -> Duration {
    let drawn = (u64::from(jitter) * (entropy >> 32)) >> 32;
    // Less than `jitter`, which fits.
    ttl - part_of(ttl, drawn as u32)
}

fn part_of(duration: Duration, part: u32) -> Duration {
    let nanos = (duration.as_nanos() * u128::from(part)) >> 32;
    Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX)).min(duration)
}
