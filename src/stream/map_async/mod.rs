use std::fmt;
use std::future::{Future, poll_fn};
use std::hash::Hash;
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::{Fuse, FusedStream, StreamExt as _};
use pin_project_lite::pin_project;

pub use self::as_finished::AsFinished;
pub use self::by_key::ByKey;
use self::call::Call;
pub use self::in_order::InOrder;
use self::order::Begin;
pub(crate) use self::order::Order;
use super::error::CallPanicked;
use crate::callback::Callback;
use crate::config::ConfigError;
use crate::contain::contain;
use crate::queue::SlotSet;

mod as_finished;
mod by_key;
mod call;
mod in_order;
mod order;

/// What the call for an item of `S` came to.
pub type Called<S, F> = Result<<F as Callback<<S as Stream>::Item>>::Output, CallPanicked>;

pin_project! {
    /// Calls an async function with each item, many at once: the stream of
    /// [`StreamExt::map_async`](super::StreamExt::map_async).
    ///
    /// It is a stream of results, and nothing moves while nobody polls it: also not while the body
    /// of a `while let Some(result) = results.next().await` runs. [`for_each`](Self::for_each) and
    /// [`try_for_each`](Self::try_for_each) poll the calls while their body runs.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next result loses nothing. Dropping the stream drops
    /// the calls in flight, and the results that nobody has taken.
    #[must_use = "streams do nothing unless polled"]
    pub struct MapAsync<S: Stream, F: Callback<S::Item>, O = InOrder<Called<S, F>>> {
        #[pin]
        source: Fuse<S>,
        f: F,
        limit: usize,
        in_flight: SlotSet<Call<F::Future>>,
        order: O,
        // How many items have been taken from the source.
        count: u64,
        // Results since calls in flight were looked at.
        unlooked: u8,
    }
}

/// A [`MapAsync`] at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MapStats {
    /// The items taken from the source so far.
    pub taken: u64,
    /// The calls that run.
    pub in_flight: usize,
    /// The results that nobody has taken yet.
    pub ready: usize,
    /// The items that wait for others of their keys.
    pub waiting: usize,
}

/// After so many results of calls that never had to wait, those that did are looked at, or a source
/// that never waits would starve them.
const UNLOOKED: u8 = 32;

impl<S: Stream, F: Callback<S::Item>> MapAsync<S, F> {
    pub(super) fn new(source: S, limit: usize, f: F) -> Result<Self, ConfigError> {
        if limit == 0 {
            return Err(ConfigError::new("limit", "0", "1 or more"));
        }
        let (in_flight, order) = (SlotSet::new(), InOrder::new());
        Ok(Self { source: source.fuse(), f, limit, in_flight, order, count: 0, unlooked: 0 })
    }

    /// Results as the calls finish, each as soon as it is there.
    pub fn unordered(self) -> MapAsync<S, F, AsFinished<Called<S, F>>> {
        self.map_order(|order, _| AsFinished::new(order.into_results()))
    }

    /// Items of one key are worked on one after another, in their order, and so their results come;
    /// different keys are worked on at once, and their results come as calls finish.
    ///
    /// At most `limit` calls run at once, and as many items may wait behind others of their keys;
    /// then no more are taken from the source. So one slow key holds up the others only when it has
    /// as many items waiting.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures::{StreamExt as _, stream};
    /// use mtaio::{RuntimeExt, StreamExt};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let orders = stream::iter([("ada", 1), ("ada", 2), ("bob", 3)]);
    /// let slow_at_first = async move |(who, n): (&'static str, u32)| {
    ///     rt.sleep(Duration::from_millis(if n == 1 { 30 } else { 10 })).await;
    ///     (who, n)
    /// };
    /// let done = orders.map_async(8, slow_at_first)?.by_key(|(who, _)| *who);
    /// let done: Vec<_> = done.map(Result::unwrap).collect().await;
    /// assert_eq!(done, [("bob", 3), ("ada", 1), ("ada", 2)]);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    #[expect(clippy::type_complexity, reason = "what it is made of is in the type")]
    pub fn by_key<K, KeyOf>(
        self,
        key: KeyOf,
    ) -> MapAsync<S, F, ByKey<S::Item, K, KeyOf, Called<S, F>>>
    where
        K: Hash + Eq + Clone,
        KeyOf: FnMut(&S::Item) -> K,
    {
        self.map_order(|order, count| ByKey::new(key, order.into_results(), count))
    }

    fn map_order<O>(self, map: impl FnOnce(InOrder<Called<S, F>>, u64) -> O) -> MapAsync<S, F, O> {
        let Self { source, f, limit, in_flight, order, count, unlooked } = self;
        let order = map(order, count);
        MapAsync { source, f, limit, in_flight, order, count, unlooked }
    }
}

impl<S, F, O> MapAsync<S, F, O>
where
    S: Stream,
    F: Callback<S::Item>,
    O: Order<S::Item, Called<S, F>>,
{
    /// Runs `body` with each result, one after another, and polls the calls in flight while it
    /// runs: they go on, those that finish make room for the next ones, and a body that waits for
    /// something that a call holds gets it.
    ///
    /// (`buffered` and `buffer_unordered` of the crate futures stand still while the body of a loop
    /// over them runs, and may so be waited for by it for ever: `futures-rs#2387`.)
    ///
    /// To spawn it, let the body own what it captures, by `async move |result| ..`: today's compiler
    /// can't tell that a future is `Send` which holds a body that borrows. A body that has to borrow
    /// is for a loop with [`beside`](Self::beside).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the body that runs, the calls in flight, and the results that
    /// nobody has taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures::stream;
    /// use mtaio::{Instant, Runtime, RuntimeExt, StreamExt};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let (fetching, storing) = (Duration::from_millis(50), Duration::from_millis(10));
    /// let clock = rt.clone();
    /// let fetch = async move |page: u32| {
    ///     clock.sleep(fetching).await;
    ///     page
    /// };
    /// let mut pages = Vec::new();
    /// let fetched = stream::iter(1..=5).map_async(5, fetch)?;
    /// fetched
    ///     .for_each(async |page| {
    ///         rt.sleep(storing).await;
    ///         pages.push(page.expect("the function doesn't panic"));
    ///     })
    ///     .await;
    /// assert_eq!(pages, [1, 2, 3, 4, 5]);
    /// assert_eq!(rt.now() - Instant::ZERO, fetching + 5 * storing);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub async fn for_each<B>(self, mut body: B)
    where
        B: AsyncFnMut(Called<S, F>),
    {
        let mut this = pin!(self);
        while let Some(result) = poll_fn(|cx| this.as_mut().poll_next(cx)).await {
            this.as_mut().beside(body(result)).await;
        }
    }

    /// As [`for_each`](Self::for_each), until the body answers an error, which is the answer.
    ///
    /// # Errors
    ///
    /// The first of the body. What is in flight then is dropped.
    ///
    /// # Cancel safety
    ///
    /// As of [`for_each`](Self::for_each).
    pub async fn try_for_each<B, E>(self, mut body: B) -> Result<(), E>
    where
        B: AsyncFnMut(Called<S, F>) -> Result<(), E>,
    {
        let mut this = pin!(self);
        while let Some(result) = poll_fn(|cx| this.as_mut().poll_next(cx)).await {
            this.as_mut().beside(body(result)).await?;
        }
        Ok(())
    }

    /// Goes on with the calls, and begins what there is room for, without yielding a result; its
    /// source is answered, for the same to be done with it.
    pub(crate) fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Pin<&mut S> {
        self.as_mut().advance(cx, |_| false);
        self.source()
    }

    /// Where the items come from.
    pub(crate) fn source(self: Pin<&mut Self>) -> Pin<&mut S> {
        self.project().source.get_pin_mut()
    }

    /// What it looks like now.
    pub fn stats(&self) -> MapStats {
        let (ready, waiting) = self.order.held();
        MapStats { taken: self.count, in_flight: self.in_flight.len(), ready, waiting }
    }

    /// Runs `body`, and polls the calls while it has to wait: what [`for_each`](Self::for_each) does
    /// with each result, for loops of your own.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops `body`, and nothing else.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::pin::pin;
    /// use std::time::Duration;
    /// use futures::{StreamExt as _, stream};
    /// use mtaio::{Instant, Runtime, RuntimeExt, StreamExt};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let second = Duration::from_secs(1);
    /// let clock = rt.clone();
    /// let slow = stream::iter(0..4).map_async(4, async move |_: u32| clock.sleep(second).await)?;
    /// let mut slow = pin!(slow.unordered());
    /// // The calls take one second, and it is the one in which something else is done.
    /// slow.as_mut().beside(rt.sleep(second)).await;
    /// assert_eq!(slow.count().await, 4);
    /// assert_eq!(rt.now(), Instant::ZERO + second);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub async fn beside<B: Future>(mut self: Pin<&mut Self>, body: B) -> B::Output {
        let mut body = pin!(body);
        poll_fn(|cx| {
            let polled = body.as_mut().poll(cx);
            if polled.is_pending() {
                self.as_mut().advance(cx, |_| false);
            }
            polled
        })
        .await
    }

    /// Begins what there is room for and polls what was woken, until `is_enough`; whether nothing
    /// is left to do.
    fn advance(mut self: Pin<&mut Self>, cx: &mut Context<'_>, is_enough: fn(&O) -> bool) -> bool {
        if *self.as_mut().project().unlooked >= UNLOOKED {
            self.as_mut().look(cx, is_enough);
        }
        loop {
            while !is_enough(&self.order) && self.as_mut().begin_next(cx) {}
            if is_enough(&self.order) {
                let unlooked = self.project().unlooked;
                *unlooked = unlooked.saturating_add(1);
                return false;
            }
            // What has finished makes room.
            if !self.as_mut().look(cx, is_enough) {
                return self.source.is_terminated() && self.in_flight.len() == 0;
            }
        }
    }

    /// Begins an item that there is room for; whether there was one.
    fn begin_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> bool {
        let this = self.project();
        let (order, f) = (this.order, this.f);
        let in_flight = this.in_flight.len();
        // One that waited has been let in, but not to run beside so many.
        let waited = (in_flight + order.held().0 < *this.limit).then(|| order.begin_waiting());
        let (index, ticket, begun) = match waited.flatten() {
            Some(Begin { ticket, index, item }) => {
                (index, Some(ticket), contain(|| Some(f.clone().call(item))))
            }
            None if !order.has_room(in_flight, *this.limit) => return false,
            None => {
                let Poll::Ready(Some(item)) = this.source.poll_next(cx) else { return false };
                let (index, mut ticket) = (*this.count, None);
                *this.count += 1;
                // The key, the captures' clones and the call itself are foreign.
                let begun = contain(|| {
                    let Begin { ticket: taken, item, .. } = order.take_in(index, item)?;
                    ticket = Some(taken);
                    Some(f.clone().call(item))
                });
                (index, ticket, begun)
            }
        };
        match begun {
            Ok(None) => {}
            Ok(Some(future)) => {
                let call = Call { index, ticket: ticket.unwrap_or(index), future: Some(future) };
                if let Poll::Ready((ticket, result)) = this.in_flight.start(call) {
                    order.settle(Some(ticket), result);
                }
            }
            Err(panic) => order.settle(ticket, Err(CallPanicked::new(index, panic))),
        }
        true
    }

    /// Takes in the results of calls that were woken, until it is enough; whether there was one.
    fn look(self: Pin<&mut Self>, cx: &mut Context<'_>, is_enough: fn(&O) -> bool) -> bool {
        let this = self.project();
        *this.unlooked = 0;
        let mut any = false;
        while !is_enough(this.order)
            && let Poll::Ready(Some((ticket, result))) = this.in_flight.poll_next(cx)
        {
            this.order.settle(Some(ticket), result);
            any = true;
        }
        any
    }
}

impl<S, F, O> Stream for MapAsync<S, F, O>
where
    S: Stream,
    F: Callback<S::Item>,
    O: Order<S::Item, Called<S, F>>,
{
    type Item = Called<S, F>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let is_done = if self.order.is_ready() {
            // One out, one in: those that are worked on don't become fewer.
            self.as_mut().begin_next(cx);
            false
        } else {
            self.as_mut().advance(cx, O::is_ready)
        };
        match self.project().order.pop() {
            None if !is_done => Poll::Pending,
            result => Poll::Ready(result),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let (ready, waiting) = self.order.held();
        let begun = self.in_flight.len() + ready + waiting;
        let (least, most) = self.source.size_hint();
        (least.saturating_add(begun), most.and_then(|most| most.checked_add(begun)))
    }
}

impl<S: Stream, F: Callback<S::Item>, O> fmt::Debug for MapAsync<S, F, O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapAsync")
            .field("limit", &self.limit)
            .field("in_flight", &self.in_flight.len())
            .field("taken", &self.count)
            .finish_non_exhaustive()
    }
}
