use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use mtaio_runtime::{Instant, Sleep};
use pin_project_lite::pin_project;
use tokio::task::coop;

use crate::Tokio;
use crate::clock::Clock;
use crate::runtime::exact_now;

pin_project! {
    /// A timer of tokio.
    ///
    /// After its runtime is gone it stays pending. Tokio panics when such a timer is polled; that
    /// is caught, and the panic hook prints it. Where panics abort the process it can't be caught:
    /// such a program must not poll timers of a runtime that it has shut down.
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct TokioSleep {
        #[pin]
        timer: tokio::time::Sleep,
        deadline: Instant,
        clock: Clock,
        state: State,
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    New,
    Polled,
    RuntimeGone,
}

impl TokioSleep {
    #[inline]
    pub(crate) const fn new(timer: tokio::time::Sleep, deadline: Instant, clock: Clock) -> Self {
        Self { timer, deadline, clock, state: State::New }
    }
}

impl Sleep for TokioSleep {
    fn reset(self: Pin<&mut Self>, deadline: Instant) {
        let this = self.project();
        *this.deadline = deadline;
        this.timer.reset(Tokio::to_native(deadline));
    }
}

impl Future for TokioSleep {
    type Output = ();

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            if *this.state == State::RuntimeGone {
                return Poll::Pending;
            }
            let first = std::mem::replace(this.state, State::Polled) == State::New;
            let poll = || poll_timer(this.timer.as_mut(), first, cx);
            match catch_unwind(AssertUnwindSafe(poll)) {
                Ok(Poll::Pending) => return Poll::Pending,
                Ok(Poll::Ready(())) if this.clock.has_reached(*this.deadline, exact_now) => {
                    return Poll::Ready(());
                }
                Ok(Poll::Ready(())) => {
                    let lag = *this.deadline - this.clock.now(exact_now);
                    this.timer.as_mut().reset(tokio::time::Instant::now() + lag);
                }
                Err(_) => *this.state = State::RuntimeGone,
            }
        }
    }
}

/// Tokio holds back the timers of a task that has used up its budget. One that is polled again
/// guards something, by a timeout perhaps, that used the budget up: it must not be held back too,
/// or it would never fire. A new one is, so that a loop of sleeps lets other tasks run.
fn poll_timer(timer: Pin<&mut tokio::time::Sleep>, first: bool, cx: &mut Context<'_>) -> Poll<()> {
    let mut timer = timer;
    if first || coop::has_budget_remaining() {
        timer.poll(cx)
    } else {
        pin!(coop::unconstrained(poll_fn(|cx| timer.as_mut().poll(cx)))).poll(cx)
    }
}
