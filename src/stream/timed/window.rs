use std::collections::VecDeque;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use mtaio_runtime::{Instant, Runtime};
use pin_project_lite::pin_project;

use super::alarm::{Alarm, has_had_its_turn};

/// The items that came in a span of time, one or more of them.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimeWindow<T> {
    /// Its begin, which belongs to it.
    pub start: Instant,
    /// Its end, which does not. The last one ends with its source, and may so be shorter.
    pub end: Instant,
    /// What came in it, in order.
    pub items: Vec<T>,
}

pin_project! {
    /// The stream of [`Timed::tumbling`](super::Timed::tumbling).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next window loses nothing.
    #[must_use = "streams do nothing unless polled"]
    pub struct Tumbling<S: Stream, R: Runtime> {
        #[pin]
        source: Fuse<S>,
        #[pin]
        alarm: Alarm<R>,
        length: Duration,
        origin: Option<Instant>,
        // The window that has items.
        start: Instant,
        items: Vec<S::Item>,
    }
}

impl<S: Stream, R: Runtime> Tumbling<S, R> {
    pub(super) fn new(source: S, rt: &R, length: Duration) -> Self {
        let (source, alarm) = (source.fuse(), Alarm::new(rt));
        Self { source, alarm, length, origin: None, start: Instant::ZERO, items: Vec::new() }
    }
}

impl<S: Stream, R: Runtime> Stream for Tumbling<S, R> {
    type Item = TimeWindow<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let origin = *this.origin.get_or_insert_with(|| this.alarm.now());
        let end = *this.start + *this.length;
        if !this.items.is_empty() && this.alarm.now() >= end {
            let items = mem::take(this.items);
            return Poll::Ready(Some(TimeWindow { start: *this.start, end, items }));
        }
        let mut count = 0;
        loop {
            let end = *this.start + *this.length;
            match this.source.as_mut().poll_next(cx) {
                Poll::Ready(Some(item)) => {
                    let now = this.alarm.now();
                    if this.items.is_empty() {
                        *this.start = grid(origin, *this.length, now);
                        this.items.push(item);
                    } else if now < end {
                        this.items.push(item);
                    } else {
                        let items = mem::replace(this.items, vec![item]);
                        let start = mem::replace(this.start, grid(origin, *this.length, now));
                        return Poll::Ready(Some(TimeWindow { start, end, items }));
                    }
                }
                Poll::Ready(None) if this.items.is_empty() => return Poll::Ready(None),
                Poll::Ready(None) => {
                    let (start, items) = (*this.start, mem::take(this.items));
                    let end = end.min(this.alarm.now());
                    return Poll::Ready(Some(TimeWindow { start, end, items }));
                }
                Poll::Pending if this.items.is_empty() => return Poll::Pending,
                Poll::Pending => {
                    return this.alarm.as_mut().poll_until(cx, end).map(|()| {
                        let items = mem::take(this.items);
                        Some(TimeWindow { start: *this.start, end, items })
                    });
                }
            }
            if has_had_its_turn(&mut count, cx) {
                return Poll::Pending;
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        at_most_one_each(self.source.size_hint(), self.items.len())
    }
}

pin_project! {
    /// The stream of [`Timed::sliding`](super::Timed::sliding).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next window loses nothing.
    #[must_use = "streams do nothing unless polled"]
    pub struct Sliding<S: Stream, R: Runtime> {
        #[pin]
        source: Fuse<S>,
        #[pin]
        alarm: Alarm<R>,
        length: Duration,
        step: Duration,
        origin: Option<Instant>,
        // The window to come next; it has items if there are any.
        start: Instant,
        items: VecDeque<(Instant, S::Item)>,
        // How many at the end of the items have not been in a window yet.
        unseen: usize,
        // One that came after the end of the window to come next.
        ahead: Option<(Instant, S::Item)>,
    }
}

impl<S: Stream<Item: Clone>, R: Runtime> Sliding<S, R> {
    pub(super) fn new(source: S, rt: &R, length: Duration, step: Duration) -> Self {
        let (source, alarm) = (source.fuse(), Alarm::new(rt));
        let (origin, start, items) = (None, Instant::ZERO, VecDeque::new());
        Self { source, alarm, length, step, origin, start, items, unseen: 0, ahead: None }
    }
}

impl<S: Stream<Item: Clone>, R: Runtime> Stream for Sliding<S, R> {
    type Item = TimeWindow<S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        let origin = *this.origin.get_or_insert_with(|| this.alarm.now());
        let slides = Slides { origin, length: *this.length, step: *this.step };
        if !this.items.is_empty() && this.alarm.now() >= *this.start + *this.length {
            return Poll::Ready(slides.pass(this.start, this.items, this.unseen));
        }
        let mut count = 0;
        loop {
            let end = *this.start + *this.length;
            let (at, item) = match this.ahead.take() {
                Some(ahead) => ahead,
                None => match this.source.as_mut().poll_next(cx) {
                    Poll::Ready(Some(item)) => (this.alarm.now(), item),
                    Poll::Ready(None) => {
                        let now = this.alarm.now();
                        if !this.items.is_empty() && now >= end {
                            return Poll::Ready(slides.pass(this.start, this.items, this.unseen));
                        }
                        if mem::take(this.unseen) == 0 {
                            this.items.clear();
                            return Poll::Ready(None);
                        }
                        let items = this.items.drain(..).map(|(_, item)| item).collect();
                        return Poll::Ready(Some(TimeWindow {
                            start: *this.start,
                            end: now,
                            items,
                        }));
                    }
                    Poll::Pending if this.items.is_empty() => return Poll::Pending,
                    Poll::Pending => {
                        return this
                            .alarm
                            .as_mut()
                            .poll_until(cx, end)
                            .map(|()| slides.pass(this.start, this.items, this.unseen));
                    }
                },
            };
            if this.items.is_empty() {
                *this.start = slides.first_with(at).max(*this.start);
            } else if at >= end {
                *this.ahead = Some((at, item));
                return Poll::Ready(slides.pass(this.start, this.items, this.unseen));
            }
            // Or it is between two windows.
            if at >= *this.start {
                this.items.push_back((at, item));
                *this.unseen += 1;
            }
            if has_had_its_turn(&mut count, cx) {
                return Poll::Pending;
            }
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let is_done = self.items.is_empty() && self.ahead.is_none();
        if is_done && self.source.size_hint().1 == Some(0) { (0, Some(0)) } else { (0, None) }
    }
}

/// Where sliding windows are.
struct Slides {
    origin: Instant,
    length: Duration,
    step: Duration,
}

impl Slides {
    /// The start of the first window that ends after `at`.
    fn first_with(&self, at: Instant) -> Instant {
        let into = at.saturating_duration_since(self.origin).checked_sub(self.length);
        // The last that ends by then is the one before.
        into.map_or(self.origin, |into| {
            grid(self.origin, self.step, self.origin + into) + self.step
        })
    }

    /// Hands out the window at `start`, which has items, and goes on to the next one.
    fn pass<T: Clone>(
        &self,
        start: &mut Instant,
        items: &mut VecDeque<(Instant, T)>,
        unseen: &mut usize,
    ) -> Option<TimeWindow<T>> {
        let end = *start + self.length;
        let next = *start + self.step;
        let left = items.partition_point(|(at, _)| *at < next);
        let mut window = Vec::with_capacity(items.len());
        // Those that are in no further window move.
        window.extend(items.drain(..left).map(|(_, item)| item));
        window.extend(items.iter().map(|(_, item)| item.clone()));
        *unseen = 0;
        Some(TimeWindow { start: mem::replace(start, next), end, items: window })
    }
}

/// The last point at or before `at` on the grid of `step` from `origin`.
pub(super) fn grid(origin: Instant, step: Duration, at: Instant) -> Instant {
    let into = at.saturating_duration_since(origin).as_nanos() % step.as_nanos();
    // Less than a step, which is less than 100 years of nanoseconds.
    at.saturating_sub(Duration::from_nanos(u64::try_from(into).unwrap_or(0)))
}

/// For streams that yield at most one thing for each item.
pub(super) fn at_most_one_each(
    (_, most): (usize, Option<usize>),
    held: usize,
) -> (usize, Option<usize>) {
    (usize::from(held > 0), most.and_then(|most| most.checked_add(held)))
}
