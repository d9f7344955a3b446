use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use event_listener::Event as Left;
use pin_project_lite::pin_project;

/// Who delivers at this moment, in a poll: between looking whether somebody still listens and
/// calling that one. Who has gone waits until all polls that may have looked before are over.
///
/// Polls are counted in two turns, so that those that come later are not waited for: the scheme of
/// sleepable read-copy-update (P. McKenney, "Sleepable RCU", 2006), with a future for the sleep.
#[derive(Default)]
pub(super) struct Polls {
    turn: AtomicUsize,
    inside: [AtomicUsize; 2],
    waiting: AtomicUsize,
    left: Left,
}

impl Polls {
    /// Counts the polls of `future`.
    pub(super) const fn count<F: Future>(&self, future: F) -> Counted<'_, F> {
        Counted { future, polls: self }
    }

    /// Waits until every poll that is inside now has been left.
    pub(super) async fn over(&self) {
        self.waiting.fetch_add(1, Ordering::SeqCst);
        let _waiting = Waiting(self);
        let turn = self.turn.load(Ordering::SeqCst) & 1;
        // Those that are left of the turn before; new ones come to the present one.
        self.is_empty(1 - turn).await;
        self.turn.fetch_add(1, Ordering::SeqCst);
        self.is_empty(turn).await;
    }

    async fn is_empty(&self, turn: usize) {
        while self.inside[turn].load(Ordering::SeqCst) > 0 {
            let left = self.left.listen();
            if self.inside[turn].load(Ordering::SeqCst) > 0 {
                left.await;
            }
        }
    }

    fn enter(&self) -> Inside<'_> {
        let turn = self.turn.load(Ordering::SeqCst) & 1;
        self.inside[turn].fetch_add(1, Ordering::SeqCst);
        Inside { polls: self, turn }
    }
}

struct Inside<'a> {
    polls: &'a Polls,
    turn: usize,
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        let polls = self.polls;
        let was_last = polls.inside[self.turn].fetch_sub(1, Ordering::SeqCst) == 1;
        if was_last && polls.waiting.load(Ordering::SeqCst) > 0 {
            polls.left.notify(usize::MAX);
        }
    }
}

struct Waiting<'a>(&'a Polls);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.waiting.fetch_sub(1, Ordering::SeqCst);
    }
}

pin_project! {
    /// The future of [`Polls::count`].
    #[must_use = "futures do nothing unless polled"]
    pub(super) struct Counted<'a, F> {
        #[pin]
        future: F,
        polls: &'a Polls,
    }
}

impl<F: Future> Future for Counted<'_, F> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        let _inside = this.polls.enter();
        this.future.poll(cx)
    }
}
