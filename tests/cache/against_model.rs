//! Random operations at random times, each answered as the model answers it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mtaio::cache::{Cause, Eviction, TtlCache};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::below;
use crate::model::Model;

/// With 100 times the seeds, as the soak has them, ten million steps a policy.
const SEEDS: u64 = 50;
const STEPS: usize = 500;

type Told = Arc<Mutex<Vec<(u64, u64, Cause)>>>;

#[derive(Clone, Copy)]
struct Kind {
    capacity: u64,
    is_weighed: bool,
    ttl: Option<u64>,
    idle: Option<u64>,
}

/// Few enough entries for all that is over to be freed at the next change, and for all that is
/// remembered of those that left to be in one set.
const KINDS: [Kind; 4] = [
    Kind { capacity: 8, is_weighed: false, ttl: Some(40), idle: None },
    Kind { capacity: 7, is_weighed: false, ttl: None, idle: None },
    Kind { capacity: 50, is_weighed: true, ttl: Some(60), idle: None },
    Kind { capacity: 5, is_weighed: false, ttl: None, idle: Some(20) },
];

fn check(eviction: Eviction) {
    for kind in KINDS {
        Sim::explore(Explore::new().seeds(0..SEEDS), move |rt| async move {
            Subject::new(&rt, eviction, kind).run(&rt).await;
        });
    }
}

#[test]
fn s3fifo() {
    check(Eviction::S3Fifo);
}

#[test]
fn lru() {
    check(Eviction::Lru);
}

#[test]
fn lfu() {
    check(Eviction::Lfu);
}

#[test]
fn fifo() {
    check(Eviction::Fifo);
}

struct Subject {
    cache: TtlCache<u64, u64, Sim>,
    model: Model,
    told: Told,
    kind: Kind,
    next_value: u64,
}

/// The weight is the value's last digits.
fn weight(value: u64) -> u64 {
    value % 57 + 6
}

fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

impl Subject {
    fn new(rt: &Sim, eviction: Eviction, kind: Kind) -> Self {
        let told = Told::default();
        let capacity = usize::try_from(kind.capacity).expect("it is small");
        let mut builder = TtlCache::builder(capacity)
            .eviction(eviction)
            .shards(1)
            .default_ttl(kind.ttl.map(nanos))
            .time_to_idle(kind.idle.map(nanos))
            .on_evicted({
                let told = Arc::clone(&told);
                move |key, value, cause| {
                    told.lock().unwrap_or_else(PoisonError::into_inner).push((*key, *value, cause));
                }
            });
        if kind.is_weighed {
            builder = builder.weigher(|_, value| weight(*value) as u32);
        }
        let cache = builder.build_with_runtime(rt).expect("it makes sense");
        let model = Model::new(eviction, kind.capacity, kind.idle);
        Self { cache, model, told, kind, next_value: 0 }
    }

    async fn run(&mut self, rt: &Sim) {
        for _ in 0..STEPS {
            if below(rt, 3) == 0 {
                rt.sleep(nanos(below(rt, 30) as u64)).await;
            }
            let now = rt.now().as_nanos();
            // Some keys often, some hardly ever.
            let most = [6, 20, 90][below(rt, 3)];
            let key = below(rt, most) as u64;
            self.step(rt, key, now);
            self.compare(now);
        }
    }

    fn step(&mut self, rt: &Sim, key: u64, now: u64) {
        match below(rt, 20) {
            0..=6 => assert_eq!(self.cache.get(&key), self.model.get(key, now)),
            7 => assert_eq!(self.cache.with(&key, |value| *value), self.model.get(key, now)),
            8 => assert_eq!(self.cache.contains(&key), self.model.peek(key, now).is_some()),
            9..=11 => {
                let value = self.value(rt);
                self.cache.insert(key, value);
                self.model.insert(key, value, self.weight(value), self.kind.ttl, now);
            }
            12 | 13 => {
                let value = self.value(rt);
                let ttl =
                    [None, Some(0), Some(1), Some(20), Some(50), Some(u64::MAX)][below(rt, 6)];
                self.cache.insert_with_ttl(key, value, ttl.map(nanos));
                self.model.insert(key, value, self.weight(value), ttl, now);
            }
            14 => self.update(rt, key, now),
            15 => {
                self.model.settle(now);
                let value = self.model.peek(key, now);
                if value.is_some() {
                    self.model.leave(key, Cause::Removed);
                }
                if below(rt, 2) == 0 {
                    assert_eq!(self.cache.remove(&key), value);
                } else {
                    assert_eq!(self.cache.invalidate(&key), value.is_some());
                }
            }
            16 => {
                self.model.settle(now);
                let is_there = self.model.peek(key, now).is_some();
                let ttl = [self.kind.ttl, None, Some(10)][below(rt, 3)];
                if is_there {
                    self.model.touch(key, ttl, now);
                }
                assert_eq!(self.cache.touch_with_ttl(&key, ttl.map(nanos)), is_there);
            }
            17 => {
                let value = self.value(rt);
                let known = self.model.peek(key, now);
                if known.is_some() {
                    self.model.get(key, now);
                } else {
                    self.model.stats.misses += 1;
                    self.model.insert(key, value, self.weight(value), self.kind.ttl, now);
                }
                assert_eq!(self.cache.get_or_insert_with(key, || value), known.unwrap_or(value));
            }
            18 => {
                self.cache.run_maintenance();
                self.model.settle(now);
                if below(rt, 4) == 0 {
                    self.cache.clear();
                    self.model.clear();
                }
            }
            _ => {
                let odd = below(rt, 2) as u64;
                self.cache.retain(|key, _| key % 5 != odd);
                self.model.settle(now);
                let out: Vec<u64> =
                    self.model.entries.keys().copied().filter(|key| key % 5 == odd).collect();
                for key in out {
                    self.model.leave(key, Cause::Removed);
                }
            }
        }
    }

    fn update(&mut self, rt: &Sim, key: u64, now: u64) {
        let new = self.value(rt);
        self.model.settle(now);
        let old = self.model.peek(key, now);
        assert_eq!(self.cache.update(&key, |value| std::mem::replace(value, new)), old);
        if old.is_some() {
            self.model.use_it(key, now);
            self.model.entries.get_mut(&key).expect("it is there").value = new;
            self.model.reweigh(key, self.weight(new));
        }
    }

    /// No two are equal.
    fn value(&mut self, rt: &Sim) -> u64 {
        self.next_value += 1;
        self.next_value * 1_000 + below(rt, 60) as u64
    }

    fn weight(&self, value: u64) -> u64 {
        if self.kind.is_weighed { weight(value) } else { 1 }
    }

    fn compare(&mut self, now: u64) {
        let mut told =
            std::mem::take(&mut *self.told.lock().unwrap_or_else(PoisonError::into_inner));
        let mut gone = std::mem::take(&mut self.model.gone);
        // Of different keys there is no order.
        told.sort_by_key(|(key, value, _)| (*key, *value));
        gone.sort_by_key(|(key, value, _)| (*key, *value));
        assert_eq!(told, gone);
        let stats = &mut self.model.stats;
        (stats.len, stats.weight) = (self.model.entries.len(), 0);
        self.model.stats.weight = self.model.weight();
        assert_eq!(self.cache.stats(), self.model.stats);
        assert!(self.cache.weight() <= self.kind.capacity);
        let mut held: Vec<(u64, u64)> = self.cache.iter().collect();
        held.sort_unstable();
        let entries = self.model.entries.iter();
        let fresh = entries.filter(|(_, entry)| entry.deadline > now);
        let fresh: Vec<_> = fresh.map(|(key, entry)| (*key, entry.value)).collect();
        assert_eq!(held, fresh);
    }
}
