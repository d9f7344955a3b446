use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio_runtime::{Instant, Runtime, Sleep};
use pin_project_lite::pin_project;

pin_project! {
    /// A clock, and one timer that is made when somebody waits for it, and set again after that.
    pub(crate) struct Alarm<R: Runtime> {
        rt: R,
        #[pin]
        sleep: Option<R::Sleep>,
        set_to: Option<Instant>,
    }
}

impl<R: Runtime> Alarm<R> {
    pub(crate) fn new(rt: &R) -> Self {
        Self { rt: rt.clone(), sleep: None, set_to: None }
    }

    #[inline]
    pub(crate) fn now(&self) -> Instant {
        self.rt.now()
    }

    /// Ready once it is `due`.
    pub(crate) fn poll_until(self: Pin<&mut Self>, cx: &mut Context<'_>, due: Instant) -> Poll<()> {
        let mut this = self.project();
        if *this.set_to != Some(due) {
            match this.sleep.as_mut().as_pin_mut() {
                Some(sleep) => sleep.reset(due),
                None => this.sleep.set(Some(this.rt.sleep_until(due))),
            }
            *this.set_to = Some(due);
        }
        let polled = this.sleep.as_pin_mut().map_or(Poll::Pending, |sleep| sleep.poll(cx));
        if polled.is_ready() {
            // One that has fired is set again before it is asked again.
            *this.set_to = None;
        }
        polled
    }
}

/// After so many items of a source that never waits other tasks get their turn.
pub(super) const ITEMS_A_POLL: u32 = 1024;

/// Whether it is time for others to have their turn: then the caller answers `Pending`, and is
/// polled again soon.
pub(crate) fn has_had_its_turn(items: &mut u32, cx: &Context<'_>) -> bool {
    *items += 1;
    if *items < ITEMS_A_POLL {
        return false;
    }
    cx.waker().wake_by_ref();
    true
}
