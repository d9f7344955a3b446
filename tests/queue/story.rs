//! Any order of events, step by step against the model: what each call answers, who is woken and
//! who is not.

use std::sync::Arc;
use std::task::Poll;

use mtaio::Runtime;
use mtaio::queue::{Closed, LifoQueue, PriorityQueue, PutError, Queue, TryGetError};
use mtaio_sim::{Explore, Sim};

use crate::below;
use crate::common::{Wakes, poll_with};
use crate::model::{Line, Model};
use crate::subject::{BoxFuture, Item, Subject};

fn explore<S: Subject>() {
    Sim::explore(Explore::new().seeds(0..2_000), |rt| async move {
        let mut story = Story::<_, S>::new(rt);
        for _ in 0..120 {
            story.step();
            story.check();
        }
        story.end();
    });
}

#[test]
fn a_queue_follows_the_model() {
    explore::<Arc<Queue<Item>>>();
}

#[test]
fn a_lifo_queue_follows_the_model() {
    explore::<Arc<LifoQueue<Item>>>();
}

#[test]
fn a_priority_queue_follows_the_model() {
    explore::<Arc<PriorityQueue<u8, u64>>>();
}

/// Somebody who was told to wait.
struct Waiter {
    id: usize,
    wakes: Arc<Wakes>,
    what: What,
}

enum What {
    Put(Item, BoxFuture<Result<(), PutError<Item>>>),
    Get(BoxFuture<Result<Item, Closed>>),
    Batch(usize, BoxFuture<Result<Vec<Item>, Closed>>),
    Join(BoxFuture<()>),
}

struct Story<R, S> {
    rt: R,
    queue: S,
    model: Model,
    waiters: Vec<Waiter>,
    next_id: usize,
    /// Items that were put, and those that were got.
    put: Vec<Item>,
    got: Vec<Item>,
}

impl<R: Runtime, S: Subject> Story<R, S> {
    fn new(rt: R) -> Self {
        let capacity = 1 + below(&rt, 4);
        let (queue, model) = (S::bounded(capacity), Model::new(capacity));
        Self { rt, queue, model, waiters: vec![], next_id: 0, put: vec![], got: vec![] }
    }

    fn step(&mut self) {
        match below(&self.rt, 40) {
            0..=8 => self.begin_put(),
            9..=14 => self.begin_get(),
            15..=17 => self.begin_batch(),
            18 => self.begin_join(),
            19 | 20 => self.try_put(),
            21 | 22 => self.try_get(),
            23 => self.try_get_batch(),
            24..=27 => self.task_done(),
            28..=33 => self.poll_again(),
            34..=38 => self.give_up(),
            // About every second story sees the end of its queue.
            _ if below(&self.rt, 4) == 0 => self.close(),
            _ => {}
        }
    }

    fn item(&mut self) -> Item {
        self.next_id += 1;
        (u8::try_from(below(&self.rt, 3)).expect("it is small"), self.next_id as u64)
    }

    fn begin_put(&mut self) {
        let item = self.item();
        // One that is never polled puts nothing.
        drop(self.queue.put(item));
        let what = What::Put(item, self.queue.put(item));
        let is_let_in = self.model.has_room();
        self.begin(what, is_let_in);
    }

    fn begin_get(&mut self) {
        let what = What::Get(self.queue.get());
        let is_let_in = self.model.unclaimed() > 0;
        self.begin(what, is_let_in);
    }

    fn begin_batch(&mut self) {
        let max = below(&self.rt, 4);
        let what = What::Batch(max, self.queue.get_batch(max));
        let is_let_in = self.model.unclaimed() > 0 || max == 0;
        self.begin(what, is_let_in);
    }

    fn begin_join(&mut self) {
        let what = What::Join(self.queue.join());
        let is_let_in = self.model.is_all_done();
        self.begin(what, is_let_in);
    }

    fn begin(&mut self, what: What, is_let_in: bool) {
        self.next_id += 1;
        let mut waiter = Waiter { id: self.next_id, wakes: Wakes::new(), what };
        if !self.poll(&mut waiter, is_let_in) {
            self.line(&waiter.what).waiting.push_back(waiter.id);
            self.waiters.push(waiter);
        }
    }

    fn poll_again(&mut self) {
        let Some(mut waiter) = self.pick() else { return };
        let (is_closed, id) = (self.model.closed, waiter.id);
        let is_turn = self.line(&waiter.what).turns.remove(&id);
        if !is_turn && !is_closed && below(&self.rt, 2) == 0 {
            waiter.wakes = Wakes::new();
        }
        let is_let_in = match waiter.what {
            What::Get(_) | What::Batch(..) if is_closed => self.model.unclaimed() > 0,
            _ => is_turn,
        };
        if !self.poll(&mut waiter, is_let_in) {
            self.waiters.push(waiter);
        }
    }

    /// Polls, and holds the answer to the model. Whether it is over.
    fn poll(&mut self, waiter: &mut Waiter, is_let_in: bool) -> bool {
        let Self { model, put, got, .. } = self;
        let wakes = &waiter.wakes;
        match &mut waiter.what {
            What::Put(item, future) => match poll_with(future.as_mut(), wakes) {
                Poll::Ready(answer) if model.closed => {
                    assert_eq!(answer, Err(PutError::Closed(*item)));
                }
                Poll::Ready(answer) => {
                    assert_eq!(answer, Ok(()));
                    assert!(is_let_in, "it was not its turn");
                    model.put(*item);
                    put.push(*item);
                }
                Poll::Pending => {
                    assert!(!is_let_in && !model.closed);
                    return false;
                }
            },
            What::Get(future) => match poll_with(future.as_mut(), wakes) {
                Poll::Ready(Ok(item)) => {
                    assert!(is_let_in, "it was not its turn");
                    assert_eq!(item, model.get::<S>());
                    got.push(item);
                }
                Poll::Ready(Err(Closed)) => assert!(model.closed && model.items.is_empty()),
                Poll::Pending => {
                    assert!(!is_let_in && !model.closed);
                    return false;
                }
            },
            What::Batch(max, future) => match poll_with(future.as_mut(), wakes) {
                Poll::Ready(Ok(batch)) => {
                    assert!(is_let_in, "it was not its turn");
                    let count = model.unclaimed().min(*max);
                    let expected: Vec<_> = (0..count).map(|_| model.get::<S>()).collect();
                    assert_eq!(batch, expected);
                    got.extend(batch);
                }
                Poll::Ready(Err(Closed)) => assert!(model.closed && model.items.is_empty()),
                Poll::Pending => {
                    assert!(!is_let_in && !model.closed);
                    return false;
                }
            },
            What::Join(future) => {
                let is_ready = poll_with(future.as_mut(), wakes).is_ready();
                assert_eq!(is_ready, is_let_in);
                return is_ready;
            }
        }
        true
    }

    fn give_up(&mut self) {
        let Some(Waiter { id, what, .. }) = self.pick() else { return };
        let line = self.line(&what);
        let had_turn = line.leave(id);
        // The turns of those who join are not such as could be another's.
        if had_turn && !matches!(what, What::Join(_)) {
            line.call();
        }
        drop(what);
    }

    fn try_put(&mut self) {
        let item = self.item();
        let answer = self.queue.try_put(item);
        if self.model.closed {
            assert_eq!(answer, Err(PutError::Closed(item)));
        } else if self.model.has_room() {
            assert_eq!(answer, Ok(()));
            self.model.put(item);
            self.put.push(item);
        } else {
            assert_eq!(answer, Err(PutError::Full(item)));
        }
    }

    fn try_get(&mut self) {
        let answer = self.queue.try_get();
        if self.model.unclaimed() > 0 {
            assert_eq!(answer, Ok(self.model.get::<S>()));
            self.got.extend(answer);
        } else if self.model.closed {
            assert_eq!(answer, Err(TryGetError::Closed));
        } else {
            assert_eq!(answer, Err(TryGetError::Empty));
        }
    }

    fn try_get_batch(&mut self) {
        let max = below(&self.rt, 4);
        let count = self.model.unclaimed().min(max);
        let expected: Vec<_> = (0..count).map(|_| self.model.get::<S>()).collect();
        assert_eq!(self.queue.try_get_batch(max), expected);
        self.got.extend(expected);
    }

    fn task_done(&mut self) {
        assert_eq!(self.queue.task_done().is_ok(), self.model.task_done());
    }

    fn close(&mut self) {
        self.queue.close();
        self.model.close();
    }

    fn pick(&mut self) -> Option<Waiter> {
        let count = self.waiters.len();
        (count > 0).then(|| self.waiters.swap_remove(below(&self.rt, count)))
    }

    fn line(&mut self, what: &What) -> &mut Line {
        match what {
            What::Put(..) => &mut self.model.putters,
            What::Get(_) | What::Batch(..) => &mut self.model.getters,
            What::Join(_) => &mut self.model.joiners,
        }
    }

    fn check(&mut self) {
        let stats = self.queue.stats();
        let Model { capacity, items, in_work, closed, putters, getters, .. } = &self.model;
        let (capacity, closed) = (*capacity, *closed);
        assert!(stats.len <= capacity, "{stats:?}");
        assert_eq!((stats.len, stats.in_work), (items.len(), *in_work));
        assert_eq!(stats.waiting_puts, putters.waiting.len());
        assert_eq!(stats.waiting_gets, getters.waiting.len());
        assert_eq!(self.queue.is_full(), !self.model.has_room());
        let waiters = std::mem::take(&mut self.waiters);
        for Waiter { id, wakes, what } in &waiters {
            let is_join = matches!(what, What::Join(_));
            let is_over = closed && !is_join;
            let is_woken = self.line(what).turns.contains(id) || is_over;
            assert_eq!(wakes.count(), usize::from(is_woken), "{id} of {:?}", self.model);
        }
        self.waiters = waiters;
    }

    fn end(mut self) {
        self.close();
        while !self.waiters.is_empty() {
            let joins = self.waiters.iter().all(|waiter| matches!(waiter.what, What::Join(_)));
            if joins {
                break;
            }
            self.poll_again();
            self.check();
        }
        while let Ok(item) = self.queue.try_get() {
            assert_eq!(item, self.model.get::<S>());
            self.got.push(item);
        }
        while self.queue.task_done().is_ok() {
            assert!(self.model.task_done());
        }
        self.check();
        while !self.waiters.is_empty() {
            self.poll_again();
        }
        // Each once, none else.
        self.put.sort_unstable();
        self.got.sort_unstable();
        assert_eq!(self.got, self.put);
    }
}
