use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use crate::shared::Shared;

/// Who waits until nothing else can run.
#[derive(Default)]
pub(crate) struct Stalls {
    waiting: Vec<(u64, Waker)>,
    next_id: u64,
    /// How often it has come to that.
    count: u64,
}

impl Stalls {
    /// Hands out the wakers of all who wait.
    pub(crate) fn take(&mut self, wakers: &mut Vec<Waker>) -> bool {
        if self.waiting.is_empty() {
            return false;
        }
        self.count += 1;
        wakers.extend(self.waiting.drain(..).map(|(_, waker)| waker));
        true
    }
}

/// The future of [`Sim::run_until_stalled`](crate::Sim::run_until_stalled).
#[must_use = "futures do nothing unless polled"]
pub struct RunUntilStalled {
    shared: Arc<Shared>,
    /// The place among those who wait, and how often it had come to a stall before.
    begun: Option<(u64, u64)>,
}

impl RunUntilStalled {
    pub(crate) const fn new(shared: Arc<Shared>) -> Self {
        Self { shared, begun: None }
    }
}

impl Future for RunUntilStalled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let waker = cx.waker().clone();
        let this = &mut *self;
        let mut state = this.shared.lock();
        if this.shared.has_ended() {
            return Poll::Pending;
        }
        let stalls = &mut state.stalls;
        let (id, since) = *this.begun.get_or_insert_with(|| {
            stalls.next_id += 1;
            (stalls.next_id, stalls.count)
        });
        if stalls.count > since {
            return Poll::Ready(());
        }
        let place = stalls.waiting.iter_mut().find(|(waiting, _)| *waiting == id);
        let replaced = match place {
            Some((_, place)) => Some(std::mem::replace(place, waker)),
            None => {
                stalls.waiting.push((id, waker));
                state.effects += 1;
                None
            }
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for RunUntilStalled {
    fn drop(&mut self) {
        let Some((id, _)) = self.begun else { return };
        let mut state = self.shared.lock();
        let waiting = &mut state.stalls.waiting;
        let place = waiting.iter().position(|(waiting, _)| *waiting == id);
        let removed = place.map(|place| waiting.swap_remove(place));
        drop(state);
        drop(removed);
    }
}

impl fmt::Debug for RunUntilStalled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RunUntilStalled").finish_non_exhaustive()
    }
}
