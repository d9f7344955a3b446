use std::fmt;
use std::future::poll_fn;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::shared::Shared;

/// Sees the newest state of a value, and leaves out what was in between. As a stream it ends when
/// the value is final.
///
/// However long it does not look, it takes no room, and keeps nobody from setting the value. It does
/// not keep the value from being final either.
///
/// # Examples
///
/// ```
/// use mtaio::RuntimeExt;
/// use mtaio::observable::Observable;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let progress = Observable::new(0);
/// let mut watch = progress.watch();
/// let painting = rt.spawn(async move {
///     let mut last = 0;
///     while let Some(percent) = watch.changed().await {
///         // Some are left out where painting takes longer than the work.
///         assert!(*percent > last);
///         last = *percent;
///     }
///     last
/// });
/// for percent in 1..=100 {
///     progress.set(percent);
/// }
/// drop(progress);
/// assert_eq!(painting.await.unwrap(), 100, "the last state is always seen");
/// # });
/// ```
#[must_use = "a watch does nothing by itself"]
pub struct Watch<T: Send + Sync + 'static> {
    shared: Arc<Shared<T>>,
    at: usize,
    seen: u64,
}

impl<T: Send + Sync + 'static> Watch<T> {
    pub(super) fn new(shared: &Arc<Shared<T>>) -> Self {
        let (at, seen) = (shared.open_watch(), shared.version());
        Self { shared: Arc::clone(shared), at, seen }
    }

    /// Waits until it is another than the last that was seen here, and answers what it is then;
    /// none if it won't change any more.
    ///
    /// # Cancel safety
    ///
    /// A change counts as seen only when the future is done: dropping it before loses nothing, and
    /// the next call sees it.
    pub async fn changed(&mut self) -> Option<Arc<T>> {
        poll_fn(|cx| self.poll_changed(cx)).await
    }

    /// Whether [`changed`](Self::changed) would be ready.
    #[inline]
    pub fn has_changed(&self) -> bool {
        self.shared.version() != self.seen
    }

    /// What it is now, which then counts as seen: [`changed`](Self::changed) waits for another.
    pub fn latest(&mut self) -> Arc<T> {
        let (value, version) = self.shared.versioned();
        self.seen = version;
        value
    }

    fn poll_changed(&mut self, cx: &mut Context<'_>) -> Poll<Option<Arc<T>>> {
        self.shared.poll_changed(self.at, &mut self.seen, cx.waker())
    }
}

impl<T: Send + Sync + 'static> Clone for Watch<T> {
    /// One that has seen the same.
    fn clone(&self) -> Self {
        let mut watch = Self::new(&self.shared);
        watch.seen = self.seen;
        watch
    }
}

impl<T: Send + Sync + 'static> Stream for Watch<T> {
    type Item = Arc<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Arc<T>>> {
        self.get_mut().poll_changed(cx)
    }
}

impl<T: Send + Sync + 'static> Drop for Watch<T> {
    fn drop(&mut self) {
        self.shared.shut_watch(self.at);
    }
}

impl<T: Send + Sync + 'static> fmt::Debug for Watch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Watch").field("has_changed", &self.has_changed()).finish_non_exhaustive()
    }
}
