use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use triomphe::Arc;
use unsize::{CoerceUnsize, Coercion};

use super::cell::{Abort, Cell};
use super::error::JoinError;
use crate::TaskName;

/// A task that runs on a [`Runtime`](crate::Runtime): a future of what it returns.
///
/// Dropping it cancels the task: its future is dropped at its next poll. To let the task go on by
/// itself, [`detach`](Self::detach) it. The runtime going away ends the task with
/// [`JoinError::RuntimeGone`].
///
/// When the task answers, its future and all that it held has been dropped.
///
/// # Panics
///
/// Polling it again after it was ready panics.
///
/// # Cancel safety
///
/// Awaiting `&mut task` is cancel safe. Dropping the task itself cancels the work.
///
/// # Examples
///
/// ```
/// use mtaio_runtime::{JoinError, Runtime, RuntimeExt};
///
/// async fn both<R: Runtime>(rt: &R) {
///     let value = rt.spawn(async { 6 * 7 });
///     assert!(matches!(value.await, Ok(42)));
///
///     let endless = rt.spawn(std::future::pending::<()>());
///     endless.abort();
///     assert!(matches!(endless.await, Err(JoinError::Cancelled)));
/// }
/// ```
#[must_use = "dropping a `Task` cancels it: await it, keep it, or `detach` it"]
pub struct Task<T> {
    name: TaskName,
    /// `None` once there is nothing left to cancel.
    cell: Option<Arc<Cell<T>>>,
    /// Whether it has been polled in vain.
    waits: bool,
}

impl<T> Task<T> {
    pub(super) const fn new(name: TaskName, cell: Arc<Cell<T>>) -> Self {
        Self { name, cell: Some(cell), waits: false }
    }

    /// What the task is called in diagnoses.
    pub const fn name(&self) -> &TaskName {
        &self.name
    }
}

impl<T: Send + 'static> Task<T> {
    /// Lets the task run to its end by itself. Its value, or its panic, is dropped.
    pub fn detach(mut self) {
        if let Some(cell) = self.cell.take() {
            cell.forget_outcome();
        }
    }

    /// Cancels the task; await it to know when it has ended.
    ///
    /// A task that ended before answers what it would have answered.
    pub fn abort(&self) {
        if let Some(cell) = &self.cell {
            cell.abort();
        }
    }

    /// A handle that can abort the task and does not keep it from being cancelled by a drop.
    pub fn abort_handle(&self) -> AbortHandle {
        AbortHandle { name: self.name.clone(), cell: self.cell.clone().map(erase) }
    }

    /// Whether the task has ended: when it is true, awaiting the task is ready at once.
    pub fn is_finished(&self) -> bool {
        self.cell.as_ref().is_none_or(|cell| cell.is_finished())
    }
}

impl<T> Future for Task<T> {
    type Output = Result<T, JoinError>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // The cell of a task that has ended is nobody else's, unless somebody may abort it.
        if let Some(cell) = self.cell.take_if(|cell| cell.is_unique())
            && let Some(result) = Cell::into_result(cell)
        {
            return Poll::Ready(result);
        }
        let Some(cell) = &self.cell else {
            panic!("the task `{}` was polled after it was ready", self.name)
        };
        let polled = cell.poll_join(cx, !self.waits);
        self.waits = true;
        if polled.is_ready() {
            self.cell = None;
        }
        polled
    }
}

impl<T> Drop for Task<T> {
    fn drop(&mut self) {
        if let Some(cell) = self.cell.take() {
            cell.abort();
            cell.forget_outcome();
        }
    }
}

impl<T> fmt::Debug for Task<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Aborts a task from anywhere: see [`Task::abort_handle`].
#[derive(Clone)]
pub struct AbortHandle {
    name: TaskName,
    cell: Option<Arc<dyn Abort>>,
}

impl AbortHandle {
    pub(super) fn new<T: Send + 'static>(name: TaskName, cell: Arc<Cell<T>>) -> Self {
        Self { name, cell: Some(erase(cell)) }
    }

    /// As [`Task::abort`].
    pub fn abort(&self) {
        if let Some(cell) = &self.cell {
            cell.abort();
        }
    }

    /// As [`Task::is_finished`].
    pub fn is_finished(&self) -> bool {
        self.cell.as_ref().is_none_or(|cell| cell.is_finished())
    }

    /// What the task is called in diagnoses.
    pub const fn name(&self) -> &TaskName {
        &self.name
    }
}

impl fmt::Debug for AbortHandle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AbortHandle").field("name", &self.name).finish_non_exhaustive()
    }
}

fn erase<T: Send + 'static>(cell: Arc<Cell<T>>) -> Arc<dyn Abort> {
    cell.unsize(Coercion!(to dyn Abort))
}

// The cell is behind a pointer; nothing of the value is pinned in the handle.
impl<T> Unpin for Task<T> {}
