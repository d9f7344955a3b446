use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use mtaio_runtime::{Ambient, Runtime, RuntimeExt};
use pin_project_lite::pin_project;

use super::contain::{discard, poll_to_end};
use super::core::{Closing, Core, Key};
use super::error::CloseFailure;

pin_project! {
    /// Closes one resource, in the time that it is given. Dropped before, it gives the resource
    /// back, closed as far as it is.
    ///
    /// The caller's deadline does not count: it may be what ended the work, and there is still to
    /// be tidied up.
    pub(super) struct Attempt<'a, R: Runtime> {
        core: &'a Core<R>,
        key: Key,
        // `None` when it has ended.
        closing: Option<Closing>,
        limit: Option<Duration>,
        // Made when the closing was pending for the first time.
        #[pin]
        sleep: Option<R::Sleep>,
    }

    impl<R: Runtime> PinnedDrop for Attempt<'_, R> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let Some(closing) = this.closing.take() {
                this.core.put_back(*this.key, closing);
            }
        }
    }
}

impl<'a, R: Runtime> Attempt<'a, R> {
    pub(super) const fn new(
        core: &'a Core<R>,
        key: Key,
        closing: Closing,
        limit: Option<Duration>,
    ) -> Self {
        Self { core, key, closing: Some(closing), limit, sleep: None }
    }
}

impl<R: Runtime> Future for Attempt<'_, R> {
    type Output = (Cow<'static, str>, Result<(), CloseFailure>);

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let mut this = self.project();
        let closing = Pin::new(&mut *this.closing);
        if let Poll::Ready(result) = Ambient::empty().enter(|| poll_to_end(closing, cx)) {
            let result = result.unwrap_or_else(|panic| Err(CloseFailure::Panicked(panic)));
            return Poll::Ready((this.core.remove(*this.key), result));
        }
        let Some(limit) = *this.limit else {
            return Poll::Pending;
        };
        if this.sleep.is_none() {
            this.sleep.set(Some(this.core.rt().sleep(limit)));
        }
        if let Some(sleep) = this.sleep.as_mut().as_pin_mut()
            && sleep.poll(cx).is_pending()
        {
            return Poll::Pending;
        }
        Ambient::empty().enter(|| discard(this.closing.take()));
        Poll::Ready((this.core.remove(*this.key), Err(CloseFailure::TimedOut(limit))))
    }
}
