//! Any number of tasks, each of which does anything at any time.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

use mtaio::limit::{Limiter, Rate, RateAcquire, RateLimiter};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Explore, Faults, Schedule, Sim};

use crate::common::{WORKER, done_or_dropped, survives};
use crate::ledger::{Ledger, Line};
use crate::{limiter, ms, per_second};

const BURST: u32 = 4;
const RATES: [u32; 3] = [100, 250, 1_000];

fn below(rt: &Sim, n: u32) -> u32 {
    ((u128::from(rt.entropy()) * u128::from(n)) >> 64) as u32
}

/// A limiter that writes down what it does.
#[derive(Clone)]
struct Watched {
    rt: Sim,
    limiter: RateLimiter<Sim>,
    ledger: Ledger,
}

impl Watched {
    fn new(rt: &Sim) -> Self {
        let limiter = limiter(rt, per_second(250), BURST);
        Self { rt: rt.clone(), limiter, ledger: Ledger::new(BURST, 250.0) }
    }

    fn note(&self, line: Line) {
        self.ledger.note(self.rt.now(), line);
    }

    async fn acquire(&self, weight: u32) {
        self.limiter.acquire_many(weight).await.expect("there is no deadline");
        self.note(Line::Admitted(weight));
    }

    fn try_acquire(&self, weight: u32) -> bool {
        let admitted = self.limiter.try_acquire_many(weight).is_ok();
        if admitted {
            self.note(Line::Admitted(weight));
        }
        admitted
    }

    /// Begins to wait, and is dropped soon, granted or not.
    async fn give_up(&self, weight: u32, after: u64) {
        let noted =
            Arc::new(Noted { it: self.clone(), weight, is_granted: AtomicBool::new(false) });
        let mut waits = Box::pin(self.limiter.acquire_many(weight));
        if noted.poll(&mut waits).is_pending() {
            // Also when the worker is dropped.
            let _gives_back = GivesBack { noted, _waits: waits };
            self.rt.sleep(ms(after)).await;
        }
    }

    fn forget(&self, weight: u32) {
        let noted =
            Arc::new(Noted { it: self.clone(), weight, is_granted: AtomicBool::new(false) });
        let limiter = self.limiter.clone();
        let mut waits = Box::pin(async move { limiter.acquire_many(weight).await });
        if noted.poll(&mut waits).is_pending() {
            std::mem::forget(waits);
        }
    }

    fn set_rate(&self, rate: u32) {
        self.note(Line::Rate(f64::from(rate)));
        self.limiter.set_rate(per_second(rate)).expect("a short burst");
    }

    /// When nobody waits any more, and nothing is on its way.
    fn check(&self) {
        self.ledger.check_windows();
        let stats = self.limiter.stats();
        self.ledger.check_available(self.rt.now(), stats.available);
    }
}

/// A waker that writes down that what it waits for is granted.
struct Noted {
    it: Watched,
    weight: u32,
    is_granted: AtomicBool,
}

impl Noted {
    fn poll<T>(self: &Arc<Self>, waits: &mut Pin<Box<impl Future<Output = T>>>) -> Poll<T> {
        let waker = Waker::from(Arc::clone(self));
        let polled = waits.as_mut().poll(&mut Context::from_waker(&waker));
        if polled.is_ready() {
            self.it.note(Line::Admitted(self.weight));
        }
        polled
    }
}

impl Wake for Noted {
    fn wake(self: Arc<Self>) {
        assert!(!self.is_granted.swap(true, Ordering::SeqCst), "granted twice");
        self.it.note(Line::Admitted(self.weight));
    }
}

struct GivesBack<'a> {
    noted: Arc<Noted>,
    _waits: Pin<Box<RateAcquire<'a, Sim>>>,
}

impl Drop for GivesBack<'_> {
    fn drop(&mut self) {
        let Noted { it, weight, is_granted } = &*self.noted;
        if is_granted.load(Ordering::SeqCst) {
            // Before the fact: others may be admitted by it.
            it.note(Line::Refunded(*weight));
        }
    }
}

async fn anything(it: &Watched) {
    let weight = 1 + below(&it.rt, BURST);
    match below(&it.rt, 10) {
        0..4 => it.acquire(weight).await,
        4 => {
            if it.try_acquire(weight) && below(&it.rt, 2) == 0 {
                // Before the fact: others may be admitted by it.
                it.note(Line::Refunded(weight));
                it.limiter.refund(weight);
            }
        }
        5 => it.give_up(weight, below(&it.rt, 30).into()).await,
        6 => it.rt.sleep(ms(below(&it.rt, 40).into())).await,
        7 => it.set_rate(RATES[below(&it.rt, 3) as usize]),
        8 => it.rt.yield_now().await,
        // A machine that slept.
        _ => it.rt.sleep(ms(3_600_000)).await,
    }
}

async fn story(rt: Sim, forgets: bool) {
    let it = Watched::new(&rt);
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let it = it.clone();
            rt.spawn_named(WORKER, async move {
                for _ in 0..5 {
                    anything(&it).await;
                    if forgets && below(&it.rt, 8) == 0 {
                        it.forget(1);
                    }
                }
            })
        })
        .collect();
    for worker in workers {
        done_or_dropped(worker.await);
    }
    // Those that were forgotten have had their turns by then, too: one more comes after them.
    it.acquire(1).await;
    it.check();
    assert_eq!(it.limiter.stats().waiting, 0);
}

#[test]
fn no_token_is_lost_or_made() {
    survives(|rt| story(rt, false));
}

#[test]
fn who_forgets_loses_only_its_own() {
    // A forgotten future keeps its limiter alive, but no timer.
    survives(|rt| story(rt, true));
}

/// Timers that are far later than what is made good.
#[test]
fn lateness_beyond_the_grace_makes_no_token() {
    let late = Faults::new().late_timers(ms(60));
    let explore = || Explore::new().max_polls(50_000).faults(late);
    Sim::explore(explore().seeds(0..200), |rt| story(rt, false));
    Sim::explore(explore().seeds(0..200).policy(Schedule::Pct(3)), |rt| story(rt, true));
}

/// Through the trait, as a policy does it.
async fn waits_for<L: Limiter>(limiter: &L, weight: u32) {
    let permit = limiter.acquire_many(weight).await.expect("there is no deadline");
    limiter.refund(permit, weight);
}

#[test]
fn the_trait_gives_back_what_it_took() {
    survives(|rt| async move {
        let limiter = Arc::new(limiter(&rt, per_second(1), 2));
        let workers: Vec<_> = (0..3)
            .map(|_| {
                let limiter = Arc::clone(&limiter);
                rt.spawn_named(WORKER, async move { waits_for(&*limiter, 2).await })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        // Nobody had to wait for the clock, but for it to turn up late.
        assert_eq!(limiter.try_acquire_many(2), Ok(()));
        let _future_is_send: &dyn Send = &limiter.acquire();
        let rate: Rate = limiter.rate();
        assert_eq!(rate, per_second(1));
    });
}
