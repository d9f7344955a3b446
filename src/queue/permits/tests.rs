use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::AtomicBool;
use std::task::Wake;
use std::thread;

use mtaio_runtime::Runtime;
use mtaio_sim::{Explore, Sim};

use super::*;
use crate::queue::testing::{Wakes, below, block_on, poll_with, race};

/// A first-come-first-served counter, by the book: who waits stands in a line, and a permit that
/// comes back is the first one's at once, who need only come for it.
struct Model {
    free: usize,
    line: VecDeque<u64>,
    granted: Vec<u64>,
    held: usize,
}

/// Somebody who was told to wait.
struct Waiter {
    id: u64,
    acquire: Acquire,
    wakes: Arc<Wakes>,
}

struct Story<R> {
    rt: R,
    permits: Arc<Permits>,
    model: Model,
    waiters: Vec<Waiter>,
    guards: Vec<Permit>,
    next_id: u64,
}

#[test]
fn any_order_of_events_follows_the_model() {
    Sim::explore(Explore::new().seeds(0..3_000), |rt| async move {
        let count = 1 + below(&rt, 4);
        let mut story = Story::new(rt, count);
        for _ in 0..100 {
            story.step();
            story.check();
        }
        story.end();
    });
}

impl<R: Runtime> Story<R> {
    fn new(rt: R, count: usize) -> Self {
        let model = Model { free: count, line: VecDeque::new(), granted: Vec::new(), held: 0 };
        let (waiters, guards) = (Vec::new(), Vec::new());
        Self { rt, permits: Permits::new(count), model, waiters, guards, next_id: 0 }
    }

    fn step(&mut self) {
        match below(&self.rt, 10) {
            0 => {
                let taken = self.permits.try_take();
                assert_eq!(taken, self.model.take(), "try_take");
                if taken {
                    self.guards.push(Permit::taken(&self.permits));
                }
            }
            1..=3 => self.acquire(),
            4 | 5 => self.poll_again(),
            6 => self.give_up(),
            _ => self.release(),
        }
    }

    fn acquire(&mut self) {
        // One that is never polled has no place, and takes none from anybody.
        drop(self.permits.acquire());
        let (mut acquire, wakes) = (self.permits.acquire(), Wakes::new());
        match poll_with(Pin::new(&mut acquire), &wakes) {
            Poll::Ready(permit) => {
                assert!(self.model.take(), "somebody overtook");
                self.guards.push(permit);
            }
            Poll::Pending => {
                assert!(!self.model.take(), "a free permit was not given");
                self.model.line.push_back(self.next_id);
                self.waiters.push(Waiter { id: self.next_id, acquire, wakes });
                self.next_id += 1;
            }
        }
    }

    /// Polls one that waits, or whose permit lies ready, with its waker or a new one.
    fn poll_again(&mut self) {
        let Some(picked) = self.pick() else { return };
        let waiter = &mut self.waiters[picked];
        let is_granted = self.model.granted.contains(&waiter.id);
        if !is_granted && below(&self.rt, 2) == 0 {
            waiter.wakes = Wakes::new();
        }
        match poll_with(Pin::new(&mut waiter.acquire), &waiter.wakes) {
            Poll::Ready(permit) => {
                assert!(is_granted, "{} took what is another's", waiter.id);
                self.model.granted.retain(|id| *id != waiter.id);
                self.model.held += 1;
                self.guards.push(permit);
                self.waiters.swap_remove(picked);
            }
            Poll::Pending => assert!(!is_granted, "{} was not given its permit", waiter.id),
        }
    }

    fn give_up(&mut self) {
        let Some(picked) = self.pick() else { return };
        let Waiter { id, acquire, .. } = self.waiters.swap_remove(picked);
        drop(acquire);
        self.model.line.retain(|waiting| *waiting != id);
        if self.model.granted.contains(&id) {
            self.model.granted.retain(|granted| *granted != id);
            self.model.give();
        }
    }

    fn release(&mut self) {
        if self.guards.is_empty() {
            return;
        }
        let permit = self.guards.swap_remove(below(&self.rt, self.guards.len()));
        if below(&self.rt, 2) == 0 {
            drop(permit);
        } else {
            // By hand, as whoever polls by `poll_take` does.
            mem::forget(permit);
            self.permits.release();
        }
        self.model.held -= 1;
        self.model.give();
    }

    fn pick(&self) -> Option<usize> {
        (!self.waiters.is_empty()).then(|| below(&self.rt, self.waiters.len()))
    }

    fn check(&self) {
        let Model { free, line, granted, held } = &self.model;
        let count = self.permits.count();
        assert_eq!(free + granted.len() + held, count, "the model loses permits");
        assert_eq!(*held, self.guards.len());
        assert_eq!(self.permits.is_awaited(), !line.is_empty());
        let mark = if line.is_empty() { 0 } else { WAITING };
        assert_eq!(self.permits.word.load(Ordering::SeqCst), free * ONE + mark);
        for waiter in &self.waiters {
            let is_granted = granted.contains(&waiter.id);
            assert_eq!(waiter.wakes.count(), usize::from(is_granted), "wakes of {}", waiter.id);
        }
    }

    /// In the end everything is given back, in any order.
    fn end(mut self) {
        while !(self.guards.is_empty() && self.waiters.is_empty()) {
            match below(&self.rt, 3) {
                0 => self.poll_again(),
                1 => self.give_up(),
                _ => self.release(),
            }
            self.check();
        }
        assert_all_free(&self.permits);
    }
}

impl Model {
    fn take(&mut self) -> bool {
        let free = self.line.is_empty() && self.free > 0;
        if free {
            self.free -= 1;
            self.held += 1;
        }
        free
    }

    fn give(&mut self) {
        match self.line.pop_front() {
            Some(first) => self.granted.push(first),
            None => self.free += 1,
        }
    }
}

#[track_caller]
fn assert_all_free(permits: &Permits) {
    assert_eq!(permits.word.load(Ordering::SeqCst), permits.count() * ONE);
    let queue = permits.queue();
    assert!(queue.waiting.is_empty() && queue.granted.is_empty());
}

#[test]
fn an_absurd_number_of_permits_is_a_very_large_one() {
    for count in [usize::MAX, usize::MAX / 2 + 1, usize::MAX / 2] {
        let permits = Permits::new(count);
        assert_eq!(permits.count(), usize::MAX / 2);
        assert!(permits.try_take() && !permits.is_awaited());
        permits.release();
        assert_all_free(&permits);
    }
}

#[test]
fn without_permits_everybody_waits_until_one_is_given() {
    let permits = Permits::new(0);
    assert!(!permits.try_take());
    let wakes = Wakes::new();
    let mut acquire = pin!(permits.acquire());
    assert!(poll_with(acquire.as_mut(), &wakes).is_pending());
    permits.release();
    assert_eq!(wakes.count(), 1);
    assert!(poll_with(acquire, &wakes).is_ready());
}

/// A waker is foreign code: it may come back, and so may its destructor.
#[test]
fn wakers_are_woken_and_dropped_outside_of_the_lock() {
    struct Foreign {
        permits: Arc<Permits>,
        was_locked: Arc<AtomicBool>,
    }

    impl Foreign {
        fn look(&self) {
            if self.permits.queue.try_lock().is_err() {
                self.was_locked.store(true, Ordering::SeqCst);
            }
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

    let permits = Permits::new(1);
    let was_locked = Arc::new(AtomicBool::new(false));
    let poll = |acquire: &mut Acquire| {
        let foreign = Foreign { permits: permits.clone(), was_locked: was_locked.clone() };
        let waker = Waker::from(Arc::new(foreign));
        Pin::new(acquire).poll(&mut Context::from_waker(&waker))
    };
    assert!(permits.try_take());
    let [mut woken, mut replaced, mut dropped] = [(); 3].map(|()| permits.acquire());
    assert!(poll(&mut woken).is_pending());
    assert!(poll(&mut replaced).is_pending());
    assert!(poll(&mut replaced).is_pending());
    assert!(poll(&mut dropped).is_pending());
    drop(dropped);
    permits.release();
    assert!(poll(&mut woken).is_ready());
    drop((woken, replaced));
    assert!(!was_locked.load(Ordering::SeqCst));
}

#[test]
fn a_forgotten_waiter_loses_its_own_grant_and_no_other() {
    let permits = Permits::new(2);
    assert!(permits.try_take() && permits.try_take());
    let wakes = Wakes::new();
    let mut forgotten = Box::pin(permits.acquire());
    assert!(poll_with(forgotten.as_mut(), &wakes).is_pending());
    mem::forget(forgotten);
    let mut next = pin!(permits.acquire());
    assert!(poll_with(next.as_mut(), &wakes).is_pending());
    permits.release();
    permits.release();
    assert!(poll_with(next, &wakes).is_ready(), "the second is the next one's");
    assert!(permits.try_take());
}

/// Rounds of a race between two threads: enough to be in every gap of a few instructions.
const RACES: usize = 200_000;

#[test]
fn a_permit_that_comes_back_while_somebody_begins_to_wait_is_his() {
    let permits = Permits::new(1);
    let wakes = Wakes::new();
    race(
        RACES,
        || {
            assert!(permits.try_take());
            (permits.acquire(), false)
        },
        |(acquire, ready)| {
            *ready = poll_with(Pin::new(acquire), &wakes).map(mem::forget).is_ready();
        },
        || permits.release(),
        |(mut acquire, ready)| {
            let now =
                ready || poll_with(Pin::new(&mut acquire), &wakes).map(mem::forget).is_ready();
            assert!(now, "he waits, and it is free");
            assert_eq!(permits.word.load(Ordering::SeqCst), 0, "it is one permit");
            permits.release();
        },
    );
    assert_all_free(&permits);
}

#[test]
fn a_permit_that_comes_back_while_the_last_one_leaves_is_free() {
    let permits = Permits::new(1);
    let wakes = Wakes::new();
    race(
        RACES,
        || {
            assert!(permits.try_take());
            let mut acquire = permits.acquire();
            assert!(poll_with(Pin::new(&mut acquire), &wakes).is_pending());
            Some(acquire)
        },
        |acquire| *acquire = None,
        || permits.release(),
        |_| assert_all_free(&permits),
    );
}

const THREADS: usize = 6;
const ROUNDS: usize = 4_000;

/// Threads that take, wait, give up and give back; whoever is never served fails.
#[test]
fn threads_never_hold_more_than_there_are_and_all_are_served() {
    for count in [1, 3] {
        let permits = Permits::new(count);
        let out = AtomicUsize::new(0);
        let used = |turns: usize| {
            let now = out.fetch_add(1, Ordering::SeqCst) + 1;
            assert!(now <= count, "{now} of {count}");
            for _ in 0..turns {
                thread::yield_now();
            }
            out.fetch_sub(1, Ordering::SeqCst);
        };
        let work = |thread: usize| {
            for round in 0..ROUNDS {
                let turns = (round + thread) % 3;
                match (round * 7 + thread) % 5 {
                    0 if permits.try_take() => {
                        used(turns);
                        permits.release();
                    }
                    1 => {
                        // Gives up its place in the line, or the permit that it has got by then.
                        let mut acquire = pin!(permits.acquire());
                        let polled = poll_with(acquire.as_mut(), &Wakes::new());
                        (0..turns).for_each(|_| thread::yield_now());
                        drop(polled);
                    }
                    _ => {
                        let permit = block_on(permits.acquire());
                        used(turns);
                        drop(permit);
                    }
                }
            }
        };
        thread::scope(|scope| {
            for thread in 0..THREADS {
                let work = &work;
                scope.spawn(move || work(thread));
            }
        });
        assert_all_free(&permits);
    }
}
