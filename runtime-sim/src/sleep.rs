use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use mtaio_runtime::{Instant, Sleep};

use crate::shared::Shared;
use crate::timers::TimerKey;

/// A timer of a [`Sim`](crate::Sim).
///
/// It is in the simulation's queue from the first poll that finds it pending, and out of it as
/// soon as it fires, is reset or is dropped. After the simulation is over it stays pending.
///
/// # Cancel safety
///
/// A sleep holds nothing: dropping it loses nothing.
#[must_use = "futures do nothing unless polled"]
pub struct SimSleep {
    shared: Arc<Shared>,
    deadline: Instant,
    key: Option<TimerKey>,
}

impl SimSleep {
    pub(crate) const fn new(shared: Arc<Shared>, deadline: Instant) -> Self {
        Self { shared, deadline, key: None }
    }
}

impl Sleep for SimSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let this = &mut *self;
        this.shared.move_timer(deadline, &mut this.key);
        this.deadline = deadline;
    }
}

impl Future for SimSleep {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        this.shared.poll_timer(this.deadline, &mut this.key, cx.waker())
    }
}

impl Drop for SimSleep {
    fn drop(&mut self) {
        self.shared.remove_timer(&mut self.key);
    }
}

impl fmt::Debug for SimSleep {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SimSleep").field("deadline", &self.deadline).finish_non_exhaustive()
    }
}
