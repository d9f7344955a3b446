//! What an adapter's author runs: checks of everything that [`Runtime`](crate::Runtime) promises.
//!
//! A [`Runtime`](crate::Runtime) has seven methods, and most of what can go wrong is not in their
//! signatures: a timer that wakes whoever polled first, a clock that lags behind it, a future that
//! survives its runtime. The [`Suite`] asks for all of it, one [`Check`] at a time. It needs no test
//! harness and no runtime but yours: implement [`Host`], which builds one, and let it verify that.
//!
//! The checks are of your adapter and of the tasks that this crate makes over it; the same suite
//! passes on tokio, on smol and in the simulator.
//!
//! # Examples
//!
//! `my::Threads` is a runtime with a thread a task. Nothing ever ends its threads: its host owns up
//! to that, and the report lists what could not be asked.
//!
//! ```
//! # mod my {
//! #     use std::future::Future;
//! #     use std::hash::{BuildHasher, RandomState};
//! #     use std::pin::Pin;
//! #     use std::sync::{Arc, Mutex};
//! #     use std::task::{Context, Poll, Wake, Waker};
//! #     use std::thread;
//! #     use std::time::SystemTime;
//! #     use mtaio_runtime::{Instant, Runtime, Sleep, TaskName};
//! #
//! #     #[derive(Clone)]
//! #     pub struct Threads;
//! #
//! #     impl Runtime for Threads {
//! #         type Sleep = ThreadSleep;
//! #
//! #         fn now(&self) -> Instant {
//! #             Instant::from_std(std::time::Instant::now())
//! #         }
//! #
//! #         fn wall_clock(&self) -> SystemTime {
//! #             SystemTime::now()
//! #         }
//! #
//! #         fn entropy(&self) -> u64 {
//! #             RandomState::new().hash_one(())
//! #         }
//! #
//! #         fn sleep_until(&self, deadline: Instant) -> ThreadSleep {
//! #             ThreadSleep { deadline, polled: Arc::default() }
//! #         }
//! #
//! #         fn spawn_detached<F>(&self, _: TaskName, future: F)
//! #         where
//! #             F: Future<Output = ()> + Send + 'static,
//! #         {
//! #             thread::spawn(move || block_on(future));
//! #         }
//! #
//! #         fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
//! #             thread::spawn(job);
//! #         }
//! #     }
//! #
//! #     /// The first poll starts a thread, which wakes all who have polled.
//! #     pub struct ThreadSleep {
//! #         deadline: Instant,
//! #         polled: Arc<Mutex<Vec<Waker>>>,
//! #     }
//! #
//! #     impl Sleep for ThreadSleep {
//! #         fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
//! #             *self = Threads.sleep_until(deadline);
//! #         }
//! #     }
//! #
//! #     impl Future for ThreadSleep {
//! #         type Output = ();
//! #
//! #         fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
//! #             let left = self.deadline - Threads.now();
//! #             if left.is_zero() {
//! #                 return Poll::Ready(());
//! #             }
//! #             let mut polled = self.polled.lock().unwrap();
//! #             polled.push(cx.waker().clone());
//! #             if polled.len() == 1 {
//! #                 let polled = Arc::clone(&self.polled);
//! #                 thread::spawn(move || {
//! #                     thread::sleep(left);
//! #                     let polled = std::mem::take(&mut *polled.lock().unwrap());
//! #                     polled.into_iter().for_each(Waker::wake);
//! #                 });
//! #             }
//! #             Poll::Pending
//! #         }
//! #     }
//! #
//! #     pub fn block_on<F: Future>(future: F) -> F::Output {
//! #         struct Unpark(thread::Thread);
//! #         impl Wake for Unpark {
//! #             fn wake(self: Arc<Self>) {
//! #                 self.0.unpark();
//! #             }
//! #         }
//! #         let waker = Waker::from(Arc::new(Unpark(thread::current())));
//! #         let mut future = std::pin::pin!(future);
//! #         loop {
//! #             match future.as_mut().poll(&mut Context::from_waker(&waker)) {
//! #                 Poll::Ready(output) => return output,
//! #                 Poll::Pending => thread::park(),
//! #             }
//! #         }
//! #     }
//! # }
//! use mtaio_runtime::conformance::{Capability, Host, Suite};
//!
//! struct MyHost;
//!
//! impl Host for MyHost {
//!     type Runtime = my::Threads;
//!
//!     fn run<F: Future>(&self, body: impl FnOnce(my::Threads) -> F) -> F::Output {
//!         // Nothing is to be built here, and nothing to be shut down.
//!         my::block_on(body(my::Threads))
//!     }
//!
//!     fn lacks(&self, capability: Capability) -> Option<&'static str> {
//!         (capability == Capability::Shutdown).then_some("its threads never end")
//!     }
//! }
//!
//! // In a test: panics with a list of all that does not hold, and why.
//! Suite::new().only("wakers_").only("clock_").verify(MyHost);
//!
//! // As a value.
//! let report = Suite::new().only("sleep_wakes_the_last").only("gone_").run(MyHost);
//! for (check, reason) in report.failed() {
//!     println!("{}: {reason}", check.name());
//! }
//! assert_eq!(report.failed().count(), 1, "its sleeps wake whoever polled them");
//! assert_eq!(report.passed().count(), 0);
//! assert!(report.not_applicable().all(|(_, why)| why.starts_with("its threads never end")));
//! ```
//!
//! # The groups
//!
//! [`checks`] lists them all, each with what must hold.
//!
//! | names begin with | what they are about |
//! | --- | --- |
//! | `spawn_` | tasks run to their end, wherever they were spawned: in tasks, in destructors, on threads that the runtime does not know |
//! | `wakers_` | who is woken is polled again, whoever wakes it, from wherever; a task moves between tasks and threads |
//! | `clock_` | monotonic, the same for all handles and threads, and the one that the timers follow |
//! | `sleep_` | never early, soon over, in order, by the thousand; no time and no end; the waker of the last poll is woken |
//! | `reset_` | a sleep whose deadline is moved: earlier, later, out of reach, again and again |
//! | `cancel_` | dropping a task cancels it, `detach` lets it go, `abort` answers once its future has been dropped |
//! | `panic_` | a panic ends its own task, is told, and harms nothing else |
//! | `blocking_` | jobs run beside the tasks, and not in the call |
//! | `context_` | a task inherits from where it was spawned; a bare future does not |
//! | `entropy_` | random bits that do not repeat themselves |
//! | `gone_` | after the shutdown: what was left has been dropped, what comes is refused, time stands still |
//!
//! # What a check costs
//!
//! All of them take two or three seconds on a real runtime: their waits are milliseconds, and their
//! bounds are seconds, so that a busy machine does not fail them. A check that hangs has failed when
//! the suite's [patience](Suite::patience) is over.
//!
//! Some of them panic on purpose, where the panic must be contained. The panic hook prints that.

mod check;
mod checks;
mod host;
mod probes;
mod report;
mod suite;

use std::convert::Infallible;
use std::future::Future;

pub use self::check::Check;
pub use self::host::{Capability, Erased, Host};
pub use self::report::{Report, Verdict};
pub use self::suite::Suite;
use crate::DynRuntime;

/// All the checks of the suite, in the order in which they run.
///
/// # Examples
///
/// ```
/// use mtaio_runtime::conformance::checks;
///
/// for check in checks().filter(|check| check.name().starts_with("sleep_")) {
///     println!("{check}");
/// }
/// assert!(checks().count() > 40);
/// ```
pub fn checks() -> impl Iterator<Item = Check> {
    checks::entries::<Nobody>().into_iter().map(|entry| entry.check)
}

/// The host that there is none of: what the checks are does not depend on it.
struct Nobody(Infallible);

impl Host for Nobody {
    type Runtime = DynRuntime;

    fn run<F>(&self, _: impl FnOnce(DynRuntime) -> F + Send + 'static) -> F::Output
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        match self.0 {}
    }
}
