use std::convert::Infallible;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use super::collect::{Collect, Everything, FirstError, FirstUnfinished};
use super::error::{GatherError, RunError};
use super::launch::{Indexed, Launch};
use crate::queue::{Acquire, SlotSet};

/// Many futures and one answer: await it. See [`TaskExecutor::gather`](super::TaskExecutor::gather)
/// and [`TaskExecutor::map`](super::TaskExecutor::map).
#[must_use = "nothing runs before it is awaited"]
pub struct Gather<I, L> {
    futures: I,
    launch: L,
    ordered: bool,
}

impl<I: Iterator<Item: Future>, L: Launch<I::Item>> Gather<I, L> {
    pub(super) const fn new(futures: I, launch: L) -> Self {
        Self { futures, launch, ordered: true }
    }

    /// Answers in the order in which the futures end.
    pub const fn unordered(mut self) -> Self {
        self.ordered = false;
        self
    }

    /// Answers plain values, of futures that have no errors of their own: only one that does not
    /// run to its end, by a panic say, ends the rest and is the answer.
    pub const fn values(self) -> Values<I, L> {
        Values(self)
    }

    /// Runs them all, whatever happens, and answers each result: what the future returned, or the
    /// [`RunError`] that kept it from returning.
    pub const fn settle(self) -> Settle<I, L> {
        Settle(self)
    }

    fn collect<C>(self, collect: impl FnOnce(bool, usize) -> C) -> Gathering<I, L, C>
    where
        C: Collect<<I::Item as Future>::Output>,
    {
        let (expected, _) = self.futures.size_hint();
        Gathering {
            collect: Some(collect(self.ordered, expected)),
            items: Items { futures: Some(self.futures), next: None, count: 0, closed: false },
            launch: self.launch,
            turn: None,
            holds_spare: false,
            in_flight: SlotSet::new(),
        }
    }
}

// Who awaits a gather of futures that can't fail is shown these lines by the compiler.
impl<I, L, T, E> IntoFuture for Gather<I, L>
where
    // Of plain values: `gather.values().await`. Of each result: `gather.settle().await`.
    I: Iterator<Item: Future<Output = Result<T, E>>>,
    L: Launch<I::Item>,
{
    type Output = Result<Vec<T>, GatherError<E>>;
    type IntoFuture = Gathering<I, L, FirstError<T, E>>;

    fn into_future(self) -> Self::IntoFuture {
        self.collect(FirstError::new)
    }
}

/// As [`Gather`], of futures that answer plain values: await it. See [`Gather::values`].
#[must_use = "nothing runs before it is awaited"]
pub struct Values<I, L>(Gather<I, L>);

impl<I: Iterator<Item: Future>, L: Launch<I::Item>> IntoFuture for Values<I, L> {
    type Output = Result<Vec<<I::Item as Future>::Output>, GatherError<Infallible>>;
    type IntoFuture = Gathering<I, L, FirstUnfinished<<I::Item as Future>::Output>>;

    fn into_future(self) -> Self::IntoFuture {
        self.0.collect(FirstUnfinished::new)
    }
}

/// As [`Gather`], with every result for an answer: await it. See [`Gather::settle`].
#[must_use = "nothing runs before it is awaited"]
pub struct Settle<I, L>(Gather<I, L>);

impl<I: Iterator<Item: Future>, L: Launch<I::Item>> IntoFuture for Settle<I, L> {
    type Output = Vec<Result<<I::Item as Future>::Output, RunError>>;
    type IntoFuture = Gathering<I, L, Everything<<I::Item as Future>::Output>>;

    fn into_future(self) -> Self::IntoFuture {
        self.0.collect(Everything::new)
    }
}

/// The future of [`Gather`], [`Values`] and [`Settle`].
///
/// # Cancel safety
///
/// Dropping it cancels what is in flight.
#[must_use = "futures do nothing unless polled"]
pub struct Gathering<I: Iterator<Item: Future>, L: Launch<I::Item>, C> {
    items: Items<I>,
    launch: L,
    /// The place in the queue for a permit, where other work holds them.
    turn: Option<Acquire>,
    /// Whether a permit is kept for the next future.
    holds_spare: bool,
    in_flight: SlotSet<Indexed<L::Running>>,
    /// `None` once it has answered.
    collect: Option<C>,
}

/// How many results are taken in before other tasks get their turn.
const RESULTS_A_POLL: usize = 256;

impl<I, L, C> Future for Gathering<I, L, C>
where
    I: Iterator<Item: Future>,
    L: Launch<I::Item>,
    C: Collect<<I::Item as Future>::Output>,
{
    type Output = C::Output;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<C::Output> {
        // The futures are pinned in the slots; nothing else is polled through a pin.
        let this = self.get_mut();
        for _ in 0..RESULTS_A_POLL {
            let Some((index, result)) = ready!(this.poll_result(cx)) else {
                let collect = this.collect.take();
                let collect = collect.unwrap_or_else(|| panic!("polled after it was ready"));
                return Poll::Ready(collect.finish());
            };
            this.take_in(index, result);
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

impl<I, L, C> Gathering<I, L, C>
where
    I: Iterator<Item: Future>,
    L: Launch<I::Item>,
    C: Collect<<I::Item as Future>::Output>,
{
    /// Starts what there is room for, and answers the next result; `None` after the last.
    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<Option<IndexedResult<I::Item>>> {
        while self.items.fetch() {
            if self.poll_permit(cx).is_pending() {
                break;
            }
            let Some((index, future)) = self.items.take() else {
                break;
            };
            let future = match self.launch.launch(future) {
                Ok(future) => Indexed { index, future },
                Err(error) => return Poll::Ready(Some((index, Err(error)))),
            };
            if let Poll::Ready(result) = self.in_flight.start(future) {
                self.return_permit();
                return Poll::Ready(Some(result));
            }
        }
        match ready!(self.in_flight.poll_next(cx)) {
            Some(result) => {
                self.return_permit();
                Poll::Ready(Some(result))
            }
            // Nothing is in flight, but others hold the permits.
            None if self.items.fetch() => Poll::Pending,
            None => Poll::Ready(None),
        }
    }

    /// Takes a permit for one more future.
    fn poll_permit(&mut self, cx: &Context<'_>) -> Poll<()> {
        let Some(permits) = self.launch.permits() else {
            return Poll::Ready(());
        };
        if self.turn.is_none() {
            if mem::take(&mut self.holds_spare) || permits.try_take() {
                return Poll::Ready(());
            }
            // With every permit its own it will be woken by what is in flight.
            if self.in_flight.len() >= permits.count() {
                return Poll::Pending;
            }
        }
        ready!(self.turn.get_or_insert_with(|| permits.acquire()).poll_take(cx));
        self.turn = None;
        Poll::Ready(())
    }

    /// Gives back the permit of a future that has ended, or keeps it for the next one while nobody
    /// else wants it.
    fn return_permit(&mut self) {
        if let (false, Some(permits)) = (L::RETURNS_PERMIT, self.launch.permits()) {
            if permits.is_awaited() || self.holds_spare || !self.items.fetch() {
                permits.release();
            } else {
                self.holds_spare = true;
            }
        }
    }

    fn take_in(&mut self, index: usize, result: Result<<I::Item as Future>::Output, RunError>) {
        // After the first break the rest is waited for, and not looked at.
        let Some(collect) = self.collect.as_mut().filter(|_| !self.items.closed) else {
            return;
        };
        if collect.push(index, result).is_break() {
            self.items.close();
            self.turn = None;
            let before = self.in_flight.len();
            L::end(&mut self.in_flight);
            let spare = usize::from(mem::take(&mut self.holds_spare));
            for _ in self.in_flight.len()..before + spare {
                self.return_permit();
            }
        }
    }
}

/// What an item came to, and its place.
type IndexedResult<F> = (usize, Result<<F as Future>::Output, RunError>);

impl<I: Iterator<Item: Future>, L: Launch<I::Item>, C> Drop for Gathering<I, L, C> {
    fn drop(&mut self) {
        let Some(permits) = self.launch.permits().filter(|_| !L::RETURNS_PERMIT) else { return };
        let held = self.in_flight.len() + usize::from(self.holds_spare);
        self.in_flight.clear();
        for _ in 0..held {
            permits.release();
        }
    }
}

// Nothing in it is pinned but the futures, which have boxes of their own.
impl<I: Iterator<Item: Future>, L: Launch<I::Item>, C> Unpin for Gathering<I, L, C> {}

/// The futures that have not been started.
struct Items<I: Iterator> {
    /// `None` after the last.
    futures: Option<I>,
    /// Looked at ahead, so that no permit is waited for when there is nothing to run.
    next: Option<I::Item>,
    count: usize,
    closed: bool,
}

impl<I: Iterator> Items<I> {
    /// Whether there is a further one.
    fn fetch(&mut self) -> bool {
        if self.next.is_none() {
            self.next = self.futures.as_mut().and_then(Iterator::next);
            if self.next.is_none() {
                self.futures = None;
            }
        }
        self.next.is_some()
    }

    fn take(&mut self) -> Option<(usize, I::Item)> {
        let item = self.next.take()?;
        self.count += 1;
        Some((self.count - 1, item))
    }

    fn close(&mut self) {
        (self.futures, self.next, self.closed) = (None, None, true);
    }
}

impl<I, L> fmt::Debug for Gather<I, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gather").field("ordered", &self.ordered).finish_non_exhaustive()
    }
}
