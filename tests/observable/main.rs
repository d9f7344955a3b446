//! Observables: what those who watch see, and that nobody misses the last state.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

use std::cmp::Ordering;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use allocation_counter::measure;
use mtaio::observable::{Change, MapChange, Observable, ObservableMap};
use mtaio::{Runtime, RuntimeExt};

use common::{WORKER, Wakes, on_every_runtime, poll_with, survives};

on_every_runtime!(
    seeds = 50;
    who_watches_sees_the_last_state,
    changes_are_complete_or_reset,
    updates_lose_nothing,
    what_follows_follows,
    a_transaction_is_all_or_nothing,
    a_map_can_be_rebuilt_from_its_changes,
);

async fn who_watches_sees_the_last_state<R: Runtime>(rt: R) {
    let value = Observable::new(0);
    let watching = [value.watch(), value.watch()].map(|mut watch| {
        rt.spawn(async move {
            let mut last = 0;
            while let Some(now) = watch.changed().await {
                assert!(*now > last, "never an older one");
                last = *now;
            }
            last
        })
    });
    for number in 1..=50 {
        value.set(number);
        if number % 7 == 0 {
            rt.yield_now().await;
        }
    }
    assert_eq!((value.get(), value.stats().version), (50, 50));
    drop(value);
    for watch in watching {
        assert_eq!(watch.await.expect("it ends"), 50);
    }
}

async fn changes_are_complete_or_reset<R: Runtime>(rt: R) {
    let value = Observable::new(0);
    assert!(value.changes(0).is_err());
    let mut changes = value.changes(3).expect("room");
    let reading = rt.spawn(async move {
        let (mut last, mut seen) = (0, 0);
        while let Some(change) = changes.next().await {
            match change {
                Change::Set { old, new } => {
                    assert_eq!((*old, *new), (last, last + 1));
                    (last, seen) = (*new, seen + 1);
                }
                Change::Reset(now) => last = *now,
            }
        }
        (last, seen + changes.missed())
    });
    for number in 1..=60 {
        value.set(number);
        if rt.entropy() % 3 == 1 {
            rt.yield_now().await;
        }
    }
    drop(value);
    assert_eq!(reading.await.expect("it ends"), (60, 60), "seen or missed");
}

async fn updates_lose_nothing<R: Runtime>(rt: R) {
    let value = Observable::new(0);
    let adding = [1, 2, 3].map(|_| {
        let (rt, value) = (rt.clone(), value.clone());
        rt.clone().spawn(async move {
            for _ in 0..20 {
                // It may use the value itself.
                value.update(|number| *number += value.stats().watches + 1);
                rt.yield_now().await;
            }
        })
    });
    for add in adding {
        add.await.expect("it ends");
    }
    assert_eq!(value.get(), 60);
    assert!(!value.set_if_new(60) && value.set_if_new(61));
}

async fn what_follows_follows<R: Runtime>(_rt: R) {
    let (one, two) = (Observable::new(1), Observable::new(10));
    let sum = one.zip(&two, |one, two| {
        assert!(*one != 5, "on purpose");
        one + two
    });
    let text = sum.then(|sum| format!("{sum}"));
    let mut watch = text.watch();
    one.set(2);
    two.set(20);
    assert_eq!((sum.get(), &*text.get(), &**watch.latest()), (22, "22", "22"));
    one.set(5);
    assert_eq!(sum.get(), 22, "what panics leaves it as it was");
    one.set(6);
    // Told once, also where it follows from the same twice.
    let twice = two.zip(&two, |one, other| one + other);
    let mut changes = twice.changes(4).expect("room");
    two.set(20);
    let Some(Change::Set { old, new }) = changes.next().await else { panic!("it was set") };
    assert_eq!((*old, *new), (40, 40));
    drop((one, two, sum));
    assert!(changes.next().await.is_none());
    assert_eq!(watch.changed().await.as_deref().map(String::as_str), Some("26"));
    assert!(watch.changed().await.is_none(), "final with what it follows from");
}

async fn a_transaction_is_all_or_nothing<R: Runtime>(_rt: R) {
    let value = Observable::new(vec![1]);
    let (mut first, mut second) = (value.transaction(), value.transaction());
    first.push(2);
    second.push(3);
    first.commit().expect("nobody was quicker");
    let conflict = second.commit().expect_err("somebody was quicker");
    assert_eq!((conflict.0, value.get()), (vec![1, 3], vec![1, 2]));
    value.transaction().clear();
    assert_eq!((value.get(), value.stats().version), (vec![1, 2], 1));
}

async fn a_map_can_be_rebuilt_from_its_changes<R: Runtime>(rt: R) {
    let map = ObservableMap::new();
    let mut changes = map.changes(4).expect("room");
    let rebuilding = rt.spawn(async move {
        let mut copy = std::collections::BTreeMap::new();
        while let Some(change) = changes.next().await {
            match change {
                MapChange::Inserted { key, new } => {
                    let before = copy.insert(key, new);
                    assert!(before.is_none());
                }
                MapChange::Updated { key, old, new } => {
                    assert_eq!(copy.insert(key, new), Some(old));
                }
                MapChange::Removed { key, old } => {
                    let before = copy.remove(&key);
                    assert_eq!(before, Some(old));
                }
                MapChange::Reset(all) => copy = all,
            }
        }
        copy
    });
    for number in 0..80_u64 {
        let key = rt.entropy() % 5;
        match rt.entropy() % 4 {
            0 => drop(map.remove(&key)),
            1 => {
                let mut transaction = map.transaction();
                transaction.insert(key, number).remove(key + 1).insert(key + 2, number);
                transaction.commit();
            }
            2 if number % 20 == 0 => map.clear(),
            _ => drop(map.insert(key, number)),
        }
        if rt.entropy() % 2 == 1 {
            rt.yield_now().await;
        }
    }
    let last = map.snapshot();
    assert_eq!((map.len(), map.is_empty()), (last.len(), last.is_empty()));
    drop(map);
    assert_eq!(rebuilding.await.expect("it ends"), last);
}

#[test]
fn a_watch_that_is_dropped_leaves_the_others() {
    survives(|rt| async move {
        let value = Observable::new(0);
        let watch = |name| {
            let mut watch = value.watch();
            rt.spawn_named(name, async move {
                while let Some(now) = watch.changed().await {
                    if *now == 3 {
                        return Arc::clone(&now);
                    }
                }
                panic!("it was final before")
            })
        };
        let (worker, other) = (watch(WORKER), watch("other"));
        for number in 1..=3 {
            value.set(number);
            rt.yield_now().await;
        }
        drop(worker.await);
        assert_eq!(*other.await.expect("it sees the last"), 3);
        assert_eq!(value.stats().watches, 0);
    });
}

/// A key that looks at its map when it goes: that is not to be under the map's lock.
struct Key(u8, ObservableMap<Self, u8>);

impl Drop for Key {
    fn drop(&mut self) {
        let _ = self.1.len();
    }
}

impl PartialEq for Key {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0
    }
}

impl Eq for Key {}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.cmp(&other.0)
    }
}

#[test]
fn a_key_goes_without_the_maps_lock() {
    let map = ObservableMap::new();
    let key = || Key(1, map.clone());
    assert_eq!(map.insert(key(), 1), None);
    assert_eq!(map.insert(key(), 2).as_deref(), Some(&1), "the other key goes");
    let mut transaction = map.transaction();
    transaction.remove(key());
    transaction.commit();
    assert!(map.is_empty(), "the key that was there goes");
}

#[test]
fn what_follows_ends_when_nobody_has_it_any_more() {
    let source = Observable::new(1);
    let derived = source.map(|number| number + 1);
    let (mut watch, mut changes) = (derived.watch(), derived.changes(1).expect("there is room"));
    let then = derived.then(|number| number + 1);
    drop(derived.clone());
    drop(derived);
    source.set(2);
    assert_eq!((then.get(), watch.latest()), (4, Arc::new(3)), "what follows from it keeps it");
    drop(then);
    let wakes = Wakes::new();
    assert!(matches!(poll_with(pin!(watch.changed()), &wakes), Poll::Ready(None)));
    assert!(matches!(poll_with(pin!(changes.next()), &wakes), Poll::Ready(Some(_))));
    assert!(matches!(poll_with(pin!(changes.next()), &wakes), Poll::Ready(None)));
}

#[test]
fn what_no_longer_follows_takes_no_room() {
    let source = Observable::new(1);
    let kept = measure(|| (0..10_000).for_each(|_| drop(source.map(|number| number + 1))));
    assert!(kept.bytes_current < 4096, "{} bytes", kept.bytes_current);
}
