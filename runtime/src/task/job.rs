use std::sync::Arc;

use super::cell::Cell;
use super::error::{JoinError, contain};
use crate::Ambient;

/// A blocking closure on its way to a thread. Like the future of a task it tells exactly once how
/// it ended, also when it is dropped instead of run.
pub(super) struct Job<T, F> {
    closure: Option<F>,
    ambient: Ambient,
    cell: Arc<Cell<T>>,
}

impl<T, F: FnOnce() -> T> Job<T, F> {
    pub(super) fn new(closure: F, cell: Arc<Cell<T>>) -> Self {
        Self {
            closure: Some(closure),
            ambient: Ambient::current(),
            cell,
        }
    }

    pub(super) fn run(mut self) {
        if self.cell.is_aborted() {
            return;
        }
        if let Some(closure) = self.closure.take() {
            let result = self.ambient.enter(|| contain(closure));
            self.cell.finish(result.map_err(JoinError::Panicked));
        }
    }
}

impl<T, F> Drop for Job<T, F> {
    fn drop(&mut self) {
        if let Some(closure) = self.closure.take() {
            let result = match contain(|| drop(closure)) {
                Err(panic) => JoinError::Panicked(panic),
                Ok(()) if self.cell.is_aborted() => JoinError::Cancelled,
                Ok(()) => JoinError::RuntimeGone,
            };
            self.cell.finish(Err(result));
        }
    }
}
