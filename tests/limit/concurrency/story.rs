//! Any order of events follows the model.

use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use mtaio::limit::{
    AcquireError, AcquireOwnedPermit, AcquirePermit, ConcurrencyLimiter, OwnedPermit, Permit,
    TryAcquireError,
};
use mtaio::time::{Deadline, TimeLimit};
use mtaio::{Ambient, Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use super::model::{Model, Verdict, Waiting};
use crate::below;
use crate::common::{Wakes, ms, poll_with};

#[test]
fn any_order_of_events_follows_the_model() {
    Sim::explore(Explore::new().seeds(0..2_000), |rt| async move {
        let limit = 1 + weight(&rt, 5);
        let limiter = ConcurrencyLimiter::with_runtime(&rt, limit).expect("a limit");
        let mut story = Story {
            rt: rt.clone(),
            limiter: &limiter,
            model: Model::new(limit),
            waiters: Vec::new(),
            guards: Vec::new(),
            lost: 0,
            next_id: 0,
        };
        for _ in 0..60 {
            story.step().await;
            story.check();
        }
        story.end();
    });
}

fn weight<R: Runtime>(rt: &R, n: usize) -> u32 {
    u32::try_from(below(rt, n)).expect("it is small")
}

type Limiter = ConcurrencyLimiter<Sim>;

enum Guard<'a> {
    Borrowed(Permit<'a, Sim>),
    Owned(OwnedPermit<Sim>),
}

enum Acquire<'a> {
    Borrowed(AcquirePermit<'a, Sim>),
    Owned(AcquireOwnedPermit<Sim>),
}

/// Somebody who was told to wait.
struct Waiter<'a> {
    id: usize,
    acquire: Acquire<'a>,
    wakes: Arc<Wakes>,
    limit: Option<TimeLimit>,
}

struct Story<'a> {
    rt: Sim,
    limiter: &'a Limiter,
    model: Model,
    waiters: Vec<Waiter<'a>>,
    guards: Vec<Guard<'a>>,
    /// Granted to those who were forgotten.
    lost: u32,
    next_id: usize,
}

impl<'a> Story<'a> {
    async fn step(&mut self) {
        match below(&self.rt, 20) {
            0 | 1 => self.try_acquire(),
            2..=6 => self.acquire(),
            7..=9 => self.poll_again(),
            10 | 11 => self.give_up(),
            12..=15 => self.release(),
            16 => self.set_limit(),
            17 => self.time_passes().await,
            18 if below(&self.rt, 4) == 0 => self.forget_a_permit(),
            19 if below(&self.rt, 4) == 0 => self.forget_a_waiter(),
            _ => {}
        }
    }

    fn try_acquire(&mut self) {
        let weight = weight(&self.rt, 7);
        let tried = match below(&self.rt, 2) {
            0 => self.limiter.try_acquire_many(weight).map(Guard::Borrowed),
            _ => self.limiter.try_acquire_many_owned(weight).map(Guard::Owned),
        };
        let is_allowed = (1..=self.model.limit).contains(&weight);
        match tried {
            Ok(guard) => {
                assert!(is_allowed && self.model.take(weight), "somebody overtook");
                self.guards.push(guard);
            }
            Err(TryAcquireError::Limited { retry_after: None }) => {
                assert!(is_allowed && !self.model.take(weight), "what is free was refused");
            }
            Err(TryAcquireError::Weight(refused)) => {
                assert!(!is_allowed);
                assert_eq!((refused.weight(), refused.most()), (weight, self.model.limit));
            }
            Err(other) => panic!("{other}"),
        }
    }

    fn acquire(&mut self) {
        let (now, weight) = (self.rt.now(), weight(&self.rt, 7));
        let room = [usize::MAX, usize::MAX, 3, 0][below(&self.rt, 4)];
        let mut handle = self.limiter.clone().waiting_room(room);
        // No time is up at a whole millisecond, when the others do something.
        let half = Duration::from_micros(500);
        let longest = (below(&self.rt, 3) == 0).then(|| ms(below(&self.rt, 6) as u64) + half);
        let deadline =
            (below(&self.rt, 4) == 0).then(|| now + ms(below(&self.rt, 4) as u64) + half);
        if let Some(longest) = longest {
            handle = handle.longest_wait(longest).expect("a time");
        }
        let mut acquire = match (room, longest) {
            // Only the handle of the story lives as long as the story.
            (usize::MAX, None) => Acquire::Borrowed(self.limiter.acquire_many(weight)),
            _ => Acquire::Owned(handle.acquire_many_owned(weight)),
        };
        let ambient = deadline.map_or(Ambient::empty(), |at| Ambient::empty().with_deadline(at));
        let wakes = Wakes::new();
        let id = self.next_id;
        self.next_id += 1;
        let is_allowed = (1..=self.model.limit).contains(&weight);
        match ambient.enter(|| poll(&mut acquire, &wakes)) {
            Poll::Ready(Ok(guard)) => {
                assert!(is_allowed && self.model.take(weight), "somebody overtook");
                self.guards.push(guard);
            }
            Poll::Ready(Err(AcquireError::Weight(refused))) => {
                assert!(!is_allowed);
                assert_eq!((refused.weight(), refused.most()), (weight, self.model.limit));
            }
            Poll::Ready(Err(AcquireError::Full { waiting })) => {
                assert!(!self.model.take(weight), "what is free was refused");
                assert_eq!(waiting, self.model.line.len());
                assert!(waiting >= room);
                self.model.turned_away += 1;
            }
            Poll::Ready(Err(other)) => panic!("{other}"),
            Poll::Pending => {
                assert!(is_allowed && !self.model.take(weight), "what is free was not given");
                assert!(self.model.line.len() < room);
                let limit = match (longest.map(|longest| now + longest), deadline) {
                    (None, None) => None,
                    (Some(due), Some(deadline)) if due <= deadline => Some(TimeLimit::Timeout),
                    (_, Some(_)) => Some(TimeLimit::Inherited(None)),
                    (Some(_), None) => Some(TimeLimit::Timeout),
                };
                let due = longest.map(|longest| now + longest).into_iter().chain(deadline).min();
                self.model.line.push_back(Waiting { id, weight, due });
                self.waiters.push(Waiter { id, acquire, wakes, limit });
            }
        }
    }

    /// Polls one that waits, or has been told, with its waker or a new one.
    fn poll_again(&mut self) {
        let Some(picked) = self.pick() else { return };
        let waiter = &mut self.waiters[picked];
        let verdict = self.model.verdicts.get(&waiter.id).copied();
        if verdict.is_none() && below(&self.rt, 2) == 0 {
            waiter.wakes = Wakes::new();
        }
        match poll(&mut waiter.acquire, &waiter.wakes) {
            Poll::Pending => assert_eq!(verdict, None, "{} was not told", waiter.id),
            Poll::Ready(answer) => {
                let id = waiter.id;
                match (answer, verdict.expect("it is another's").1) {
                    (Ok(guard), Verdict::Granted) => self.guards.push(guard),
                    (Err(AcquireError::Elapsed(elapsed)), Verdict::Elapsed) => {
                        assert_eq!(Some(elapsed.by()), waiter.limit);
                        assert!(elapsed.waited() >= elapsed.limit());
                    }
                    (Err(AcquireError::Weight(refused)), Verdict::TooHeavy { most }) => {
                        assert_eq!(refused.most(), most);
                    }
                    (answer, verdict) => panic!("{:?} for {verdict:?}", answer.err()),
                }
                self.model.verdicts.remove(&id);
                self.waiters.swap_remove(picked);
            }
        }
    }

    fn give_up(&mut self) {
        let Some(picked) = self.pick() else { return };
        let Waiter { id, acquire, .. } = self.waiters.swap_remove(picked);
        drop(acquire);
        self.model.leave(id);
    }

    /// It loses what it was granted, or will be: no more.
    fn forget_a_waiter(&mut self) {
        let Some(picked) = self.pick() else { return };
        // One that is owned would keep the limiter, timer and all, for ever.
        if let Acquire::Borrowed(_) = self.waiters[picked].acquire {
            mem::forget(self.waiters.swap_remove(picked));
        }
    }

    fn release(&mut self) {
        if let Some(guard) = self.a_guard() {
            let weight = guard.weight();
            drop(guard);
            self.model.give(weight);
        }
    }

    fn forget_a_permit(&mut self) {
        if let Some(guard) = self.a_guard() {
            self.model.forget(guard.weight());
            match guard {
                Guard::Borrowed(permit) => permit.forget(),
                Guard::Owned(permit) => permit.forget(),
            }
        }
    }

    fn set_limit(&mut self) {
        let limit = 1 + weight(&self.rt, 6);
        self.limiter.set_limit(limit).expect("a limit");
        self.model.set_limit(limit);
    }

    async fn time_passes(&mut self) {
        self.rt.sleep(ms(1 + below(&self.rt, 3) as u64)).await;
        self.model.advance(self.rt.now());
    }

    fn a_guard(&mut self) -> Option<Guard<'a>> {
        let count = self.guards.len();
        (count > 0).then(|| self.guards.swap_remove(below(&self.rt, count)))
    }

    fn pick(&self) -> Option<usize> {
        (!self.waiters.is_empty()).then(|| below(&self.rt, self.waiters.len()))
    }

    fn check(&self) {
        let (stats, model) = (self.limiter.stats(), &self.model);
        assert_eq!(stats.limit, model.limit);
        assert_eq!(stats.in_use, u64::from(model.out), "a permit is lost, or was made");
        assert_eq!(stats.waiting, model.line.len());
        assert_eq!((stats.elapsed, stats.turned_away), (model.elapsed, model.turned_away));
        for waiter in &self.waiters {
            let is_told = model.verdicts.contains_key(&waiter.id);
            assert_eq!(waiter.wakes.count(), usize::from(is_told), "wakes of {}", waiter.id);
        }
    }

    /// In the end everything is given back, in any order, but for what was granted to those who
    /// were forgotten.
    fn end(mut self) {
        // Also where a shrunk run always draws the same.
        for round in 0.. {
            if self.guards.is_empty() && self.waiters.is_empty() {
                break;
            }
            match (below(&self.rt, 3) + round) % 3 {
                0 => self.poll_again(),
                1 => self.give_up(),
                _ => self.release(),
            }
            self.check();
        }
        let granted = self.model.verdicts.values().filter(|told| told.1 == Verdict::Granted);
        self.lost = granted.map(|(weight, _)| weight).sum();
        assert_eq!(self.limiter.stats().in_use, u64::from(self.lost));
        assert!(self.model.line.len() <= self.next_id);
    }
}

impl Guard<'_> {
    fn weight(&self) -> u32 {
        match self {
            Self::Borrowed(permit) => permit.weight(),
            Self::Owned(permit) => permit.weight(),
        }
    }
}

fn poll<'a>(
    acquire: &mut Acquire<'a>,
    wakes: &Arc<Wakes>,
) -> Poll<Result<Guard<'a>, AcquireError>> {
    match acquire {
        Acquire::Borrowed(acquire) => poll_with(Pin::new(acquire), wakes).map_ok(Guard::Borrowed),
        Acquire::Owned(acquire) => poll_with(Pin::new(acquire), wakes).map_ok(Guard::Owned),
    }
}

#[test]
fn an_end_that_has_come_needs_no_place() {
    Sim::run(0, |rt| async move {
        let limiter = ConcurrencyLimiter::new(&rt, 1).expect("a limit");
        let held = limiter.try_acquire().expect("it is free");
        rt.sleep(ms(5)).await;
        let over = Ambient::empty().with_deadline(rt.now());
        let late = over.attach(async { limiter.acquire().await.map(drop) }).await;
        let Err(AcquireError::Elapsed(elapsed)) = late else { panic!("{late:?}") };
        assert!(elapsed.is_inherited());
        assert_eq!((limiter.stats().waiting, limiter.stats().elapsed), (0, 1));
        // What is free is given also then: nobody has to wait for it.
        drop(held);
        let over = Deadline::at(rt.now());
        assert!(over.run(&rt, async { limiter.acquire().await.is_ok() }).await.expect("at once"));
    });
}
