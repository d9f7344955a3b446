use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use event_listener::Event;
use mtaio_runtime::{Runtime, TaskName};

/// What goes on after a call has its answer: writes to the nodes that are slower than the others,
/// and repairs.
#[derive(Default)]
pub(super) struct Background {
    running: AtomicUsize,
    ended: Event,
}

/// Counts one that runs, until it has ended or was dropped.
struct Running(Arc<Background>);

impl Background {
    pub(super) fn run<R: Runtime>(
        self: &Arc<Self>,
        rt: &R,
        name: &'static str,
        future: impl Future<Output = ()> + Send + 'static,
    ) {
        self.running.fetch_add(1, Ordering::SeqCst);
        let running = Running(Arc::clone(self));
        rt.spawn_detached(TaskName::from(name), async move {
            let _running = running;
            future.await;
        });
    }

    pub(super) fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    /// Until nothing runs, at one moment.
    pub(super) async fn idle(&self) {
        while self.running() > 0 {
            let ended = self.ended.listen();
            if self.running() > 0 {
                ended.await;
            }
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if self.0.running.fetch_sub(1, Ordering::SeqCst) == 1 {
            self.0.ended.notify(usize::MAX);
        }
    }
}
