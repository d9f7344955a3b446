//! Whatever happens to who reads a stream, each item of the source ends in exactly one place: not
//! taken, handed out, dropped with its call, or told to have panicked.

use std::future::poll_fn;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{Stream, StreamExt as _, stream};
use mtaio::{RuntimeExt, StreamExt};
use mtaio_sim::Sim;

use crate::common::{WORKER, done_or_dropped, ms, survives};
use crate::script::below;

/// Where an item is. It is told by dropping it, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    NotTaken,
    Taken,
    Dropped,
    HandedOut,
    Panicked,
}

#[derive(Clone)]
struct Ledger(Arc<Mutex<Vec<Fate>>>);

/// An item, once.
struct Item {
    number: usize,
    ledger: Ledger,
}

impl Ledger {
    fn new(count: usize) -> Self {
        Self(Arc::new(Mutex::new(vec![Fate::NotTaken; count])))
    }

    fn move_on(&self, number: usize, from: Fate, to: Fate) {
        let mut fates = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is = fates[number];
        assert!(is == from, "item {number} was to go from {from:?} to {to:?}, and is {is:?}");
        fates[number] = to;
    }

    fn take(&self, number: usize) -> Item {
        self.move_on(number, Fate::NotTaken, Fate::Taken);
        Item { number, ledger: self.clone() }
    }

    fn fates(&self) -> Vec<Fate> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Item {
    fn hand_out(self) -> usize {
        self.ledger.move_on(self.number, Fate::Taken, Fate::HandedOut);
        self.number
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        let mut fates = self.ledger.0.lock().unwrap_or_else(PoisonError::into_inner);
        if fates[self.number] == Fate::Taken {
            fates[self.number] = Fate::Dropped;
        }
    }
}

const COUNT: usize = 12;

/// Each item a while after the one before, or at once.
fn source(rt: &Sim, ledger: &Ledger) -> impl Stream<Item = Item> + Send + use<> {
    let (rt, ledger) = (rt.clone(), ledger.clone());
    stream::iter(0..COUNT).then(move |number| {
        let (rt, ledger) = (rt.clone(), ledger.clone());
        async move {
            pause(&rt).await;
            ledger.take(number)
        }
    })
}

async fn pause(rt: &Sim) {
    match below(rt, 4) {
        0 => rt.yield_now().await,
        1 => rt.sleep(ms(1 + below(rt, 3))).await,
        _ => {}
    }
}

/// Works on an item, and panics over some.
async fn work(rt: &Sim, item: Item) -> Item {
    pause(rt).await;
    if item.number % 5 == 4 {
        item.ledger.move_on(item.number, Fate::Taken, Fate::Panicked);
        panic!("no {}", item.number);
    }
    item
}

type Shared<T> = Arc<Mutex<Option<Pin<Box<dyn Stream<Item = T> + Send>>>>>;

/// A stream that the next worker goes on with when this one is dropped.
struct Borrowed<T>(Option<Pin<Box<dyn Stream<Item = T> + Send>>>, Shared<T>);

impl<T> Borrowed<T> {
    fn new(shared: &Shared<T>) -> Self {
        Self(shared.lock().unwrap_or_else(PoisonError::into_inner).take(), Arc::clone(shared))
    }

    async fn next(&mut self) -> Option<T> {
        let stream = self.0.as_mut().expect("nobody else has it");
        poll_fn(|cx| stream.as_mut().poll_next(cx)).await
    }
}

impl<T> Drop for Borrowed<T> {
    fn drop(&mut self) {
        *self.1.lock().unwrap_or_else(PoisonError::into_inner) = self.0.take();
    }
}

/// All that comes out of a stream which is read by one worker, and where that was dropped by the
/// next.
async fn handed_on<T: Send + 'static>(
    rt: &Sim,
    stream: impl Stream<Item = T> + Send + 'static,
) -> Vec<T> {
    let stream: Pin<Box<dyn Stream<Item = T> + Send>> = Box::pin(stream);
    let shared: Shared<T> = Arc::new(Mutex::new(Some(stream)));
    let out = Arc::new(Mutex::new(Vec::new()));
    for name in [WORKER, "next worker"] {
        let (shared, out, clock) = (Arc::clone(&shared), Arc::clone(&out), rt.clone());
        let worker = rt.spawn_named(name, async move {
            let mut stream = Borrowed::new(&shared);
            while let Some(item) = stream.next().await {
                out.lock().unwrap_or_else(PoisonError::into_inner).push(item);
                pause(&clock).await;
            }
        });
        done_or_dropped(worker.await);
    }
    std::mem::take(&mut *out.lock().unwrap_or_else(PoisonError::into_inner))
}

/// What came out, and what panicked, of all that went in.
fn check(ledger: &Ledger, results: Vec<Option<Item>>) -> Vec<usize> {
    let out: Vec<usize> = results.into_iter().flatten().map(Item::hand_out).collect();
    for (number, fate) in ledger.fates().into_iter().enumerate() {
        let expected = if number % 5 == 4 { Fate::Panicked } else { Fate::HandedOut };
        assert_eq!(fate, expected, "item {number}");
    }
    out
}

#[test]
fn calls_in_order_are_handed_on() {
    survives(|rt| async move {
        let (ledger, clock) = (Ledger::new(COUNT), rt.clone());
        let f = async move |item: Item| work(&clock, item).await;
        let called = source(&rt, &ledger).map_async(3, f).expect("a limit");
        let results = handed_on(&rt, called.map(Result::ok)).await;
        assert_eq!(results.len(), COUNT);
        let out = check(&ledger, results);
        assert!(out.is_sorted(), "{out:?}");
    });
}

#[test]
fn calls_unordered_are_handed_on() {
    survives(|rt| async move {
        let (ledger, clock) = (Ledger::new(COUNT), rt.clone());
        let f = async move |item: Item| work(&clock, item).await;
        let called = source(&rt, &ledger).map_async(3, f).expect("a limit").unordered();
        let results = handed_on(&rt, called.map(Result::ok)).await;
        assert_eq!(results.len(), COUNT);
        check(&ledger, results);
    });
}

#[test]
fn calls_by_key_are_handed_on() {
    survives(|rt| async move {
        let (ledger, clock) = (Ledger::new(COUNT), rt.clone());
        let f = async move |item: Item| work(&clock, item).await;
        let called = source(&rt, &ledger).map_async(3, f).expect("a limit");
        let called = called.by_key(|item| item.number % 2);
        let results = handed_on(&rt, called.map(Result::ok)).await;
        assert_eq!(results.len(), COUNT);
        let out = check(&ledger, results);
        for key in 0..2 {
            assert!(out.iter().filter(|n| *n % 2 == key).is_sorted(), "{out:?}");
        }
    });
}

#[test]
fn a_for_each_that_is_dropped_drops_what_it_had() {
    survives(|rt| async move {
        let ledger = Ledger::new(COUNT);
        let worker = rt.spawn_named(WORKER, {
            let (rt, clock, ledger) = (rt.clone(), rt.clone(), ledger.clone());
            async move {
                let f = async move |item: Item| work(&clock, item).await;
                let called = source(&rt, &ledger).map_async(3, f).expect("a limit").unordered();
                called
                    .for_each(async move |result| {
                        let item = result.ok();
                        pause(&rt).await;
                        item.map(Item::hand_out);
                    })
                    .await;
            }
        });
        let is_done = done_or_dropped(worker.await).is_some();
        let fates = ledger.fates();
        assert!(!fates.contains(&Fate::Taken), "nobody has it: {fates:?}");
        if is_done {
            check(&ledger, Vec::new());
        }
        // What was not taken are the last.
        let not_taken = fates.iter().position(|fate| *fate == Fate::NotTaken);
        let rest = &fates[not_taken.unwrap_or(COUNT)..];
        assert!(rest.iter().all(|fate| *fate == Fate::NotTaken), "{fates:?}");
    });
}

#[test]
fn batches_and_windows_are_handed_on() {
    survives(|rt| async move {
        let numbers = || source(&rt, &Ledger::new(COUNT)).map(|item| item.number);
        let all = Vec::from_iter(0..COUNT);
        let timed = || numbers().timed(&rt);
        let batches = handed_on(&rt, numbers().batch(5).expect("a size")).await;
        assert_eq!(batches.concat(), all);
        let within = timed().batch_within(4, ms(3)).expect("settings");
        let batches = handed_on(&rt, within).await;
        assert_eq!(batches.concat(), all);
        assert!(batches.iter().all(|batch| (1..=4).contains(&batch.len())));
        let by_time = handed_on(&rt, timed().batch_by_time(ms(3)).expect("a time")).await;
        assert_eq!(by_time.concat(), all);
        let tumbling = handed_on(&rt, timed().tumbling(ms(4)).expect("a length")).await;
        assert_eq!(tumbling.into_iter().flat_map(|w| w.items).collect::<Vec<_>>(), all);
        // Each item is in the first window that ends after it, and in those that follow.
        let sliding = timed().sliding(ms(6), ms(2)).expect("settings");
        let mut seen: Vec<usize> = Vec::new();
        for window in handed_on(&rt, sliding).await {
            let new = window.items.iter().filter(|n| seen.last().is_none_or(|last| *n > last));
            let new: Vec<usize> = new.copied().collect();
            seen.extend(new);
            assert!(window.items.is_sorted(), "{window:?}");
        }
        assert_eq!(seen, all);
    });
}

#[test]
fn groups_are_handed_on() {
    survives(|rt| async move {
        let ledger = Ledger::new(COUNT);
        let groups = source(&rt, &ledger).group_by(|item| item.number % 3, 2).expect("a capacity");
        let readers = Arc::new(Mutex::new(Vec::new()));
        let (clock, started) = (rt.clone(), Arc::clone(&readers));
        let groups = groups.map(move |group| {
            let rt = clock.clone();
            let reader = clock.spawn_named("reader", async move {
                group
                    .then(async |item| {
                        pause(&rt).await;
                        item
                    })
                    .collect::<Vec<_>>()
                    .await
            });
            started.lock().unwrap_or_else(PoisonError::into_inner).push(reader);
        });
        assert!(handed_on(&rt, groups).await.len() <= 3);
        let readers = std::mem::take(&mut *readers.lock().unwrap_or_else(PoisonError::into_inner));
        for reader in readers {
            let items = reader.await.expect("it ends");
            let out: Vec<usize> = items.into_iter().map(Item::hand_out).collect();
            assert!(out.is_sorted(), "{out:?}");
        }
        assert_eq!(ledger.fates(), [Fate::HandedOut; COUNT]);
    });
}
