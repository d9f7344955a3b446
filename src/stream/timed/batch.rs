use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use mtaio_runtime::{Instant, Runtime};
use pin_project_lite::pin_project;

use super::super::batch::AT_ONCE;
use super::alarm::{Alarm, has_had_its_turn};

pin_project! {
    /// The stream of [`Timed::batch_within`](super::Timed::batch_within) and
    /// [`Timed::batch_by_time`](super::Timed::batch_by_time).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next batch loses nothing.
    #[must_use = "streams do nothing unless polled"]
    pub struct BatchWithin<S: Stream, R: Runtime> {
        #[pin]
        source: Fuse<S>,
        #[pin]
        alarm: Alarm<R>,
        size: usize,
        within: Duration,
        items: Vec<S::Item>,
        // When the batch in the making is done, at the latest.
        due: Instant,
        // How many items may come before the next look at the clock.
        unlooked: usize,
    }
}

impl<S: Stream, R: Runtime> BatchWithin<S, R> {
    pub(super) fn new(source: S, rt: &R, size: usize, within: Duration) -> Self {
        let (source, alarm) = (source.fuse(), Alarm::new(rt));
        Self { source, alarm, size, within, items: Vec::new(), due: Instant::MAX, unlooked: 0 }
    }
}

impl<S: Stream, R: Runtime> Stream for BatchWithin<S, R> {
    type Item = Vec<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        // It waited: what comes at the deadline or after it is of the next batch.
        if !this.items.is_empty() && this.alarm.now() >= *this.due {
            return Poll::Ready(Some(mem::take(this.items)));
        }
        let mut items = 0;
        loop {
            match this.source.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    if this.items.is_empty() {
                        this.items.reserve_exact((*this.size).min(AT_ONCE));
                    }
                    this.items.push(item);
                    let len = this.items.len();
                    if len >= *this.size {
                        return Poll::Ready(Some(mem::take(this.items)));
                    }
                    if len == 1 {
                        *this.due = this.alarm.now() + *this.within;
                        *this.unlooked = 0;
                    } else if *this.unlooked > 0 {
                        *this.unlooked -= 1;
                    } else {
                        let left = *this.due - this.alarm.now();
                        if left.is_zero() {
                            return Poll::Ready(Some(mem::take(this.items)));
                        }
                        *this.unlooked = unlooked(*this.within, left, len);
                    }
                }
                Poll::Ready(None) if this.items.is_empty() => return Poll::Ready(None),
                Poll::Ready(None) => return Poll::Ready(Some(mem::take(this.items))),
                Poll::Pending if this.items.is_empty() => return Poll::Pending,
                Poll::Pending => {
                    ready!(this.alarm.as_mut().poll_until(cx, *this.due));
                    return Poll::Ready(Some(mem::take(this.items)));
                }
            }
            if has_had_its_turn(&mut items, cx) {
                return Poll::Pending;
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (least, most) = self.source.size_hint();
        let held = self.items.len();
        let most = most.and_then(|most| most.checked_add(held));
        (least.saturating_add(held).div_ceil(self.size), most)
    }
}

/// How many items may come before the next look at the clock, which costs more than an item that is
/// there: as many as fit into half of the time that is `left` if they go on coming as they did, three
/// times as many as have come, and [`UNLOOKED`].
fn unlooked(within: Duration, left: Duration, len: usize) -> usize {
    let so_far = (within - left).as_nanos();
    let fit = left.as_nanos() * len as u128 / (2 * so_far).max(1);
    let most = UNLOOKED.min(3 * len);
    usize::try_from(fit).map_or(most, |fit| most.min(fit)).saturating_sub(1)
}

/// However quickly items have come, they may get slow.
const UNLOOKED: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_looked_at_the_more_often_the_less_is_left() {
        let ms = Duration::from_millis;
        // A millisecond an item: little was seen yet, then more, and then the end is near.
        assert_eq!(unlooked(ms(100), ms(98), 2), 5);
        assert_eq!(unlooked(ms(100), ms(92), 8), 23);
        assert_eq!(unlooked(ms(100), ms(50), 50), 24);
        assert_eq!(unlooked(ms(100), ms(16), 84), 7);
        assert_eq!(unlooked(ms(100), ms(4), 96), 1);
        assert_eq!(unlooked(ms(100), ms(3), 97), 0);
        assert_eq!(unlooked(ms(100), ms(1), 99), 0);
        // However quick.
        assert_eq!(unlooked(ms(100), ms(100), 1000), 63);
        // As slow as the deadline is near.
        assert_eq!(unlooked(ms(100), ms(50), 2), 0);
    }
}
