//! One emitter against a plain list of those who listen: on, off, guards that are dropped, once,
//! emits, and emits from inside of handlers, in any order; by types, names and patterns, and in
//! views and views of views.

use std::sync::Arc;
use std::sync::Mutex;

use mtaio::Runtime;
use mtaio::event::{
    AnyEvent, Event, EventEmitter, Listen, Listener, Priority, Subscription, View, WeakEmitter,
};
use mtaio_sim::{Explore, Sim};

use crate::journal::Journal;

/// What an emit asks of who is told, and how deep it is.
struct Step {
    depth: u32,
}

impl Event for Step {
    const NAME: &'static str = "step.taken";
}

/// One who listens, by the book.
#[derive(Clone, Copy, Debug)]
struct One {
    id: usize,
    once: bool,
    does: Does,
    /// Not one whose pattern is of other events.
    is_meant: bool,
}

/// What a handler does, beside noting that it was called.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Does {
    Nothing,
    /// Emits again, until it is deep enough.
    Emits,
    /// Takes out the one with this number.
    TakesOut(usize),
}

enum Hold {
    Listener(Listener),
    Guard(Subscription),
}

/// Where one can listen: the emitter, and views of it and of each other.
const PLACES: usize = 4;

/// What the events of each view come from.
const ABOVE: [usize; PLACES] = [0, 0, 0, 1];

fn passes(place: usize, depth: u32) -> bool {
    match place {
        1 => depth.is_multiple_of(2),
        3 => depth < 2,
        _ => true,
    }
}

/// The views, in the words of the library.
fn views(emitter: &EventEmitter) -> [View<Step>; PLACES] {
    let even = emitter.of::<Step>().filter(|step| passes(1, step.depth));
    let again = |event: &AnyEvent| event.get::<Step>().map(|step| Step { depth: step.depth });
    let mapped = emitter.matching("step.#").expect("a pattern").filter_map(again);
    let first = even.filter(|step| passes(3, step.depth));
    [emitter.of(), even, mapped, first]
}

#[derive(Default)]
struct Model {
    places: [Vec<Slot>; PLACES],
    next: usize,
    expected: Vec<String>,
}

/// Who is called at a place, and when: by priority, and then by age.
#[derive(Clone, Copy, Debug)]
struct Slot {
    age: usize,
    priority: i32,
    who: Who,
}

#[derive(Clone, Copy, Debug)]
enum Who {
    One(One),
    /// All of a view who listen with this priority.
    View(usize),
}

impl Model {
    fn listen(&mut self, place: usize, priority: i32, one: One) {
        self.feed(place, priority);
        self.add(place, priority, Who::One(one));
    }

    fn add(&mut self, place: usize, priority: i32, who: Who) {
        self.places[place].push(Slot { age: self.next, priority, who });
        self.next += 1;
    }

    /// The first in a view who listens with a priority gives it its place above.
    fn feed(&mut self, place: usize, priority: i32) {
        let has_some = self.places[place].iter().any(|slot| slot.priority == priority);
        if place > 0 && !has_some {
            let above = ABOVE[place];
            self.feed(above, priority);
            self.add(above, priority, Who::View(place));
        }
    }

    fn remove(&mut self, id: usize) {
        let is_it = |slot: &Slot| matches!(slot.who, Who::One(one) if one.id == id);
        for place in 0..PLACES {
            if let Some(at) = self.places[place].iter().position(is_it) {
                let priority = self.places[place].remove(at).priority;
                self.starve(place, priority);
            }
        }
    }

    /// With the last who listens with a priority goes the view's place above.
    fn starve(&mut self, place: usize, priority: i32) {
        if place > 0 && !self.places[place].iter().any(|slot| slot.priority == priority) {
            let above = ABOVE[place];
            self.places[above].retain(|slot| {
                !(matches!(slot.who, Who::View(view) if view == place) && slot.priority == priority)
            });
            self.starve(above, priority);
        }
    }

    fn emit(&mut self, depth: u32) {
        self.deliver(0, None, depth);
    }

    fn deliver(&mut self, place: usize, only: Option<i32>, depth: u32) {
        let mut list = self.places[place].clone();
        list.sort_by_key(|slot| (-slot.priority, slot.age));
        for slot in list {
            let is_there = self.places[place].iter().any(|other| other.age == slot.age);
            // It may have gone since the list was made.
            if !is_there || only.is_some_and(|only| only != slot.priority) {
                continue;
            }
            match slot.who {
                Who::One(one) => self.call(one, depth),
                Who::View(view) if passes(view, depth) => {
                    self.deliver(view, Some(slot.priority), depth);
                }
                Who::View(_) => {}
            }
        }
    }

    fn call(&mut self, one: One, depth: u32) {
        if !one.is_meant {
            return;
        }
        if one.once {
            self.remove(one.id);
        }
        self.expected.push(format!("{}@{depth}", one.id));
        match one.does {
            Does::Emits if depth < 2 => self.emit(depth + 1),
            Does::Nothing | Does::Emits => {}
            Does::TakesOut(id) => self.remove(id),
        }
    }
}

type Holds = Arc<Mutex<Vec<Option<Hold>>>>;

async fn handle(
    id: usize,
    does: Does,
    emitter: WeakEmitter,
    holds: Holds,
    journal: Journal,
    step: &Step,
) {
    journal.note(format!("{id}@{}", step.depth));
    match does {
        Does::Nothing => {}
        Does::Emits if step.depth < 2 => {
            let emitter = emitter.upgrade().expect("it emits");
            emitter.emit(Step { depth: step.depth + 1 }).await;
        }
        Does::Emits => {}
        Does::TakesOut(id) => take_out(&holds, id).await,
    }
}

async fn take_out(holds: &Holds, id: usize) {
    let hold = holds.lock().unwrap().get_mut(id).and_then(Option::take);
    match hold {
        Some(Hold::Listener(listener)) => {
            listener.off().await;
        }
        Some(Hold::Guard(guard)) if id.is_multiple_of(2) => drop(guard),
        Some(Hold::Guard(guard)) => {
            guard.off().await;
        }
        None => {}
    }
}

#[test]
fn an_emitter_does_what_a_list_does() {
    Sim::explore(Explore::new().seeds(0..150), |rt| async move {
        let below = |n: usize| (rt.entropy() % n as u64) as usize;
        let (emitter, journal) = (EventEmitter::new(), Journal::default());
        let (holds, views) = (Holds::default(), views(&emitter));
        let mut model = Model::default();
        for _ in 0..80 {
            match below(6) {
                0..=2 => {
                    let id = holds.lock().unwrap().len();
                    let does = match below(4) {
                        0 | 1 => Does::Nothing,
                        2 => Does::Emits,
                        _ => Does::TakesOut(below(id + 1)),
                    };
                    let (priority, once) = (below(3) as i32, below(4) == 0);
                    let mut one = One { id, once, does, is_meant: true };
                    let listen = if once {
                        Priority::new(priority).once()
                    } else {
                        Listen::from(Priority::new(priority))
                    };
                    let (weak, all, journal) =
                        (emitter.downgrade(), Arc::clone(&holds), journal.clone());
                    let whole = (weak.clone(), Arc::clone(&all), journal.clone());
                    let handler = async move |step: &Step| {
                        handle(id, does, weak, all, journal, step).await;
                    };
                    let of_whole = async move |event: &AnyEvent| {
                        let (weak, all, journal) = whole;
                        let step = event.get::<Step>().expect("nothing else is emitted");
                        handle(id, does, weak, all, journal, step).await;
                    };
                    // By its type, its name, a pattern, or behind a view: the engine is one.
                    let mut place = 0;
                    let listener = match below(7) {
                        0 => emitter.on_with(listen, handler),
                        1 => emitter.named::<Step>("step.taken").on_with(listen, handler),
                        2 => {
                            let pattern = ["step.*", "#", "step.taken", "*.taken.#"][below(4)];
                            emitter.matching(pattern).unwrap().on_with(listen, of_whole)
                        }
                        3 => {
                            one.is_meant = false;
                            let pattern = ["step", "step.*.*", "steps.#", "*.take"][below(4)];
                            emitter.matching(pattern).unwrap().on_with(listen, of_whole)
                        }
                        _ => {
                            place = 1 + below(PLACES - 1);
                            views[place].on_with(listen, handler)
                        }
                    };
                    let hold = match below(2) {
                        0 => Hold::Listener(listener),
                        _ => Hold::Guard(listener.guarded()),
                    };
                    holds.lock().unwrap().push(Some(hold));
                    model.listen(place, priority, one);
                }
                3 => {
                    let count = holds.lock().unwrap().len();
                    let id = below(count + 1);
                    take_out(&holds, id).await;
                    model.remove(id);
                }
                _ => {
                    model.emit(0);
                    let report = emitter.emit(Step { depth: 0 }).await;
                    let seen = journal.take();
                    assert_eq!(seen, std::mem::take(&mut model.expected));
                    let own = seen.iter().filter(|note| note.ends_with("@0")).count();
                    assert_eq!((report.ran, report.failed()), (own, 0));
                }
            }
            assert_eq!(emitter.stats().listeners, model.places[0].len());
        }
        holds.lock().unwrap().clear();
        drop(views);
    });
}
