use std::future::Future;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;

use mtaio_runtime::Detached;
use smol::Executor;
use smol::channel::{self, Receiver};

use crate::Smol;

/// Starts an executor of its own with a thread a core, runs `main` on it, and shuts it down: for
/// mains, examples and tests. `main` inherits no surroundings; what it left running is dropped,
/// blocking jobs are not waited for.
///
/// # Errors
///
/// What the system says when it has no threads for an executor.
///
/// # Panics
///
/// With what `main` panics with.
///
/// # Examples
///
/// ```
/// use mtaio_runtime::RuntimeExt;
///
/// let answer = mtaio_smol::block_on(|rt| async move { rt.spawn(async { 42 }).await })?;
/// assert_eq!(answer?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn block_on<F: Future>(main: impl FnOnce(Smol) -> F) -> io::Result<F::Output> {
    let executor = Arc::new(Executor::new());
    let rt = Smol::new(&executor);
    // Nothing is ever sent: the threads stop when the sender is dropped, also by a panic.
    let (_running, stopped) = channel::bounded::<()>(1);
    thread::scope(|scope| {
        let _running = _running;
        for core in 0..thread::available_parallelism().map_or(1, usize::from) {
            let (executor, stopped) = (Arc::clone(&executor), stopped.clone());
            thread::Builder::new()
                .name(format!("mtaio-smol-{core}"))
                .spawn_scoped(scope, move || drive(&executor, &stopped))?;
        }
        Ok(smol::block_on(Detached::new(async { main(rt).await })))
    })
}

/// Runs tasks until the channel closes. A waker or a schedule that panics costs its task, not the
/// thread.
fn drive(executor: &Executor<'static>, stopped: &Receiver<()>) {
    let run = || smol::block_on(executor.run(stopped.recv())).is_err();
    while catch_unwind(AssertUnwindSafe(run)).is_err() {}
}
