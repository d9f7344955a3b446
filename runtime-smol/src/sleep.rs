use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use async_io::Timer;
use mtaio_runtime::{Instant, Sleep};

use crate::Smol;
use crate::clock::Clock;
use crate::runtime::{Handle, exact_now};

/// A timer of `async-io`.
///
/// After its executor is gone it stays pending.
#[derive(Debug)]
#[must_use = "futures do nothing unless polled"]
pub struct SmolSleep {
    timer: Timer,
    deadline: Instant,
    clock: Clock,
    executor: Handle,
}

impl SmolSleep {
    #[inline]
    pub(crate) fn new(timer: Timer, deadline: Instant, clock: Clock, executor: Handle) -> Self {
        Self { timer, deadline, clock, executor }
    }
}

impl Sleep for SmolSleep {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        self.deadline = deadline;
        self.timer.set_at(Smol::to_native(deadline));
    }
}

impl Future for SmolSleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = self.get_mut();
        loop {
            if this.executor.is_gone() {
                return Poll::Pending;
            }
            ready!(Pin::new(&mut this.timer).poll(cx));
            if this.clock.has_reached(this.deadline, exact_now) {
                return Poll::Ready(());
            }
            let lag = this.deadline - this.clock.now(exact_now);
            this.timer.set_after(lag);
        }
    }
}
