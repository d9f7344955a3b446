//! One emitter against a plain list of those who listen: on, off, guards that are dropped, once,
//! emits, and emits from inside of handlers, in any order.

use std::sync::Arc;
use std::sync::Mutex;

use mtaio::Runtime;
use mtaio::event::{Event, EventEmitter, Listen, Listener, Priority, Subscription, WeakEmitter};
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
#[derive(Clone, Debug)]
struct One {
    id: usize,
    priority: i32,
    once: bool,
    does: Does,
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

#[derive(Default)]
struct Model {
    ones: Vec<One>,
    expected: Vec<String>,
}

impl Model {
    fn emit(&mut self, depth: u32) {
        let mut list = self.ones.clone();
        list.sort_by_key(|one| (-one.priority, one.id));
        for one in list {
            if !self.ones.iter().any(|other| other.id == one.id) {
                // It has gone since the list was made.
                continue;
            }
            if one.once {
                self.ones.retain(|other| other.id != one.id);
            }
            self.expected.push(format!("{}@{depth}", one.id));
            match one.does {
                Does::Nothing => {}
                Does::Emits if depth < 2 => self.emit(depth + 1),
                Does::Emits => {}
                Does::TakesOut(id) => self.ones.retain(|other| other.id != id),
            }
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
    Sim::explore(Explore::new().seeds(0..100), |rt| async move {
        let below = |n: usize| (rt.entropy() % n as u64) as usize;
        let (emitter, journal) = (EventEmitter::new(), Journal::default());
        let holds = Holds::default();
        let mut model = Model::default();
        for _ in 0..60 {
            match below(6) {
                0..=2 => {
                    let id = holds.lock().unwrap().len();
                    let does = match below(4) {
                        0 | 1 => Does::Nothing,
                        2 => Does::Emits,
                        _ => Does::TakesOut(below(id + 1)),
                    };
                    let one = One { id, priority: below(3) as i32, once: below(4) == 0, does };
                    let listen = if one.once {
                        Priority::new(one.priority).once()
                    } else {
                        Listen::from(Priority::new(one.priority))
                    };
                    let (weak, all, journal) =
                        (emitter.downgrade(), Arc::clone(&holds), journal.clone());
                    let handler = async move |step: &Step| {
                        handle(id, does, weak, all, journal, step).await;
                    };
                    // By its type, by a pattern, or behind a view: the engine is one.
                    let listener = match below(3) {
                        0 => emitter.on_with(listen, handler),
                        1 => emitter.of::<Step>().on_with(listen, handler),
                        _ => emitter.named::<Step>("step.taken").on_with(listen, handler),
                    };
                    let hold = match below(2) {
                        0 => Hold::Listener(listener),
                        _ => Hold::Guard(listener.guarded()),
                    };
                    holds.lock().unwrap().push(Some(hold));
                    model.ones.push(one);
                }
                3 => {
                    let count = holds.lock().unwrap().len();
                    let id = below(count + 1);
                    take_out(&holds, id).await;
                    model.ones.retain(|one| one.id != id);
                }
                _ => {
                    model.emit(0);
                    emitter.emit(Step { depth: 0 }).await;
                    assert_eq!(journal.take(), std::mem::take(&mut model.expected));
                }
            }
            assert_eq!(emitter.stats().listeners, model.ones.len());
        }
        holds.lock().unwrap().clear();
    });
}
