use std::future::Future;
use std::io;

use mtaio_runtime::Detached;
use tokio::runtime::{Builder, Runtime};

use crate::Tokio;

/// Starts a tokio runtime with a thread a core, runs `main` on it, and shuts it down: for mains,
/// examples and tests. `main` inherits no surroundings; what it left running is dropped, blocking
/// jobs are not waited for.
///
/// # Errors
///
/// What the system says when it has no threads or descriptors for a runtime.
///
/// # Panics
///
/// If called inside of a tokio runtime, and with what `main` panics with.
///
/// # Examples
///
/// ```
/// use mtaio_runtime::RuntimeExt;
///
/// let answer = mtaio_tokio::block_on(|rt| async move { rt.spawn(async { 42 }).await })?;
/// assert_eq!(answer?, 42);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn block_on<F: Future>(main: impl FnOnce(Tokio) -> F) -> io::Result<F::Output> {
    let running = Running(Some(Builder::new_multi_thread().enable_all().build()?));
    let Some(runtime) = &running.0 else { unreachable!("taken only when it is dropped") };
    let rt = Tokio::new(runtime.handle().clone()).map_err(io::Error::other)?;
    Ok(runtime.block_on(Detached::new(async { main(rt).await })))
}

/// Shuts down without waiting, also when `main` panics.
struct Running(Option<Runtime>);

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
