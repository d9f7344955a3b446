//! A deterministic simulator as a [`Runtime`](mtaio_runtime::Runtime): the code that runs on tokio
//! or smol runs here too, on one thread, in virtual time, in an order that a seed decides.
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
//! - **Leak**: the scenario is done, and tasks or timers that nothing will end are still alive.
//! - **Livelock**: more polls than [`Explore::max_polls`] allows.
//! - **Panic**: of the scenario, or of a future given to
//!   [`spawn_detached`](mtaio_runtime::Runtime::spawn_detached). (A panic of a
//!   [`Task`](mtaio_runtime::Task) is its [`JoinError`](mtaio_runtime::JoinError) and up to the
//!   scenario.)
//!
//! # From a failing seed to the bug
//!
//! [`Sim::explore`] stops at the first seed that fails and says how to see that one again:
//!
//! ```text
//! mtaio-sim: deadlock with seed 17, at 1.5s of virtual time, after 42 polls
//!   the root future is not done, nothing can run and no timer will fire
//!   tasks that wait (2):
//!     - root at tests/transfer.rs:12:5
//!     - writer
//!   replay it: MTAIO_SIM_SEED=17 cargo test a_transfer_is_never_lost
//! ```
//!
//! | variable | effect on [`Sim::explore`] |
//! | --- | --- |
//! | `MTAIO_SIM_SEED=17` | runs that seed and no other |
//! | `MTAIO_SIM_SEEDS=100` | runs 100 times as many seeds |
//!
//! A schedule is the same again only if the scenario takes all its chance from the runtime: time
//! from [`now`](mtaio_runtime::Runtime::now), randomness from
//! [`entropy`](mtaio_runtime::Runtime::entropy), no hash map iterated in the order of a random
//! hasher, no threads that race with it.
//!
//! # What it does not do
//!
//! It has no network and no files: put what talks to them behind a trait and pass a double. It
//! runs blocking jobs inline, one at a time. It does not wait for threads that it knows nothing
//! of: they may call into it while a poll waits for them, but when nothing can run it is over. And
//! it can't interrupt a poll that never returns.

mod cancel;
mod choice;
mod diagnose;
mod drive;
mod environment;
mod explore;
mod failure;
mod faults;
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
