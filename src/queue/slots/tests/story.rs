//! Whatever happens to a set, in whatever order, it does what the model does.

use std::collections::BTreeMap;

use mtaio_runtime::Runtime;
use mtaio_sim::{Explore, Sim};

use super::*;
use crate::queue::testing::below;

/// A set, and beside it what must be in it.
struct Story<R> {
    rt: R,
    set: SlotSet<Scripted>,
    in_flight: BTreeMap<usize, Arc<Script>>,
    /// Their wakers reach slots that are others' by now, or nobody's.
    ended: Vec<Arc<Script>>,
    next_id: usize,
    /// The most slots there ever was a need for.
    needed: usize,
    /// Wakes that told nobody anything.
    idle_wakes: usize,
    parent: Arc<Wakes>,
    /// Whether who polls the set counts on being woken.
    waits: bool,
}

#[test]
fn any_order_of_events_follows_the_model() {
    Sim::explore(Explore::new().seeds(0..500), |rt| async move {
        let mut story = Story::new(rt);
        for _ in 0..[0, 1, 63, 64, 65, 129][below(&story.rt, 6)] {
            story.start(3);
        }
        for _ in 0..200 {
            story.step();
            story.check();
        }
        story.end();
    });
}

impl<R: Runtime> Story<R> {
    fn new(rt: R) -> Self {
        Self {
            rt,
            set: SlotSet::new(),
            in_flight: BTreeMap::new(),
            ended: Vec::new(),
            next_id: 0,
            needed: 0,
            idle_wakes: 0,
            parent: Wakes::new(),
            waits: false,
        }
    }

    fn step(&mut self) {
        match below(&self.rt, 100) {
            0..20 => self.start(below(&self.rt, 4)),
            20..55 => self.tell(),
            55..60 => self.wake_in_vain(),
            60..65 => self.wake_the_ended(),
            65..99 => self.poll_next(),
            _ => {
                self.clear();
                // So that the slots are needed again.
                (0..self.needed).for_each(|_| self.start(2));
            }
        }
    }

    fn start(&mut self, told_in_all: usize) {
        let (id, script) = (self.next_id, Script::new(told_in_all));
        self.next_id += 1;
        self.needed = self.needed.max(self.in_flight.len() + 1);
        match self.set.start(Scripted { id, script: Arc::clone(&script) }) {
            Poll::Ready(ended) => {
                assert_eq!((ended, told_in_all), (id, 0));
                self.take_out(script);
            }
            Poll::Pending => {
                assert_ne!(told_in_all, 0);
                self.in_flight.insert(id, script);
            }
        }
    }

    fn tell(&mut self) {
        let unripe = self.in_flight.values().filter(|script| script.left() > 0);
        if let Some(script) = pick(&self.rt, unripe) {
            script.tell();
            self.woke();
        }
    }

    fn wake_in_vain(&mut self) {
        if let Some(script) = pick(&self.rt, self.in_flight.values()) {
            script.wake();
            self.idle_wakes += 1;
            self.woke();
        }
    }

    fn wake_the_ended(&mut self) {
        if let Some(script) = pick(&self.rt, self.ended.iter()) {
            script.wake();
            self.idle_wakes += 1;
        }
    }

    fn woke(&self) {
        assert!(!self.waits || self.parent.count() > 0, "who waits was not woken");
    }

    fn poll_next(&mut self) {
        // The waker that counts is that of the last poll.
        self.parent = Wakes::new();
        self.waits = false;
        match poll_next(&mut self.set, &self.parent) {
            Poll::Ready(None) => assert!(self.in_flight.is_empty(), "some are in flight"),
            Poll::Ready(Some(id)) => {
                let script = self.in_flight.remove(&id).expect("it is told once");
                assert_eq!(script.left(), 0, "{id} was not ready");
                self.take_out(script);
            }
            Poll::Pending => {
                assert!(!self.in_flight.is_empty(), "nothing is in flight");
                for (id, script) in &self.in_flight {
                    assert_ne!(script.left(), 0, "{id} is ready");
                    let seen = script.seen.load(Ordering::Relaxed);
                    assert_eq!(seen, script.left(), "{id} was told and not polled");
                }
                assert_eq!(self.parent.count(), 0, "it wakes for nothing");
                self.waits = true;
            }
        }
    }

    fn clear(&mut self) {
        self.set.clear();
        // Those that were woken are looked at once more, whatever is in their slots by then.
        self.idle_wakes += self.in_flight.len();
        for script in mem::take(&mut self.in_flight).into_values() {
            self.take_out(script);
        }
    }

    fn take_out(&mut self, script: Arc<Script>) {
        assert!(script.is_dropped(), "its future is kept");
        self.ended.push(script);
    }

    fn check(&self) {
        assert_eq!(self.set.len(), self.in_flight.len());
        assert_eq!(self.set.iter().count(), self.in_flight.len());
        assert!(self.set.iter().all(|future| self.in_flight.contains_key(&future.id)));
        assert_eq!(slots(&self.set), self.needed, "slots are used again");
        for script in self.in_flight.values() {
            assert!(!script.is_dropped());
            let told = script.told_in_all - script.left();
            assert!(script.polls() <= 1 + told + self.idle_wakes, "polled without being woken");
        }
    }

    /// In the end everything is told all, and ends once.
    fn end(mut self) {
        while !self.in_flight.is_empty() {
            self.tell();
            self.poll_next();
            self.check();
        }
        assert!(matches!(poll_next(&mut self.set, &self.parent), Poll::Ready(None)));
    }
}

fn pick<'a, R: Runtime>(
    rt: &R,
    scripts: impl Iterator<Item = &'a Arc<Script>> + Clone,
) -> Option<&'a Arc<Script>> {
    let count = scripts.clone().count();
    if count == 0 { None } else { scripts.clone().nth(below(rt, count)) }
}
