//! An event to so many handlers, each of which adds a number to a sum.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_event_emitter::AsyncEventEmitter;
use mtaio::event::{Event, EventEmitter, Priority};
use serde::{Deserialize, Serialize};

use super::GROUP;
use crate::harness::Aim::{Gate, Open, Wish};
use crate::harness::Bound::{Nanos, Ratio};
use crate::harness::{Contest, Outcome, Side, timed_on};
use crate::host::TokioHost;

#[derive(Clone, Deserialize, Serialize)]
struct Number(u64);

impl Event for Number {
    const NAME: &'static str = "number";
}

/// Nobody listens to it.
struct Unheard;

impl Event for Unheard {
    const NAME: &'static str = "unheard";
}

pub(super) fn contests(host: &TokioHost) -> Vec<Contest> {
    let mut contests: Vec<_> = [1, 10, 100].map(|count| emit(host, count)).into();
    contests.push(nobody(host, "emit/nobody", 0, Wish(Nanos(15.0))));
    contests.push(nobody(host, "emit/nobody-for-this", 10, Open));
    contests
}

fn emit(host: &TokioHost, count: usize) -> Contest {
    let aim = if count == 1 { Open } else { Gate(Ratio(1.3)) };
    Contest::new(GROUP, format!("emit/{count}"))
        .ours(ours(host, count))
        .peer("Vec of boxed futures", aim, naive(host, count))
        .peer("async-event-emitter", Gate(Ratio(1.0)), theirs(host, count))
}

fn ours(host: &TokioHost, count: usize) -> Side {
    let (emitter, sum) = (listened_to(count), Arc::new(AtomicU64::new(0)));
    for at in 0..count {
        let sum = Arc::clone(&sum);
        let handler = async move |number: &Number| {
            sum.fetch_add(number.0, Ordering::Relaxed);
        };
        emitter.on_with(Priority::new(at as i32 % 3), handler);
    }
    timed_on(host, move |times| {
        let (emitter, sum) = (emitter.clone(), Arc::clone(&sum));
        async move {
            sum.store(0, Ordering::Relaxed);
            for _ in 0..times {
                emitter.emit(Number(1)).await;
            }
            complete(&sum, times, count)
        }
    })
}

/// With other listeners, who are not meant.
fn listened_to(count: usize) -> EventEmitter {
    let emitter = EventEmitter::new();
    for _ in 0..count {
        emitter.named::<u8>("other").on(async |_: &u8| {});
    }
    emitter
}

type Handler =
    Box<dyn for<'a> Fn(&'a Number) -> Pin<Box<dyn Future<Output = ()> + Send + 'a>> + Send + Sync>;

/// What one writes without a library: no isolation, no priorities, and nobody can go.
fn naive(host: &TokioHost, count: usize) -> Side {
    let sum = Arc::new(AtomicU64::new(0));
    let handler = || -> Handler {
        let sum = Arc::clone(&sum);
        Box::new(move |number| {
            let sum = Arc::clone(&sum);
            Box::pin(async move {
                sum.fetch_add(number.0, Ordering::Relaxed);
            })
        })
    };
    let handlers: Arc<Vec<_>> = Arc::new((0..count).map(|_| handler()).collect());
    timed_on(host, move |times| {
        let (handlers, sum) = (Arc::clone(&handlers), Arc::clone(&sum));
        async move {
            sum.store(0, Ordering::Relaxed);
            for _ in 0..times {
                let number = Number(1);
                for handler in handlers.iter() {
                    handler(&number).await;
                }
            }
            complete(&sum, times, count)
        }
    })
}

fn theirs(host: &TokioHost, count: usize) -> Side {
    let (emitter, sum) = (AsyncEventEmitter::new(), Arc::new(AtomicU64::new(0)));
    for _ in 0..count {
        let sum = Arc::clone(&sum);
        emitter.on("number", move |number: Number| {
            let sum = Arc::clone(&sum);
            async move {
                sum.fetch_add(number.0, Ordering::Relaxed);
            }
        });
    }
    timed_on(host, move |times| {
        let (emitter, sum) = (emitter.clone(), Arc::clone(&sum));
        async move {
            sum.store(0, Ordering::Relaxed);
            for _ in 0..times {
                emitter.emit("number", Number(1)).await.map_err(|error| error.to_string())?;
            }
            complete(&sum, times, count)
        }
    })
}

fn nobody(host: &TokioHost, name: &str, others: usize, aim: crate::harness::Aim) -> Contest {
    let emitter = listened_to(others);
    let ours = timed_on(host, move |times| {
        let emitter = emitter.clone();
        async move {
            for _ in 0..times {
                std::hint::black_box(emitter.emit(Unheard).await);
            }
            Ok(())
        }
    });
    let emitter = AsyncEventEmitter::new();
    for _ in 0..others {
        emitter.on("other", |_: u8| async {});
    }
    let theirs = timed_on(host, move |times| {
        let emitter = emitter.clone();
        async move {
            for _ in 0..times {
                emitter.emit("unheard", 1_u8).await.map_err(|error| error.to_string())?;
            }
            Ok(())
        }
    });
    Contest::new(GROUP, name).ours(ours).peer("async-event-emitter", aim, theirs)
}

fn complete(sum: &AtomicU64, times: u64, count: usize) -> Outcome {
    let (sum, expected) = (sum.load(Ordering::Relaxed), times * count as u64);
    if sum == expected { Ok(()) } else { Err(format!("{sum} calls of {expected}").into()) }
}
