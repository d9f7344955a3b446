use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::core::{Core, Tally, count};
use super::lane::Lane;
use super::polls::Turn;
use super::report::Report;

/// An event that is being delivered. Whoever drops it midway leaves nothing behind but a report of
/// what was done.
#[must_use = "futures do nothing unless polled"]
pub(super) struct Running<'a> {
    pub(super) core: &'a Core,
    /// None before it has begun, and once it has ended.
    pub(super) lane: Option<Box<Lane>>,
}

impl<'a> Running<'a> {
    pub(super) const fn none(core: &'a Core) -> Self {
        Self { core, lane: None }
    }

    pub(super) const fn new(core: &'a Core, lane: Box<Lane>) -> Self {
        Self { core, lane: Some(lane) }
    }

    pub(super) fn poll_lane(&mut self, cx: &mut Context<'_>) -> Poll<Report> {
        let Self { core, lane } = self;
        let Some(running) = lane else { panic!("polled after it was ready") };
        let turn = running.turn.take().unwrap_or_else(|| core.enter());
        let inside = Inside { core, turn: Some(turn) };
        if running.poll(core, cx).is_pending() {
            return Poll::Pending;
        }
        let (report, tally) = running.end(core);
        inside.leave_for_good(tally, lane.take());
        Poll::Ready(report)
    }
}

impl Future for Running<'_> {
    type Output = Report;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Report> {
        self.get_mut().poll_lane(cx)
    }
}

impl Drop for Running<'_> {
    #[inline]
    fn drop(&mut self) {
        if let Some(mut lane) = self.lane.take() {
            give_up(self.core, &mut lane);
        }
    }
}

#[cold]
fn give_up(core: &Core, lane: &mut Lane) {
    let turn = lane.turn.take();
    count(&core.counts.dropped, 1);
    let tally = lane.give_up(core);
    core.leave_for_good(turn, tally, None);
}

// Calls are pinned in boxes of their own.
impl Unpin for Running<'_> {}

/// In a poll; left also if that panics.
struct Inside<'a> {
    core: &'a Core,
    turn: Option<Turn>,
}

impl Inside<'_> {
    #[inline]
    fn leave_for_good(mut self, tally: Tally, lane: Option<Box<Lane>>) {
        self.core.leave_for_good(self.turn.take(), tally, lane);
    }
}

impl Drop for Inside<'_> {
    fn drop(&mut self) {
        if let Some(turn) = self.turn.take() {
            self.core.leave(turn);
        }
    }
}
