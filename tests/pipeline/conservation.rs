//! A pipeline of every kind of stage, whose items fail, panic, are filtered and skipped, run in any
//! order and cancelled anywhere.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use futures_util::{Stream, StreamExt as _, stream};
use mtaio::pipeline::{Batch, Letter, Parallel, Stage, pipeline};
use mtaio::{CancellationToken, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::assert_conserved;
use crate::common::{WORKER, done_or_dropped, ms, survives};

/// An item that is counted while it is alive.
struct Item {
    n: u64,
    alive: Arc<AtomicUsize>,
}

impl Item {
    fn new(n: u64, alive: &Arc<AtomicUsize>) -> Self {
        alive.fetch_add(1, Ordering::SeqCst);
        Self { n, alive: Arc::clone(alive) }
    }
}

impl Clone for Item {
    fn clone(&self) -> Self {
        Self::new(self.n, &self.alive)
    }
}

impl Drop for Item {
    fn drop(&mut self) {
        self.alive.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Works a while; what it does with an item is the item's to say.
struct Moody {
    rt: Sim,
    /// How often it was set up and not closed.
    open: Arc<AtomicUsize>,
    fails_at: u64,
    panics_at: u64,
}

impl Stage<Item> for Moody {
    type Out = Item;
    type Err = String;

    async fn process(&self, item: Item) -> Result<Item, String> {
        assert_eq!(self.open.load(Ordering::SeqCst), 1, "it is set up, once");
        match item.n % 4 {
            0 => {}
            1 => self.rt.yield_now().await,
            n => self.rt.sleep(ms(n)).await,
        }
        assert!(item.n % 11 != self.panics_at, "on purpose");
        if item.n % 11 == self.fails_at { Err(format!("{} fails", item.n)) } else { Ok(item) }
    }

    async fn setup(&self) -> Result<(), String> {
        self.rt.yield_now().await;
        assert_eq!(self.open.fetch_add(1, Ordering::SeqCst), 0);
        Ok(())
    }

    async fn close(&self) -> Result<(), String> {
        self.rt.yield_now().await;
        assert_eq!(self.open.fetch_sub(1, Ordering::SeqCst), 1);
        Ok(())
    }
}

const NEVER: u64 = 99;

const ITEMS: u64 = 16;

/// Items that come at once, after a yield or after a while.
fn source(
    rt: &Sim,
    alive: &Arc<AtomicUsize>,
    count: u64,
) -> impl Stream<Item = Item> + Send + use<> {
    let (rt, alive) = (rt.clone(), Arc::clone(alive));
    stream::iter(0..count).then(move |n| {
        let (rt, alive) = (rt.clone(), Arc::clone(&alive));
        async move {
            match n % 5 {
                0 => rt.yield_now().await,
                1 => rt.sleep(ms(2)).await,
                _ => {}
            }
            Item::new(n, &alive)
        }
    })
}

/// Takes the items through all kinds of stages, as a worker that may be dropped; cancelled after a
/// while, or not at all.
async fn all_kinds(rt: Sim, order: u64, fails_at: u64, cancel_after: Option<u64>) {
    let alive = Arc::new(AtomicUsize::new(0));
    let opens: [Arc<AtomicUsize>; 2] = Default::default();
    let lettered = Arc::new(AtomicU64::new(0));
    let token = CancellationToken::new();

    let worker = {
        let (rt, alive, opens, token) =
            (rt.clone(), Arc::clone(&alive), opens.clone(), token.clone());
        let lettered = Arc::clone(&lettered);
        rt.clone().spawn_named(WORKER, async move {
            let moody = |open: &Arc<AtomicUsize>, fails_at, panics_at| Moody {
                rt: rt.clone(),
                open: Arc::clone(open),
                fails_at,
                panics_at,
            };
            let [first, second] = &opens;
            let letters = Arc::clone(&lettered);
            let sink = async move |letter: Letter<Item, String>| {
                assert!(letter.error.is_none_or(|error| error.ends_with("fails")));
                letters.fetch_add(1, Ordering::SeqCst);
            };
            let begun = pipeline::<String>()
                .then(moody(first, 3, NEVER))
                .skip()
                .filter(|item: &Item| item.n % 7 != 5);
            let batch = Batch::size(3).within(ms(4));
            let count = async |batch: Vec<Item>| Ok::<_, String>(batch.len() as u64);
            let source = source(&rt, &alive, ITEMS);
            macro_rules! run {
                ($parallel:expr) => {{
                    let pipeline =
                        begun
                            .map_async($parallel, moody(second, 6, 8))
                            .dead_letter(sink)
                            .buffer(2)
                            .then(async move |item: Item| {
                                if item.n == fails_at {
                                    Err("the end".to_owned())
                                } else {
                                    Ok(item)
                                }
                            })
                            .batch(batch, count)
                            .build()
                            .expect("its settings make sense");
                    let outputs = Arc::new(AtomicU64::new(0));
                    let run = pipeline.run(&rt, source).until(&token).drain_within(ms(9));
                    let report = run
                        .for_each({
                            let (rt, outputs) = (rt.clone(), Arc::clone(&outputs));
                            async move |n| {
                                rt.yield_now().await;
                                outputs.fetch_add(n, Ordering::SeqCst);
                            }
                        })
                        .await;
                    assert_conserved(&report);
                    assert_eq!(outputs.load(Ordering::SeqCst), report.delivered);
                    assert_eq!(report.dead_lettered, lettered.load(Ordering::SeqCst));
                    assert!(report.close_errors.is_empty());
                    if report.error.is_some() {
                        assert!((1..=1).contains(&report.failed), "{report:?}");
                    } else if !token.is_cancelled() {
                        assert_eq!(
                            (report.taken, report.unprocessed, report.failed),
                            (ITEMS, 0, 0)
                        );
                        // 3 and 14 are skipped, 5 and 12 filtered, 6 and 8 handed over.
                        assert_eq!((report.skipped, report.filtered), (2, 2));
                        assert_eq!(report.dead_lettered, 2);
                    }
                }};
            }
            match order {
                0 => run!(Parallel::ordered(4)),
                1 => run!(Parallel::unordered(4)),
                _ => run!(Parallel::by_key(4, |item: &Item| item.n % 3)),
            }
        })
    };
    if let Some(after) = cancel_after {
        rt.sleep(ms(after)).await;
        token.cancel();
    }
    done_or_dropped(worker.await);
    // What a dropped run leaves behind is a task that closes.
    rt.sleep(ms(100)).await;
    assert_eq!(alive.load(Ordering::SeqCst), 0, "every item is gone");
    for open in &opens {
        assert_eq!(open.load(Ordering::SeqCst), 0, "every stage is closed");
    }
}

#[test]
fn every_item_has_one_end_in_order() {
    survives(|rt| all_kinds(rt, 0, NEVER, None));
}

#[test]
fn every_item_has_one_end_in_any_order() {
    survives(|rt| all_kinds(rt, 1, NEVER, None));
}

#[test]
fn every_item_has_one_end_by_key() {
    survives(|rt| all_kinds(rt, 2, NEVER, None));
}

#[test]
fn every_item_has_one_end_when_a_stage_ends_the_run() {
    survives(|rt| {
        let drawn = rt.entropy();
        all_kinds(rt, drawn % 3, 9 + drawn % 3, None)
    });
}

#[test]
fn every_item_has_one_end_when_the_run_is_cancelled() {
    survives(|rt| {
        let drawn = rt.entropy();
        all_kinds(rt, drawn % 3, NEVER, Some(drawn % 29))
    });
}

/// What comes out in order is what one item after the other comes to.
#[test]
fn ordered_output_is_the_sequential_one() {
    survives(|rt| async move {
        let worker = rt.clone().spawn_named(WORKER, async move {
            let clock = rt.clone();
            let slow = async move |n: u64| {
                clock.sleep(ms((n * 7) % 5)).await;
                if n % 6 == 1 { Err("no") } else { Ok(n * n) }
            };
            let squares = pipeline::<&str>()
                .map_async(Parallel::ordered(5), slow)
                .skip()
                .filter(|n| n % 4 != 0)
                .build()
                .expect("its settings make sense");
            let (out, report) = squares.run(&rt, stream::iter(0..40)).collect().await;
            let expected: Vec<u64> =
                (0..40).filter(|n| n % 6 != 1).map(|n| n * n).filter(|n| n % 4 != 0).collect();
            assert_eq!(out, expected);
            assert_conserved(&report);
        });
        done_or_dropped(worker.await);
    });
}

/// Items of one key come out in the order in which they came.
#[test]
fn each_key_keeps_its_order() {
    survives(|rt| async move {
        let worker = rt.clone().spawn_named(WORKER, async move {
            let clock = rt.clone();
            let slow = async move |n: u64| {
                clock.sleep(ms((n * 7) % 5)).await;
                Ok::<_, &str>(n)
            };
            let pipeline = pipeline::<&str>()
                .map_async(Parallel::by_key(5, |n: &u64| n % 4), slow)
                .build()
                .expect("its settings make sense");
            let (out, _) = pipeline.run(&rt, stream::iter(0..40)).collect().await;
            for key in 0..4 {
                let of_key: Vec<u64> = out.iter().copied().filter(|n| n % 4 == key).collect();
                assert_eq!(of_key, (0..40).filter(|n| n % 4 == key).collect::<Vec<_>>());
            }
        });
        done_or_dropped(worker.await);
    });
}
