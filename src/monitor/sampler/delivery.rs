use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::shared::Shared;

/// How many alerts wait for their handlers at the most.
pub(super) const MOST_WAITING: usize = 1_024;

/// Hands out what is told, one after the other.
pub(super) async fn deliver<R>(shared: Arc<Shared<R>>) {
    while let Ok(alert) = shared.outbox.get().await {
        let report = shared.emitter.emit(alert).await;
        shared.counts.failed.fetch_add(report.failed() as u64, Ordering::Relaxed);
        // It has just been taken.
        let _ = shared.outbox.task_done();
    }
}
