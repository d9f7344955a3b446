use triomphe::Arc;

use super::cell::Cell;
use super::error::{JoinError, contain};

/// A blocking closure on its way to a thread. Like the future of a task it tells exactly once how
/// it ended, also when it is dropped instead of run.
pub(super) struct Job<T, F> {
    /// `None` once it runs.
    work: Option<(F, Arc<Cell<T>>)>,
}

impl<T, F: FnOnce() -> T> Job<T, F> {
    pub(super) fn new(closure: F, cell: Arc<Cell<T>>) -> Self {
        Self { work: Some((closure, cell)) }
    }

    pub(super) fn run(mut self) {
        // One that was aborted before it began is dropped instead.
        if let Some((closure, cell)) = self.work.take_if(|(_, cell)| !cell.is_aborted()) {
            let result = cell.ambient().enter(|| contain(closure));
            Cell::finish(cell, result.map_err(JoinError::Panicked));
        }
    }
}

impl<T, F> Drop for Job<T, F> {
    fn drop(&mut self) {
        let Some((closure, cell)) = self.work.take() else { return };
        let error = match cell.ambient().enter(|| contain(|| drop(closure))) {
            Err(panic) => JoinError::Panicked(panic),
            Ok(()) if cell.is_aborted() => JoinError::Cancelled,
            Ok(()) => JoinError::RuntimeGone,
        };
        Cell::finish(cell, Err(error));
    }
}
