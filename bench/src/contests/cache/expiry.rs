//! A million entries that expire at once, by the real clock.

use std::time::{Duration, Instant};

use mtaio::cache::TtlCache;
use mtaio_tokio::Tokio;

use super::GROUP;
use crate::harness::Aim::{Gate, Wish};
use crate::harness::Bound::{Nanos, Ratio};
use crate::harness::{Contest, Outcome, Side, Unit};
use crate::host::{Host, TokioHost};

const ENTRIES: u64 = 1_000_000;
/// The slowest of them takes more than a second to fill.
const TTL: Duration = Duration::from_secs(3);

/// Calls that come when all has expired, each timed.
const CALLS: u64 = 20_000;

pub(super) fn contests(host: &TokioHost) -> [Contest; 2] {
    let contest = |name, most, theirs, of| {
        Contest::new(GROUP, name)
            .items(1)
            .rounds(3)
            .ours(ours(host, of))
            .peer("moka", Gate(Nanos(most)), moka(of))
            .peer("moka, by ratio", Wish(Ratio(theirs)), moka(of))
    };
    [
        contest("cache-expiry/worst-call", 2e6, 0.05, |times: Times| times.worst),
        contest("cache-expiry/total", 50e6, 0.05, |times: Times| times.total),
    ]
}

/// What freeing all of it took the calls after it, in nanoseconds.
#[derive(Clone, Copy)]
struct Times {
    worst: f64,
    total: f64,
}

fn ours(host: &TokioHost, of: fn(Times) -> f64) -> Side {
    let rt = host.adapter();
    Side::new(Unit::Nanos, move |_| {
        let cache = TtlCache::<u64, u64>::builder(2 * ENTRIES as usize).default_ttl(TTL);
        let cache: TtlCache<u64, u64, Tokio> = cache.build_with_runtime(&rt)?;
        measure(|key| cache.insert(key, key), || cache.run_maintenance(), || cache.len()).map(of)
    })
}

fn moka(of: fn(Times) -> f64) -> Side {
    Side::new(Unit::Nanos, move |_| {
        let cache: moka::sync::Cache<u64, u64> =
            moka::sync::Cache::builder().max_capacity(2 * ENTRIES).time_to_live(TTL).build();
        let len = || cache.entry_count() as usize;
        measure(|key| cache.insert(key, key), || cache.run_pending_tasks(), len).map(of)
    })
}

fn measure(insert: impl Fn(u64), maintain: impl Fn(), len: impl Fn() -> usize) -> Outcome<Times> {
    for key in 0..ENTRIES {
        insert(key);
    }
    maintain();
    if len() < ENTRIES as usize / 100 * 99 {
        return Err(format!("{} entries are left before they expire", len()).into());
    }
    std::thread::sleep(TTL + Duration::from_millis(50));
    let (mut worst, mut calls) = (Duration::ZERO, Duration::ZERO);
    for key in ENTRIES..ENTRIES + CALLS {
        let start = Instant::now();
        insert(key);
        let took = start.elapsed();
        (worst, calls) = (worst.max(took), calls + took);
    }
    let start = Instant::now();
    maintain();
    let total = calls + start.elapsed();
    if len() > CALLS as usize {
        return Err(format!("{} entries are left of those that expired", len()).into());
    }
    Ok(Times { worst: worst.as_nanos() as f64, total: total.as_nanos() as f64 })
}
