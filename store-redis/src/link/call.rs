use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use mtaio::cache::NodeError;
use mtaio::limit::{AcquireError, AcquireOwnedPermit};
use mtaio_runtime::Runtime;

use super::Link;
use super::state::Place;
use crate::resp::{Frame, encoded_len};

/// One command and its answer.
///
/// # Cancel safety
///
/// Dropped before it was queued, nothing happens. After that, the command may take effect, and its
/// answer is thrown away when it comes.
pub(super) struct Call<'a, R: Runtime> {
    link: &'a Arc<Link<R>>,
    parts: &'a [&'a [u8]],
    stage: Stage<R>,
}

enum Stage<R: Runtime> {
    New,
    /// Waits for room among the calls.
    Waiting(AcquireOwnedPermit<R>),
    Asked(Place),
    Over,
}

/// So many bytes weigh as much as a call.
const UNIT: usize = 1 << 14;

impl<'a, R: Runtime> Call<'a, R> {
    pub(super) const fn new(link: &'a Arc<Link<R>>, parts: &'a [&'a [u8]]) -> Self {
        Self { link, parts, stage: Stage::New }
    }

    /// Its time is up. If nobody else was answered either since it was asked, the connection is
    /// given up: the next call gets another one.
    pub(super) fn give_up(&self) {
        if let Stage::Asked(place) = self.stage {
            self.link.suspect(place);
        }
    }

    /// What it takes of the room: so both how many there are and how many bytes they are is bounded.
    fn weight(&self) -> u32 {
        let units = u32::try_from(encoded_len(self.parts) / UNIT).unwrap_or(u32::MAX);
        units.saturating_add(1).min(self.link.room.limit())
    }
}

impl<R: Runtime> Future for Call<'_, R> {
    /// The answer, and the epoch of the connection that it came on.
    type Output = Result<(Frame, u64), NodeError>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.get_mut();
        let permit = match &mut this.stage {
            Stage::New => {
                let weight = this.weight();
                match this.link.room.try_acquire_many_owned(weight) {
                    Ok(permit) => permit,
                    Err(_) => {
                        this.stage = Stage::Waiting(this.link.room.acquire_many_owned(weight));
                        return Pin::new(this).poll(cx);
                    }
                }
            }
            Stage::Waiting(waiting) => match ready!(Pin::new(waiting).poll(cx)) {
                Ok(permit) => permit,
                Err(AcquireError::Elapsed(elapsed)) => return Poll::Ready(Err(elapsed.into())),
                Err(other) => return Poll::Ready(Err(NodeError::unavailable(other))),
            },
            Stage::Asked(place) => {
                let place = *place;
                let answer = ready!(this.link.poll_answer(place, cx));
                this.stage = Stage::Over;
                return Poll::Ready(answer.map(|frame| (frame, place.epoch)));
            }
            Stage::Over => panic!("polled after it was ready"),
        };
        // What waited is dropped before anything of the link is locked.
        this.stage = Stage::Over;
        let place = this.link.ask(this.parts, permit, cx.waker().clone())?;
        this.stage = Stage::Asked(place);
        Poll::Pending
    }
}

impl<R: Runtime> Drop for Call<'_, R> {
    fn drop(&mut self) {
        if let Stage::Asked(place) = self.stage {
            self.link.leave(place);
        }
    }
}
