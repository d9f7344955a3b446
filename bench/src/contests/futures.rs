use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

/// Pending once, waking itself, and then ready: the least that waits at all.
#[derive(Debug, Default)]
pub(super) struct YieldOnce {
    yielded: bool,
}

impl Future for YieldOnce {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if std::mem::replace(&mut self.yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}
