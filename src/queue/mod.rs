//! Queues between tasks, and a latch that many wait at.
//!
//! A queue is a place where those who have something and those who want something meet without
//! knowing each other. Its methods take `&self`; how it is shared is yours to say: by reference,
//! in an `Arc`, as a `static`. It knows no runtime, and works between any of them.
//!
//! ```
//! use mtaio::queue::Queue;
//!
//! # mtaio_sim::Sim::run(0, |_rt| async move {
//! let queue = Queue::bounded(100)?;
//! queue.put("hello").await.unwrap();
//! assert_eq!(queue.get().await, Ok("hello"));
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```
//!
//! # Which one
//!
//! | what comes out next | the type |
//! | --- | --- |
//! | the oldest: jobs, messages, rows | [`Queue::bounded`], or [`Queue::unbounded`] where the producers are bounded by something else |
//! | the oldest that was not too old: samples, log lines | [`Queue::new`] with [`Overflow::DropOldest`] or [`Overflow::DropNewest`] |
//! | the newest state, never an older one: positions, settings | [`Queue::new`] with [`Overflow::Latest`] |
//! | the oldest, and an error where one would wait: a front door | [`Queue::new`] with [`Overflow::Error`] |
//! | the most urgent, and of those the oldest | [`PriorityQueue`] |
//! | the newest, and the old ones when there is time: idle connections | [`LifoQueue`] |
//! | nothing: all wait until a number of things have happened | [`Latch`] |
//!
//! # Fairness
//!
//! Who waits is served in the order of coming, and nobody overtakes: an item or a room that becomes
//! free is promised to the first in line before that one runs. A [`try_get`](Queue::try_get), a
//! [`try_put`](Queue::try_put) and a future that is polled for the first time take only what is
//! promised to nobody. What is promised is one item, not a certain one: it is the next when its
//! taker comes for it, so items are taken in their order too.
//!
//! A future that is dropped passes its promise on. One that is forgotten ([`std::mem::forget`])
//! keeps it, and if it had none yet it gets one when it is first in line: that much, one item or
//! one room, is lost to the others until the queue is closed. What a forgotten put was to put is
//! leaked. (One that joins, or waits at a latch, costs nobody anything but its place's memory.)
//!
//! # Deadlines
//!
//! A queue has no runtime, so its waits know of no time. Put them into
//! [`until_deadline`](crate::time::until_deadline) for the deadline that the caller has set, or into
//! [`timeout`](crate::time::timeout) for a limit of their own:
//!
//! ```
//! use std::time::Duration;
//! use mtaio::queue::Queue;
//! use mtaio::time::{Deadline, until_deadline};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let queue = Queue::<u32>::bounded(100)?;
//! let late = Deadline::after(&rt, Duration::from_secs(1))
//!     .run(&rt, async { until_deadline(&rt, queue.get()).await })
//!     .await;
//! assert!(late.unwrap().is_err());
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```
//!
//! # The end
//!
//! After [`close`](Queue::close) nothing is put any more. Whoever waits for room gets the item back
//! in a [`PutError`]; whoever wants an item gets what is left, first come, first served, and then
//! [`Closed`]. So consumers that get until `Closed` have got everything.

mod error;
mod exchange;
mod fanout;
mod fifo;
mod future;
mod heap;
mod items;
mod latch;
mod lifo;
mod line;
mod overflow;
mod permits;
mod priority;
mod slots;
mod state;
mod stats;
mod store;
#[cfg(test)]
mod testing;
mod wakes;

pub use self::error::{Closed, PutError, TaskDoneError, TryGetError};
pub(crate) use self::fanout::{Fanout, Published, Single, Tap, TapKey, TapStats, To};
pub use self::fifo::Queue;
pub use self::latch::Latch;
pub use self::lifo::LifoQueue;
pub(crate) use self::line::{Line, lock};
pub use self::overflow::Overflow;
pub(crate) use self::permits::{Acquire, Permit, Permits};
pub use self::priority::PriorityQueue;
pub(crate) use self::slots::SlotSet;
pub use self::stats::QueueStats;
pub(crate) use self::wakes::Wakes;
