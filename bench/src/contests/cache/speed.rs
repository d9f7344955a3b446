//! How long a get takes, alone and among inserts.

use std::hint::black_box;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use super::GROUP;
use super::keys::{Random, Zipf};
use super::subjects::{Key, LockedLru, OurLru, Ours, QuickAtEqualShards, Subject};
use crate::harness::Aim::{Gate, Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Side, Unit};

const THREADS: [usize; 3] = [1, 2, 4];

/// Keys that are drawn once and asked for again and again.
const DRAWN: usize = 1 << 20;

/// What is done with a key.
#[derive(Clone, Copy, PartialEq)]
enum Kind {
    /// Each is there.
    Get,
    /// Three gets to an insert.
    Mixed,
    /// A get, and an insert where it finds nothing.
    ReadThrough,
}

/// So many keys, of which a cache holds so many.
#[derive(Clone, Copy)]
struct Load {
    name: &'static str,
    kind: Kind,
    keys: usize,
    capacity: usize,
}

const LOADS: [Load; 4] = [
    Load { name: "cache-get-100k", kind: Kind::Get, keys: 100_000, capacity: 100_000 },
    Load { name: "cache-get-1m", kind: Kind::Get, keys: 1_000_000, capacity: 1_000_000 },
    Load { name: "cache-mixed", kind: Kind::Mixed, keys: 1_000_000, capacity: 100_000 },
    Load {
        name: "cache-read-through",
        kind: Kind::ReadThrough,
        keys: 1_000_000,
        capacity: 100_000,
    },
];

pub(super) fn contests() -> Vec<Contest> {
    let mut contests = Vec::new();
    for load in LOADS {
        for threads in THREADS {
            contests.push(contest::<u64>(load, threads, "u64", |key| key));
        }
    }
    for load in LOADS.into_iter().filter(|load| load.keys != load.capacity || load.keys < DRAWN / 2)
    {
        for threads in [1, 2] {
            contests
                .push(contest::<String>(load, threads, "string", |key| format!("user:{key:08}")));
        }
    }
    contests.extend(THREADS.into_iter().map(lru));
    contests
}

fn contest<K: Key>(load: Load, threads: usize, key: &str, make: fn(u64) -> K) -> Contest {
    let keys = Keys::new(load, make);
    Contest::new(GROUP, format!("{}/{key}/{threads}", load.name))
        .ours(side::<K, Ours<K>>(load, threads, &keys))
        .peer(
            "quick_cache, equal shards",
            Gate(Ratio(1.0)),
            side::<K, QuickAtEqualShards<K>>(load, threads, &keys),
        )
        .peer(
            "quick_cache",
            Open,
            side::<K, quick_cache::sync::Cache<K, u64>>(load, threads, &keys),
        )
        .peer(
            "moka",
            Gate(Ratio(0.125)),
            side::<K, moka::sync::Cache<K, u64>>(load, threads, &keys),
        )
        .peer("mini-moka", Open, side::<K, mini_moka::sync::Cache<K, u64>>(load, threads, &keys))
        .peer("foyer-memory", Open, side::<K, foyer_memory::Cache<K, u64>>(load, threads, &keys))
        .peer("stretto", Open, side::<K, stretto::Cache<K, u64>>(load, threads, &keys))
        .peer("lru + Mutex", Open, side::<K, LockedLru<K>>(load, threads, &keys))
}

/// The exact order of the last use against the same.
fn lru(threads: usize) -> Contest {
    let load = LOADS[0];
    let keys = Keys::new(load, |key| key);
    let most = if threads == 1 { 1.0 / 1.3 } else { 0.5 };
    Contest::new(GROUP, format!("cache-lru-get-100k/u64/{threads}"))
        .ours(side::<u64, OurLru<u64>>(load, threads, &keys))
        .peer("lru + Mutex", Wish(Ratio(most)), side::<u64, LockedLru<u64>>(load, threads, &keys))
}

/// The keys, drawn when they are needed for the first time.
struct Keys<K> {
    load: Load,
    make: fn(u64) -> K,
    drawn: OnceLock<(Vec<K>, Vec<u32>)>,
    /// How many sides use them.
    sides: AtomicUsize,
}

impl<K: Key> Keys<K> {
    fn new(load: Load, make: fn(u64) -> K) -> Arc<Self> {
        Arc::new(Self { load, make, drawn: OnceLock::new(), sides: AtomicUsize::new(0) })
    }

    /// All keys, and the numbers of those that are asked for.
    fn get(&self) -> &(Vec<K>, Vec<u32>) {
        self.drawn.get_or_init(|| {
            let keys = (0..self.load.keys as u64).map(self.make).collect();
            let mut random = Random::new(1);
            let zipf = (self.load.kind != Kind::Get).then(|| Zipf::new(self.load.keys, 0.9));
            let draw = || match &zipf {
                // Ranks are spread over the keys, so that neighbours are not alike.
                Some(zipf) => (zipf.draw(&mut random) * 7_919 % self.load.keys as u64) as u32,
                None => random.below(self.load.keys as u64) as u32,
            };
            let drawn = std::iter::repeat_with(draw).take(DRAWN).collect();
            (keys, drawn)
        })
    }
}

fn side<K: Key, S: Subject<K>>(load: Load, threads: usize, keys: &Arc<Keys<K>>) -> Side {
    // Each side goes through the keys from a place of its own: who asks for the same ones next would
    // find them in the processor's caches.
    let beginning = keys.sides.fetch_add(1, Ordering::Relaxed) * (DRAWN / 7);
    let keys = Arc::clone(keys);
    let mut filled = None;
    let mut run = 0;
    Side::new(Unit::Nanos, move |times| {
        let (keys, drawn) = keys.get();
        let cache = filled.get_or_insert_with(|| fill::<K, S>(load, keys, drawn));
        run += 1;
        let each = (times as usize).div_ceil(threads);
        let start = Instant::now();
        thread::scope(|scope| {
            for thread in 0..threads {
                let from = beginning + run * 104_729 + thread * 31_337;
                let cache = &*cache;
                scope.spawn(move || work(cache, load.kind, keys, drawn, from, each));
            }
        });
        Ok(start.elapsed().as_nanos() as f64 * times as f64 / (each * threads) as f64)
    })
}

fn fill<K: Key, S: Subject<K>>(load: Load, keys: &[K], drawn: &[u32]) -> S {
    // A little more than there are keys: no shard has to turn one away.
    let spare = if load.kind == Kind::Get { load.capacity / 4 } else { 0 };
    let cache = S::with_capacity(load.capacity + spare);
    if load.kind == Kind::Get {
        for (number, key) in keys.iter().enumerate() {
            cache.insert(key.clone(), number as u64);
        }
    } else {
        work(&cache, Kind::ReadThrough, keys, drawn, 0, DRAWN);
    }
    cache
}

fn work<K: Key, S: Subject<K>>(
    cache: &S,
    kind: Kind,
    keys: &[K],
    drawn: &[u32],
    from: usize,
    times: usize,
) {
    for turn in from..from + times {
        let number = drawn[turn % DRAWN];
        let key = &keys[number as usize];
        match kind {
            Kind::Get => {
                black_box(cache.get(key));
            }
            Kind::Mixed if turn % 4 == 0 => cache.insert(key.clone(), turn as u64),
            Kind::Mixed => {
                black_box(cache.get(key));
            }
            Kind::ReadThrough => {
                if black_box(cache.get(key)).is_none() {
                    cache.insert(key.clone(), turn as u64);
                }
            }
        }
    }
}
