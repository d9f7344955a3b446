//! What an entry takes: from numbers to numbers, a million of them.

use allocation_counter::measure;
use mtaio::cache::TtlCache;
use mtaio_sim::Sim;

use super::GROUP;
use super::keys::Random;
use super::subjects::{Ours, Subject};
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Bytes;
use crate::harness::{Contest, Side, Unit};

const ENTRIES: u64 = 1_000_000;

pub(super) fn contests() -> Vec<Contest> {
    let contest = |name, most, ours: fn(u64) -> Side, churned| {
        Contest::new(GROUP, name)
            .items(1)
            .rounds(1)
            .ours(ours(churned))
            .peer(
                "quick_cache",
                Wish(Bytes(most)),
                plain::<quick_cache::sync::Cache<u64, u64>>(churned),
            )
            .peer("moka", Open, plain::<moka::sync::Cache<u64, u64>>(churned))
            .peer("mini-moka", Open, plain::<mini_moka::sync::Cache<u64, u64>>(churned))
    };
    vec![
        contest("cache-heap/full", 52.0, plain::<Ours<u64>>, 0),
        contest("cache-heap/churned", 52.0, plain::<Ours<u64>>, 5 * ENTRIES),
        contest("cache-heap/ttl-churned", 60.0, timed, 5 * ENTRIES),
    ]
}

fn plain<S: Subject<u64>>(churned: u64) -> Side {
    side(|| S::with_capacity(ENTRIES as usize), S::insert, churned)
}

/// Ours, where each has a time to live.
fn timed(churned: u64) -> Side {
    let build = || {
        Sim::run(0, |rt| async move {
            TtlCache::<u64, u64>::builder(ENTRIES as usize).build_with_runtime(&rt)
        })
        .unwrap_or_else(|refused| panic!("{refused}"))
    };
    side(build, |cache: &TtlCache<u64, u64, Sim>, key, value| cache.insert(key, value), churned)
}

fn side<S: 'static>(build: fn() -> S, insert: fn(&S, u64, u64), churned: u64) -> Side {
    Side::new(Unit::Bytes, move |_| {
        let mut cache = None;
        let taken = measure(|| {
            let cache = cache.insert(build());
            // Twice as many, so that all of them are full.
            for key in 0..2 * ENTRIES {
                insert(cache, key, key);
            }
            let mut random = Random::new(3);
            for turn in 0..churned {
                insert(cache, random.next(), turn);
            }
        });
        Ok(taken.bytes_current as f64 / ENTRIES as f64)
    })
}
