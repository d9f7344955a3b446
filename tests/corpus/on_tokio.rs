//! The corpus on tokio with its clock paused, as a careful test without a simulator runs it.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;
use std::time::Duration;

use futures_util::future::{Either, select};
use mtaio_tokio::Tokio;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::blocks::Code;
use crate::bug::Bug;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Nothing was found.
    Well,
    /// A panic, of an assertion mostly.
    Panicked,
    /// An hour of the paused clock, or 0.2 s of the real one.
    Hung,
}

/// Runs the program once.
pub fn run(bug: &Bug, code: Code) -> Ending {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    let rt = Tokio::new(runtime.handle().clone()).unwrap();
    let main = async {
        // The clock jumps there as soon as nothing else is left; a spinning task holds it, and is
        // ended by the real time.
        let paused = tokio::time::sleep(Duration::from_secs(3_600));
        let real = after_a_while();
        let hung = select(Box::pin(paused), Box::pin(real));
        match select((bug.on_tokio)(rt, code), hung).await {
            Either::Left(_) => Ending::Well,
            Either::Right(_) => Ending::Hung,
        }
    };
    let ending = catch_unwind(AssertUnwindSafe(|| runtime.block_on(main)));
    ending.unwrap_or(Ending::Panicked)
}

#[expect(clippy::disallowed_methods, reason = "the paused clock stands still for who spins")]
fn after_a_while() -> oneshot::Receiver<()> {
    let (ended, end) = oneshot::channel();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(200));
        let _ = ended.send(());
    });
    end
}
