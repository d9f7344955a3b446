//! A deterministic simulator as a [`Runtime`](mtaio_runtime::Runtime): the code that runs on tokio
//! or smol runs here too, on one thread, in virtual time, in an order that a seed decides.
//!
//! New here? The [guide] goes from a small racy program to the seed that breaks it, the
//! shortest schedule that does, and the fix; [its corpus](guide::corpus) shows what is found and what
//! tokio's paused clock finds of that.
//!
//! Concurrent code is wrong in orders that hardly ever happen. Here every order is one number
//! away: [`Sim::explore`] runs a scenario under many seeds, each of which picks another task
//! wherever more than one could run. What goes wrong is diagnosed with the names of the tasks
//! concerned, and the seed that showed it shows it again, always.
//!
//! ```
//! use std::time::Duration;
//! use mtaio_runtime::{Instant, Runtime, RuntimeExt};
//! use mtaio_sim::{Explore, Sim};
//!
//! Sim::explore(Explore::new().seeds(0..100), |rt| async move {
//!     let slow = rt.spawn({
//!         let rt = rt.clone();
//!         async move { rt.sleep(Duration::from_secs(3_600)).await }
//!     });
//!     assert!(slow.await.is_ok());
//!     // An hour has passed here, and no time at all outside.
//!     assert_eq!(rt.now(), Instant::ZERO + Duration::from_secs(3_600));
//! });
//! ```
//!
//! # Virtual time
//!
//! The clock starts at [`Instant::ZERO`](mtaio_runtime::Instant::ZERO) and stands still while
//! anything can run. When nothing can, it jumps to the earliest deadline, and all the timers of
//! that instant fire together. So work takes no time, a sleep takes exactly as long as it says,
//! and a test of a week's backoff is over at once. A deadline of
//! [`Instant::MAX`](mtaio_runtime::Instant::MAX) never comes.
//!
//! # What is diagnosed
//!
//! - **Deadlock**: the scenario is not done, nothing can run and no timer will fire.
//! - **Lost wakeup**: so it seems, but when each task is polled once more one of them goes on: what
//!   it waited for had happened, and nobody woke it.
//! - **Stale waker**: as before, and somebody did call a waker: one of an earlier poll. Each poll
//!   comes with a new waker where the old one was kept, and the old one works no more.
//! - **Livelock**: more polls than [`Explore::max_polls`] allows, or more virtual time than
//!   [`Explore::max_time`].
//! - **Leak**: the scenario is done, nothing can run any more, and tasks or timers are still alive:
//!   also those that would end by themselves in a while, as no time passes after the end.
//! - **Nondeterminism**: a second run of the same seed does something else, or a thread from
//!   outside wakes a task.
//! - **Panic**: of the scenario, or of a future given to
//!   [`spawn_detached`](mtaio_runtime::Runtime::spawn_detached). (A panic of a
//!   [`Task`](mtaio_runtime::Task) is its [`JoinError`](mtaio_runtime::JoinError) and up to the
//!   scenario.)
//!
//! A task that only ticks hides none of them: what has not moved for the second half of all polls
//! is looked at when these are used up, or as soon as time would pass
//! ([`Explore::rescue_before_time`]).
//!
//! # What can be made to happen
//!
//! | setting | what |
//! | --- | --- |
//! | [`Explore::policy`] | the order: at random, first or last come, by [priorities](Schedule::Pct) |
//! | [`Explore::faults`] | spurious polls, late timers, jumps of the wall clock |
//! | [`Explore::cancel`] | a task is dropped, at each point at which it can be |
//! | [`Sim::advance`], [`Sim::run_until_stalled`] | time and turns, by hand |
//! | [`Sim::buggify`] | something rare, at a place in the scenario |
//!
//! # From a failing seed to the bug
//!
//! [`Sim::explore`] stops at the first seed that fails, runs it again to see that it fails again,
//! and looks for the fewest choices that make it fail. A choice is out of the ordinary when another
//! task runs than the one that could run first, or a fault happens. Then it says what happened:
//!
//! ```text
//! mtaio-sim: panic with seed 1, at 0ns of virtual time, after 9 polls
//!   what panicked:
//!     - root at tests/transfer.rs:12:5: 40 instead of 60
//!   the shortest schedule that fails alike has 1 choice out of the ordinary (of 6, in 4 runs):
//!        1.       0ns  root at tests/transfer.rs:12:5
//!        2.       0ns  withdraw
//!        3.       0ns  withdraw  <- before deposit
//!        4.       0ns  deposit
//!   replay it: MTAIO_SIM_REPLAY=s1=1 cargo test no_money_is_lost
//! ```
//!
//! | variable | effect on [`Sim::explore`] |
//! | --- | --- |
//! | `MTAIO_SIM_REPLAY=s1=1` | runs that schedule and no other: see [`Replay`] |
//! | `MTAIO_SIM_SEED=17` | runs that seed and no other |
//! | `MTAIO_SIM_SEEDS=100` | runs 100 times as many seeds |
//!
//! A schedule is the same again only if the scenario takes all its chance from the runtime: time
//! from [`now`](mtaio_runtime::Runtime::now), randomness from
//! [`entropy`](mtaio_runtime::Runtime::entropy), no hash map iterated in the order of a random
//! hasher, no threads that race with it. Some seeds run twice to see that it is so.
//!
//! # What it does not do
//!
//! It has no network and no files: put what talks to them behind a trait and pass a double. It
//! runs blocking jobs inline, one at a time. It does not wait for threads that it knows nothing
//! of: they may call into it while a poll waits for them, but when nothing can run it is over. And
//! it can't interrupt a poll that never returns.
//!
//! A lost wake is noticed at the task: of many futures in one task that poll only those woken, as
//! `FuturesUnordered` does, one that lost its wake looks like a deadlock.

#![cfg_attr(docsrs, feature(doc_cfg))]

mod cancel;
mod choice;
mod diagnose;
mod drive;
mod environment;
mod explore;
mod failure;
mod faults;
pub mod guide;
mod quiet;
mod replay;
mod report;
mod schedule;
mod search;
mod settings;
mod shared;
mod shrink;
mod sim;
mod sleep;
mod stalled;
mod story;
mod tasks;
mod timers;
mod trace;
mod waker;

pub use cancel::Cancel;
pub use explore::Explore;
pub use failure::{Diagnosis, Failure};
pub use faults::Faults;
pub use replay::{ParseReplayError, Replay};
pub use report::{Explored, Report};
pub use schedule::Schedule;
pub use sim::Sim;
pub use sleep::SimSleep;
pub use stalled::RunUntilStalled;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
