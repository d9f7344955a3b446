use std::future::Future;
use std::io;

use tokio::runtime::Builder;

use crate::Tokio;

/// Starts a tokio runtime with a thread a core, runs `main` on it, and shuts it down: for mains,
/// examples and tests. What `main` left running is dropped, blocking jobs are not waited for.
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
    let runtime = Builder::new_multi_thread().enable_all().build()?;
    let rt = Tokio::new(runtime.handle().clone()).map_err(io::Error::other)?;
    let output = runtime.block_on(main(rt));
    runtime.shutdown_background();
    Ok(output)
}
