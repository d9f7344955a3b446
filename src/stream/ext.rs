use std::hash::Hash;

use futures_util::Stream;
use mtaio_runtime::Runtime;

use super::batch::Batch;
use super::broadcast::Broadcast;
use super::distinct::Distinct;
use super::group_by::GroupBy;
use super::map_async::MapAsync;
use super::progress::{Progress, Reported};
use super::timed::Timed;
use super::window::Windowed;
use crate::callback::Callback;
use crate::config::ConfigError;
use crate::queue::Overflow;

/// What streams lack: windows, batches, groups, copies, many calls at once, and time.
///
/// Its names are neither those of `futures::StreamExt` nor of `tokio_stream::StreamExt`, so all
/// three can be imported together.
pub trait StreamExt: Stream {
    /// Windows of `size` items, each beginning `slide` items after the one before.
    ///
    /// With a `slide` smaller than `size` an item is in several windows, and is cloned for them;
    /// with a larger one, the items between two windows are in none. What becomes of the last items,
    /// when they fill no window, is for you to say:
    /// [`with_tail`](super::Windowed::with_tail) or [`without_tail`](super::Windowed::without_tail).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `size` or `slide` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::{StreamExt as _, stream};
    /// use mtaio::StreamExt;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let delays = || stream::iter([3, 5, 10, 0]);
    /// let means = delays().window(3, 1)?.without_tail().map(|w| w.iter().sum::<i32>() / 3);
    /// assert_eq!(means.collect::<Vec<_>>().await, [6, 5]);
    ///
    /// let threes = delays().window(3, 3)?.with_tail();
    /// assert_eq!(threes.collect::<Vec<_>>().await, [vec![3, 5, 10], vec![0]]);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    fn window(self, size: usize, slide: usize) -> Result<Windowed<Self>, ConfigError>
    where
        Self: Sized,
        Self::Item: Clone,
    {
        Windowed::new(self, size, slide)
    }

    /// Batches of `size` items; the last may be smaller.
    ///
    /// (This is `chunks` of the crate futures, which panics where this refuses, and takes the memory
    /// for a batch of any size before its items are there.)
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `size` is 0.
    fn batch(self, size: usize) -> Result<Batch<Self>, ConfigError>
    where
        Self: Sized,
    {
        Batch::new(self, size)
    }

    /// Drops an item that equals one of the last `memory` items that it let through: with 1, those
    /// that repeat the one before.
    ///
    /// What it remembers is bounded, so an item that comes again after `memory` others is let
    /// through again.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `memory` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::{StreamExt as _, stream};
    /// use mtaio::StreamExt;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let items = || stream::iter([1, 1, 2, 1, 3, 1]);
    /// assert_eq!(items().distinct(1)?.collect::<Vec<_>>().await, [1, 2, 1, 3, 1]);
    /// assert_eq!(items().distinct(100)?.collect::<Vec<_>>().await, [1, 2, 3]);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    #[expect(clippy::type_complexity, reason = "the function's type can be named, but not short")]
    fn distinct(
        self,
        memory: usize,
    ) -> Result<Distinct<Self, Self::Item, fn(&Self::Item) -> Self::Item>, ConfigError>
    where
        Self: Sized,
        Self::Item: Hash + Eq + Clone,
    {
        Distinct::new(self, memory, Self::Item::clone)
    }

    /// As [`distinct`](Self::distinct), by a key of each item.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `memory` is 0.
    fn distinct_by<K, F>(self, memory: usize, key: F) -> Result<Distinct<Self, K, F>, ConfigError>
    where
        Self: Sized,
        K: Hash + Eq + Clone,
        F: FnMut(&Self::Item) -> K,
    {
        Distinct::new(self, memory, key)
    }

    /// A stream for each key, of the items that have it: a [`Group`](super::Group), which comes with
    /// the first of them.
    ///
    /// The groups are to be read beside each other, in tasks say: when one of them has `capacity`
    /// items waiting the source is not read until it takes one. It is the stream of groups that
    /// reads the source, so poll it to its end.
    ///
    /// A group ends with the source, and there are as many as keys that somebody holds a group of:
    /// drop those that are done. A key that comes again then has a new one.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `capacity` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::{StreamExt as _, stream};
    /// use mtaio::{RuntimeExt, StreamExt};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let flights = stream::iter([("JFK", 3), ("LGA", 8), ("JFK", 20), ("EWR", 0), ("JFK", 1)]);
    /// let mut airports = flights.group_by(|(airport, _)| *airport, 16)?;
    /// let mut sums = Vec::new();
    /// while let Some(airport) = airports.next().await {
    ///     sums.push(rt.spawn(async move {
    ///         let name = *airport.key();
    ///         (name, airport.fold(0, async |sum, (_, delay)| sum + delay).await)
    ///     }));
    /// }
    /// assert_eq!(sums.remove(0).await.unwrap(), ("JFK", 24));
    /// assert_eq!(sums.len(), 2);
    /// # for sum in sums { sum.await.unwrap(); }
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    fn group_by<K, F>(self, key: F, capacity: usize) -> Result<GroupBy<Self, K, F>, ConfigError>
    where
        Self: Sized,
        K: Hash + Eq + Clone,
        F: FnMut(&Self::Item) -> K,
    {
        GroupBy::new(self, key, capacity)
    }

    /// So many streams, each of which gets every item, at a pace of its own as far as `overflow`
    /// has room; then it says whether the source waits for the slowest or what is dropped.
    ///
    /// With [`Overflow::Block`] nothing is lost: then read them all, or drop those that you don't
    /// read. What was dropped otherwise is counted, for each in its
    /// [`stats`](super::Broadcast::stats).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `copies` is 0, if the capacity in `overflow` is, or for
    /// [`Overflow::Error`].
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::{StreamExt as _, future, stream};
    /// use mtaio::StreamExt;
    /// use mtaio::queue::Overflow;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let mut copies = stream::iter(1..=100).broadcast(2, Overflow::Block(16))?;
    /// let (for_sum, for_most) = (copies.remove(1), copies.remove(0));
    /// let sum = for_sum.fold(0, async |sum, n| sum + n);
    /// let most = for_most.fold(0, async |most, n| n.max(most));
    /// assert_eq!(future::join(sum, most).await, (5050, 100));
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    fn broadcast(
        self,
        copies: usize,
        overflow: Overflow,
    ) -> Result<Vec<Broadcast<Self>>, ConfigError>
    where
        Self: Sized,
        Self::Item: Clone + Send + 'static,
    {
        Broadcast::all(self, copies, overflow)
    }

    /// Calls an async function with each item, up to `limit` at once. The results come in the order
    /// of the items, unless it is made [`unordered`](MapAsync::unordered) or
    /// [`by_key`](MapAsync::by_key).
    ///
    /// Work through them with [`for_each`](MapAsync::for_each), which lets the calls go on while its
    /// body runs. A call that panics is that item's error, and costs the others nothing.
    ///
    /// The calls are polled in place, in the task that polls the stream: for work that is to use
    /// several cores, spawn inside of the function.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::{StreamExt as _, stream};
    /// use mtaio::StreamExt;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let halves = stream::iter([8, 6, 0, 4]).map_async(2, async |n: u32| 24 / n)?;
    /// let halves: Vec<_> = halves.collect().await;
    /// assert_eq!(halves[3].as_ref().unwrap(), &6);
    /// let panicked = halves[2].as_ref().unwrap_err();
    /// assert_eq!(panicked.to_string(), "the call for item 2 panicked: attempt to divide by zero");
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    fn map_async<F>(self, limit: usize, f: F) -> Result<MapAsync<Self, F>, ConfigError>
    where
        Self: Sized,
        F: Callback<Self::Item>,
    {
        MapAsync::new(self, limit, f)
    }

    /// Reports how far the stream is: after every so many items, and at its end.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `every` is 0.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::{StreamExt as _, stream};
    /// use mtaio::StreamExt;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let mut shown = Vec::new();
    /// let rows = stream::iter(0..500).progress(200, |progress| {
    ///     shown.push(progress.fraction().map(|part| format!("{:.0}%", 100.0 * part)));
    /// })?;
    /// assert_eq!(rows.count().await, 500);
    /// assert_eq!(shown, ["40%", "80%", "100%"].map(|text| Some(text.to_owned())));
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    fn progress<F>(self, every: u64, report: F) -> Result<Reported<Self, F>, ConfigError>
    where
        Self: Sized,
        F: FnMut(Progress),
    {
        Reported::new(self, every, report)
    }

    /// What needs a clock: batches and windows by time, debounce, throttle, sample, timeouts.
    fn timed<R: Runtime>(self, rt: &R) -> Timed<Self, R>
    where
        Self: Sized,
    {
        Timed::new(self, rt)
    }
}

impl<S: Stream + ?Sized> StreamExt for S {}
