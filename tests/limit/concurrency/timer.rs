//! One timer a limiter, however many wait, and none of those who wait is needed for it.

use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::SystemTime;

use mtaio::limit::{AcquireError, ConcurrencyLimiter};
use mtaio::{Instant, Runtime, RuntimeExt, TaskName};
use mtaio_runtime::Sleep;
use mtaio_sim::Sim;

use crate::common::{Wakes, ms, poll_with};

/// A simulation that counts its timers: those there are, the most there were, how often one was
/// set.
#[derive(Clone)]
struct Counting {
    rt: Sim,
    counts: Arc<[AtomicUsize; 3]>,
}

struct Counted {
    sleep: Pin<Box<<Sim as Runtime>::Sleep>>,
    counts: Arc<[AtomicUsize; 3]>,
}

impl Counting {
    fn new(rt: &Sim) -> Self {
        Self { rt: rt.clone(), counts: Arc::default() }
    }

    fn counts(&self) -> [usize; 3] {
        [0, 1, 2].map(|index| self.counts[index].load(Ordering::SeqCst))
    }
}

impl Runtime for Counting {
    type Sleep = Counted;

    fn now(&self) -> Instant {
        self.rt.now()
    }

    fn wall_clock(&self) -> SystemTime {
        self.rt.wall_clock()
    }

    fn entropy(&self) -> u64 {
        self.rt.entropy()
    }

    fn sleep_until(&self, deadline: Instant) -> Counted {
        let now = self.counts[0].fetch_add(1, Ordering::SeqCst) + 1;
        self.counts[1].fetch_max(now, Ordering::SeqCst);
        self.counts[2].fetch_add(1, Ordering::SeqCst);
        let sleep = Box::pin(self.rt.sleep_until(deadline));
        Counted { sleep, counts: Arc::clone(&self.counts) }
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

impl Future for Counted {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.sleep.as_mut().poll(cx)
    }
}

impl Sleep for Counted {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.counts[2].fetch_add(1, Ordering::SeqCst);
        self.sleep.as_mut().reset(deadline);
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        self.counts[0].fetch_sub(1, Ordering::SeqCst);
    }
}

#[test]
fn a_thousand_wait_by_one_timer() {
    Sim::run(0, |sim| async move {
        let rt = Counting::new(&sim);
        let limiter = ConcurrencyLimiter::with_runtime(&rt, 1).expect("a limit");
        let held = limiter.acquire().await.expect("free");
        assert_eq!(rt.counts(), [0; 3], "who need not wait needs no timer");
        let waits = limiter.clone().longest_wait(ms(1_000)).expect("a time");
        let start = rt.now();
        let tasks: Vec<_> = (0..1_000_u64)
            .map(|number| {
                let (rt, waits) = (rt.clone(), waits.clone());
                let spawner = rt.clone();
                spawner.spawn(async move {
                    rt.sleep(ms(number)).await;
                    let late = waits.acquire().await.map(drop);
                    assert!(matches!(late, Err(AcquireError::Elapsed(_))), "{late:?}");
                    assert_eq!(rt.now(), start + ms(1_000 + number), "neither late nor early");
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("it ends");
        }
        // The tasks' own sleeps, and one.
        assert_eq!(rt.counts()[0], 1);
        assert!(rt.counts()[1] <= 1_001, "{:?}", rt.counts());
        drop((limiter.stats(), held));
    });
}

/// It would cost a timer's setting a waiter to follow the first in line.
#[test]
fn who_is_served_in_time_costs_no_timer() {
    Sim::run(0, |sim| async move {
        let rt = Counting::new(&sim);
        let limiter = ConcurrencyLimiter::with_runtime(&rt, 1).expect("a limit");
        let waits = limiter.clone().longest_wait(ms(100)).expect("a time");
        let wakes = Wakes::new();
        for _ in 0..1_000 {
            let held = limiter.try_acquire().expect("free");
            let mut next = waits.acquire();
            assert!(poll_with(Pin::new(&mut next), &wakes).is_pending());
            sim.sleep(ms(1)).await;
            drop(held);
            assert!(poll_with(Pin::new(&mut next), &wakes).is_ready());
        }
        let [live, most, set] = rt.counts();
        assert!(live <= 1 && most == 1, "{live} of {most}");
        assert!(set <= 12, "it was set {set} times in ten longest waits");
    });
}

#[test]
fn the_time_of_the_others_is_up_also_when_the_first_was_forgotten() {
    Sim::run(0, |rt| async move {
        let limiter = ConcurrencyLimiter::with_runtime(&rt, 2).expect("a limit");
        let held = limiter.acquire_many(2).await.expect("free");
        let waits = limiter.clone().longest_wait(ms(10)).expect("a time");
        let wakes = [(); 3].map(|()| Wakes::new());
        let mut forgotten = Box::pin(waits.acquire());
        assert!(poll_with(forgotten.as_mut(), &wakes[0]).is_pending());
        mem::forget(forgotten);
        let mut dropped = Box::pin(waits.acquire());
        assert!(poll_with(dropped.as_mut(), &wakes[1]).is_pending());
        rt.sleep(ms(5)).await;
        let mut last = Box::pin(waits.acquire());
        assert!(poll_with(last.as_mut(), &wakes[2]).is_pending());
        drop(dropped);
        rt.sleep(ms(20)).await;
        assert_eq!(wakes.each_ref().map(|wakes| wakes.count()), [1, 0, 1]);
        assert!(matches!(poll_with(last.as_mut(), &wakes[2]), Poll::Ready(Err(_))));
        // What was forgotten had not been granted anything.
        drop(held);
        assert_eq!(limiter.stats().in_use, 0);

        // The timer rang with nobody left to wait: it is set again for who comes after that.
        let held = limiter.acquire_many(2).await.expect("free");
        assert!(waits.acquire().await.is_err());
        let mut gone = Box::pin(waits.acquire());
        assert!(poll_with(gone.as_mut(), &wakes[1]).is_pending());
        drop(gone);
        rt.sleep(ms(20)).await;
        assert!(waits.acquire().await.is_err());
        drop(held);
    });
}

#[test]
fn nothing_is_left_when_the_limiter_goes() {
    // Or the simulation would find a timer that leaked.
    Sim::run(0, |rt| async move {
        let limiter = ConcurrencyLimiter::with_runtime(&rt, 1).expect("a limit");
        let waits = limiter.longest_wait(ms(60_000)).expect("a time");
        let held = waits.acquire_owned().await.expect("free");
        let wakes = Wakes::new();
        let mut next = waits.acquire_owned();
        assert!(poll_with(Pin::new(&mut next), &wakes).is_pending());
        drop((held, next, waits));
    });
}

/// A waker is foreign code: it may come back, and so may its destructor.
#[test]
fn wakers_are_woken_and_dropped_outside_of_the_lock() {
    struct Foreign(ConcurrencyLimiter<Sim>, Arc<AtomicUsize>);

    impl Foreign {
        fn look(&self) {
            // Hangs under the lock.
            self.0.stats();
            self.1.fetch_add(1, Ordering::SeqCst);
        }
    }

    impl Wake for Foreign {
        fn wake(self: Arc<Self>) {
            self.look();
        }
    }

    impl Drop for Foreign {
        fn drop(&mut self) {
            self.look();
        }
    }

    crate::common::watched("a waker that comes back", || {
        Sim::run(0, |rt| async move {
            let limiter = ConcurrencyLimiter::with_runtime(&rt, 1).expect("a limit");
            let waits = limiter.clone().longest_wait(ms(10)).expect("a time");
            let looks = Arc::new(AtomicUsize::new(0));
            let poll = |acquire: &mut Pin<Box<_>>| -> bool {
                let waker = Waker::from(Arc::new(Foreign(limiter.clone(), Arc::clone(&looks))));
                let acquire: &mut Pin<Box<mtaio::limit::AcquirePermit<'_, Sim>>> = acquire;
                acquire.as_mut().poll(&mut Context::from_waker(&waker)).is_ready()
            };
            let held = limiter.try_acquire().expect("free");
            let [mut woken, mut replaced, mut dropped, mut late] =
                [(); 4].map(|()| Box::pin(waits.acquire()));
            for acquire in [&mut woken, &mut replaced, &mut dropped, &mut late] {
                assert!(!poll(acquire));
            }
            assert!(!poll(&mut replaced));
            drop(dropped);
            drop(held);
            assert!(poll(&mut woken));
            assert!(poll(&mut replaced), "it was given back with the other's poll");
            rt.sleep(ms(20)).await;
            drop((replaced, late));
            assert!(looks.load(Ordering::SeqCst) >= 8);
        });
    });
}

/// It is the timer that wakes those whose time is up: a waker that panics there costs nobody else.
#[test]
fn a_waker_that_panics_keeps_nobody_waiting() {
    struct Rude;

    impl Wake for Rude {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }

    Sim::run(0, |rt| async move {
        let limiter = ConcurrencyLimiter::with_runtime(&rt, 1).expect("a limit");
        let _held = limiter.try_acquire().expect("free");
        let waits = |millis| limiter.clone().longest_wait(ms(millis)).expect("a time");
        let (short, long) = (waits(10), waits(20));
        let mut rude = short.acquire();
        let waker = Waker::from(Arc::new(Rude));
        assert!(Pin::new(&mut rude).poll(&mut Context::from_waker(&waker)).is_pending());
        let wakes = Wakes::new();
        let (mut first, mut second) = (short.acquire(), long.acquire());
        assert!(poll_with(Pin::new(&mut first), &wakes).is_pending());
        assert!(poll_with(Pin::new(&mut second), &wakes).is_pending());
        rt.sleep(ms(15)).await;
        assert_eq!(wakes.count(), 1);
        rt.sleep(ms(10)).await;
        assert_eq!(wakes.count(), 2);
        for waited in [&mut rude, &mut first, &mut second] {
            assert!(matches!(poll_with(Pin::new(waited), &wakes), Poll::Ready(Err(_))));
        }
    });
}
