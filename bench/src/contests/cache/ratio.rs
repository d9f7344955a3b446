//! How often a key is found: ten workloads, eight that are well known and two that nothing was
//! tuned on.

use super::GROUP;
use super::keys::{Random, Zipf};
use super::subjects::{LockedLru, Ours, Subject};
use crate::harness::Aim::{Gate, Open};
use crate::harness::Bound::Points;
use crate::harness::{Contest, Side, Unit};

const KEYS: u64 = 1_000_000;
const LOOPED: u64 = 100_000;

/// Gets, of which the first quarter does not count.
const GETS: u64 = 3_000_000;

/// From a number of gets so far to a key.
type Workload = fn(&Zipf, &mut Random, u64) -> u64;

/// By name: what is asked for, and how many keys there is room for; and how many points fewer than
/// quick_cache, and more than moka, are to be found.
const WORKLOADS: [(&str, Workload, u64, f64, f64); 10] = [
    ("zipf-1%", zipf, KEYS / 100, 0.1, 0.4),
    ("zipf-5%", zipf, KEYS / 20, 0.1, 0.4),
    ("zipf-10%", zipf, KEYS / 10, 0.1, 0.4),
    ("scan-1%", scan, KEYS / 100, 0.1, 0.4),
    ("scan-5%", scan, KEYS / 20, 0.1, 0.4),
    ("loop-50%", cycle, LOOPED / 2, 1.0, f64::NAN),
    ("loop-90%", cycle, LOOPED / 10 * 9, 1.0, f64::NAN),
    ("shift-5%", shift, KEYS / 20, 0.1, 0.4),
    ("bursts-5%", bursts, KEYS / 20, 0.1, 0.4),
    ("tenants-5%", tenants, KEYS / 20, 0.1, 0.4),
];

pub(super) fn contests() -> Vec<Contest> {
    WORKLOADS.into_iter().map(contest).collect()
}

fn contest((name, workload, capacity, less, more): (&str, Workload, u64, f64, f64)) -> Contest {
    let moka = if more.is_nan() { Open } else { Gate(Points(-more)) };
    Contest::new(GROUP, format!("cache-misses/{name}"))
        .items(1)
        .rounds(1)
        .ours(side::<Ours<u64>>(workload, capacity))
        .peer(
            "quick_cache",
            Gate(Points(less)),
            side::<quick_cache::sync::Cache<u64, u64>>(workload, capacity),
        )
        .peer("moka", moka, side::<moka::sync::Cache<u64, u64>>(workload, capacity))
        .peer("lru + Mutex", Open, side::<LockedLru<u64>>(workload, capacity))
}

fn side<S: Subject<u64>>(workload: Workload, capacity: u64) -> Side {
    Side::new(Unit::MissPercent, move |_| {
        let (cache, zipf) = (S::with_capacity(capacity as usize), Zipf::new(KEYS as usize, 0.9));
        let (mut random, mut misses) = (Random::new(7), 0_u64);
        for turn in 0..GETS {
            let key = workload(&zipf, &mut random, turn);
            if cache.get(&key).is_none() {
                cache.insert(key, turn);
                misses += u64::from(turn >= GETS / 4);
            }
        }
        Ok(misses as f64 * 100.0 / (GETS / 4 * 3) as f64)
    })
}

fn zipf(zipf: &Zipf, random: &mut Random, _: u64) -> u64 {
    zipf.draw(random)
}

/// Every other thousand are keys that come once.
fn scan(zipf: &Zipf, random: &mut Random, turn: u64) -> u64 {
    if (turn / 1_000).is_multiple_of(2) { zipf.draw(random) } else { KEYS + turn }
}

fn cycle(_: &Zipf, _: &mut Random, turn: u64) -> u64 {
    turn % LOOPED
}

/// What is popular changes, a little at a time.
fn shift(zipf: &Zipf, random: &mut Random, turn: u64) -> u64 {
    (zipf.draw(random) + turn / 100_000 * 2_000) % KEYS
}

/// Keys that are asked for some times within a while, and never again.
fn bursts(_: &Zipf, random: &mut Random, turn: u64) -> u64 {
    let newest = turn / 8;
    newest.saturating_sub(random.below(200) * random.below(200))
}

/// One with few popular keys, one that goes round and round, one without any pattern.
fn tenants(zipf: &Zipf, random: &mut Random, turn: u64) -> u64 {
    match random.below(10) {
        0..6 => zipf.draw(random),
        6..8 => 2 * KEYS + turn / 5 % 60_000,
        _ => 3 * KEYS + random.below(200_000),
    }
}
