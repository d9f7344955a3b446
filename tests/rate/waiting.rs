//! Those who wait: their order, their time, and what they cost.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::SystemTime;

use mtaio::limit::RateLimiter;
use mtaio::{Instant, Runtime, RuntimeExt, TaskName};
use mtaio_runtime::Sleep;
use mtaio_sim::{Explore, Sim};

use crate::common::{FAULTS, Wakes, eventually, on_every_runtime, poll_with};
use crate::{at, limiter, ms, per_second};

/// What it cost those who waited.
#[derive(Default)]
struct Log {
    order: Mutex<Vec<usize>>,
    polls: AtomicUsize,
}

/// Counts the polls of the future inside.
struct Counted<'a, F>(Pin<Box<F>>, &'a Log);

impl<F: Future> Future for Counted<'_, F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.1.polls.fetch_add(1, Ordering::SeqCst);
        self.0.as_mut().poll(cx)
    }
}

/// A runtime that counts its live sleeps, which wake too soon.
#[derive(Clone)]
struct Counting {
    rt: Sim,
    live: Arc<AtomicUsize>,
    most: Arc<AtomicUsize>,
}

/// It wakes once before its time, for nothing, and wants to be polled again then.
struct CountedSleep {
    sleep: Pin<Box<<Sim as Runtime>::Sleep>>,
    rt: Sim,
    deadline: Instant,
    live: Arc<AtomicUsize>,
}

impl CountedSleep {
    fn early(rt: &Sim, deadline: Instant) -> Instant {
        rt.now() + (deadline - rt.now()) / 2
    }
}

impl Future for CountedSleep {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        while self.sleep.as_mut().poll(cx).is_ready() {
            if self.rt.now() >= self.deadline {
                return Poll::Ready(());
            }
            let deadline = self.deadline;
            self.sleep.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

impl Sleep for CountedSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let early = Self::early(&self.rt, deadline);
        self.deadline = deadline;
        self.sleep.as_mut().reset(early);
    }
}

impl Drop for CountedSleep {
    fn drop(&mut self) {
        self.live.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Counting {
    fn new(rt: &Sim) -> Self {
        Self { rt: rt.clone(), live: Arc::default(), most: Arc::default() }
    }
}

impl Runtime for Counting {
    type Sleep = CountedSleep;

    fn now(&self) -> Instant {
        self.rt.now()
    }

    fn wall_clock(&self) -> SystemTime {
        self.rt.wall_clock()
    }

    fn entropy(&self) -> u64 {
        self.rt.entropy()
    }

    fn sleep_until(&self, deadline: Instant) -> CountedSleep {
        let live = self.live.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(live, Ordering::SeqCst);
        let sleep = Box::pin(self.rt.sleep_until(CountedSleep::early(&self.rt, deadline)));
        CountedSleep { sleep, rt: self.rt.clone(), deadline, live: Arc::clone(&self.live) }
    }

    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.rt.spawn_detached(name, future);
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        self.rt.spawn_blocking(job);
    }
}

const CROWD: usize = 300;

/// A crowd waits, and some of it gives up halfway: what is left takes no longer than its number
/// says, in its order, with two polls each, behind one timer.
async fn crowd(sim: Sim, burst: u32, gives_up: fn(usize) -> bool, lateness: u64) {
    let rt = Counting::new(&sim);
    let limiter = limiter(&rt, per_second(1_000), burst);
    let log = Arc::new(Log::default());
    let tasks: Vec<_> = (0..CROWD)
        .map(|number| {
            let (limiter, log) = (limiter.clone(), Arc::clone(&log));
            // Each is in line before the next one is there.
            let task = sim.spawn(async move {
                Counted(Box::pin(limiter.acquire()), &log).await.expect("there is no deadline");
                log.order.lock().unwrap_or_else(PoisonError::into_inner).push(number);
            });
            (number, task)
        })
        .collect();
    sim.run_until_stalled().await;
    let start = sim.now();
    let mut staying = 0;
    for (number, task) in tasks {
        if number >= burst as usize && gives_up(number) {
            drop(task);
        } else {
            staying += 1;
            if number == CROWD - 1 {
                task.await.expect("it is not dropped");
            } else {
                task.detach();
            }
        }
    }
    sim.run_until_stalled().await;
    let order = log.order.lock().unwrap_or_else(PoisonError::into_inner).clone();
    assert_eq!(order.len(), staying);
    assert!(order.is_sorted(), "overtaken: {order:?}");
    let took = sim.now() - start;
    let needs = ms(staying as u64 - u64::from(burst));
    assert!(needs <= took + ms(3) && took <= needs + ms(lateness), "{took:?} instead of {needs:?}");
    assert!(log.polls.load(Ordering::SeqCst) <= 2 * CROWD);
    assert_eq!(rt.most.load(Ordering::SeqCst), 1, "timers");
    assert_eq!(limiter.stats().waiting, 0);
}

#[test]
fn a_crowd_waits_behind_one_timer() {
    let explore = || Explore::new().seeds(0..3).policy(mtaio_sim::Schedule::Fifo);
    for burst in [1, 10, 100] {
        Sim::explore(explore(), move |rt| crowd(rt, burst, |_| false, 0));
        Sim::explore(explore(), move |rt| crowd(rt, burst, |number| number % 2 == 0, 0));
        // Timers that are late by up to three milliseconds cost nobody anything but at the end.
        let late = explore().faults(mtaio_sim::Faults::new().late_timers(ms(3)));
        Sim::explore(late, move |rt| crowd(rt, burst, |number| number % 3 == 0, 3));
    }
}

/// The same crowd in real time, on every runtime: all come through, in order of coming.
async fn all_come_through<R: Runtime>(rt: R) {
    let limiter = RateLimiter::new(&rt, per_second(5_000), 2).expect("a burst");
    let tasks: Vec<_> = (0..50)
        .map(|number: u32| {
            let limiter = limiter.clone();
            rt.spawn(async move { limiter.acquire_many(1 + number % 2).await })
        })
        .collect();
    for (number, task) in tasks.into_iter().enumerate() {
        if number % 3 == 0 {
            drop(task);
        } else {
            task.await.expect("it is not dropped").expect("there is no deadline");
        }
    }
    // A task that is dropped ends soon, but not at once.
    eventually(&rt, "nobody waits", || limiter.stats().waiting == 0).await;
}

/// Nobody is admitted past those who wait, though there would be enough for a lighter one.
async fn nobody_overtakes<R: Runtime>(rt: R) {
    let limiter = RateLimiter::new(&rt, per_second(10), 10).expect("a burst");
    limiter.try_acquire_many(5).expect("it is full");
    let wakes = Wakes::new();
    let mut heavy = pin!(limiter.acquire_many(10));
    assert!(poll_with(heavy.as_mut(), &wakes).is_pending());
    assert!(limiter.try_acquire().is_err(), "5 are there, and promised");
    let mut light = Box::pin(limiter.acquire());
    assert!(poll_with(light.as_mut(), &wakes).is_pending());
    assert_eq!(limiter.stats().waiting, 2);

    // What is given back lets in the first, and at once.
    limiter.refund(5);
    assert_eq!(wakes.count(), 1);
    assert!(poll_with(heavy.as_mut(), &wakes).is_ready());
    assert!(poll_with(light.as_mut(), &wakes).is_pending());
    drop(light);
    assert_eq!(limiter.stats().waiting, 0);
}

on_every_runtime!(seeds = 10; all_come_through, nobody_overtakes);

/// The one in front is heavy, and goes: those behind get what it had waited for.
#[test]
fn who_leaves_lets_the_next_one_in() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(10), 10);
        limiter.try_acquire_many(5).expect("it is full");
        let (heavy_wakes, wakes) = (Wakes::new(), Wakes::new());
        let mut heavy = Box::pin(limiter.acquire_many(10));
        assert!(poll_with(heavy.as_mut(), &heavy_wakes).is_pending());
        let mut light = pin!(limiter.acquire_many(3));
        assert!(poll_with(light.as_mut(), &wakes).is_pending());
        drop(heavy);
        assert_eq!((heavy_wakes.count(), wakes.count()), (0, 1));
        assert!(poll_with(light, &wakes).is_ready());
        assert_eq!(limiter.stats().available, 2);
    });
}

/// One that is granted, and woken, and never polled again keeps nobody from going on.
#[test]
fn who_does_not_come_when_woken_holds_up_nobody() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(1_000), 1);
        limiter.try_acquire().expect("it is full");
        let wakes = Wakes::new();
        let mut lazy: Vec<_> = (0..5).map(|_| Box::pin(limiter.acquire())).collect();
        for waits in &mut lazy {
            assert!(poll_with(waits.as_mut(), &wakes).is_pending());
        }
        limiter.acquire().await.expect("there is no deadline");
        assert_eq!((rt.now(), wakes.count()), (at(6), 5));

        // Dropped with their grants, they give them back, up to the burst.
        drop(lazy);
        assert_eq!(limiter.stats().available, 1);
    });
}

/// What it gives back is the next one's, now and not when that one's own time comes.
#[test]
fn who_is_dropped_with_its_grant_lets_the_next_one_in() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(10), 1);
        limiter.try_acquire().expect("it is full");
        let (first_wakes, wakes) = (Wakes::new(), Wakes::new());
        let mut first = Box::pin(limiter.acquire());
        let mut next = pin!(limiter.acquire());
        assert!(poll_with(first.as_mut(), &first_wakes).is_pending());
        assert!(poll_with(next.as_mut(), &wakes).is_pending());
        rt.sleep(ms(100)).await;
        rt.run_until_stalled().await;
        assert_eq!((first_wakes.count(), wakes.count()), (1, 0));
        drop(first);
        assert_eq!((rt.now(), wakes.count()), (at(100), 1));
        assert!(poll_with(next, &wakes).is_ready());
    });
}

/// The last waker is the one that is woken.
#[test]
fn a_future_moves_between_tasks() {
    Sim::run(0, |rt| async move {
        let limiter = limiter(&rt, per_second(1_000), 1);
        limiter.try_acquire().expect("it is full");
        let (first, second) = (Wakes::new(), Wakes::new());
        let mut waits = pin!(limiter.acquire());
        assert!(poll_with(waits.as_mut(), &first).is_pending());
        assert!(poll_with(waits.as_mut(), &second).is_pending());
        rt.sleep(ms(1)).await;
        rt.run_until_stalled().await;
        assert_eq!((first.count(), second.count()), (0, 1));
        assert!(poll_with(waits, &first).is_ready());
    });
}

/// What stays registered is nothing once nobody waits: the simulation would tell a timer that is
/// left.
#[test]
fn no_timer_stays_for_nobody() {
    Sim::explore(Explore::new().seeds(0..20).faults(FAULTS), |rt| async move {
        let counting = Counting::new(&rt);
        let limiter = limiter(&counting, per_second(1), 1);
        limiter.try_acquire().expect("it is full");
        let waits = rt.spawn({
            let limiter = limiter.clone();
            async move { limiter.acquire().await }
        });
        rt.run_until_stalled().await;
        assert_eq!(counting.live.load(Ordering::SeqCst), 1);
        drop(waits);
        rt.run_until_stalled().await;
        assert_eq!(counting.live.load(Ordering::SeqCst), 0);
        assert!(rt.now() < at(1_000));
    });
}
