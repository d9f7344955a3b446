use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use mtaio_runtime::{Panic, Runtime};
use pin_project_lite::pin_project;

use super::error::Fault;
use super::flow::{Flow, Work};
use super::ledger::Tracked;
use super::on_error::OnError;
use super::stage::Stage;
use super::work::Station;
use super::worker::Pace;
use crate::callback::Callback;
use crate::config::ConfigError;
use crate::contain::contain;
use crate::stream::{Called, MapAsync, MapOrder, StreamExt};

/// How many items a stage works on at once, and in which order they go on.
///
/// # Examples
///
/// ```
/// use futures::stream;
/// use mtaio::pipeline::{Parallel, pipeline};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let doubled = pipeline::<String>()
///     .map_async(Parallel::ordered(8), async |n: u32| Ok::<_, String>(2 * n))
///     .build()?;
/// let (doubled, _) = doubled.run(&rt, stream::iter([1, 2, 3])).collect().await;
/// assert_eq!(doubled, [2, 4, 6]);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug)]
#[must_use = "it is for `map_async`"]
pub struct Parallel<O> {
    pub(super) limit: usize,
    pub(super) order: O,
}

/// Items go on in the order in which they came.
#[derive(Clone, Copy, Debug)]
pub struct Ordered;

/// Items go on as they are done.
#[derive(Clone, Copy, Debug)]
pub struct Unordered;

/// Items of one key are worked on one after the other, and go on so; others as they are done.
#[derive(Clone, Copy, Debug)]
pub struct ByKey<K>(pub(super) K);

impl Parallel<Ordered> {
    /// At most `limit` at once, which go on in their order.
    pub const fn ordered(limit: usize) -> Self {
        Self { limit, order: Ordered }
    }
}

impl Parallel<Unordered> {
    /// At most `limit` at once, which go on as they are done.
    pub const fn unordered(limit: usize) -> Self {
        Self { limit, order: Unordered }
    }
}

impl<K> Parallel<ByKey<K>> {
    /// At most `limit` at once, and of one key one at a time; those of one key keep their order.
    pub const fn by_key(limit: usize, key: K) -> Self {
        Self { limit, order: ByKey(key) }
    }
}

impl<O> Parallel<O> {
    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.limit == 0 {
            return Err(ConfigError::new("limit", "0", "1 or more"));
        }
        Ok(())
    }
}

/// The order of a [`Parallel`]; its constructors make them, and nobody else can.
pub trait Order<In>: Send + Sync {
    /// Sees to it that results of `calls` come in this order.
    #[doc(hidden)]
    fn sort<'a, S, F, Fut>(
        &'a self,
        calls: MapAsync<S, F>,
    ) -> MapAsync<S, F, impl MapOrder<Tracked<'a, In>, Called<S, F>> + Send>
    where
        In: Send + 'a,
        S: Stream<Item = Tracked<'a, In>> + Send,
        F: FnOnce(Tracked<'a, In>) -> Fut + Clone,
        Fut: Future<Output: Send>;
}

impl<In> Order<In> for Ordered {
    fn sort<'a, S, F, Fut>(
        &'a self,
        calls: MapAsync<S, F>,
    ) -> MapAsync<S, F, impl MapOrder<Tracked<'a, In>, Called<S, F>> + Send>
    where
        In: Send + 'a,
        S: Stream<Item = Tracked<'a, In>> + Send,
        F: FnOnce(Tracked<'a, In>) -> Fut + Clone,
        Fut: Future<Output: Send>,
    {
        calls
    }
}

impl<In> Order<In> for Unordered {
    fn sort<'a, S, F, Fut>(
        &'a self,
        calls: MapAsync<S, F>,
    ) -> MapAsync<S, F, impl MapOrder<Tracked<'a, In>, Called<S, F>> + Send>
    where
        In: Send + 'a,
        S: Stream<Item = Tracked<'a, In>> + Send,
        F: FnOnce(Tracked<'a, In>) -> Fut + Clone,
        Fut: Future<Output: Send>,
    {
        calls.unordered()
    }
}

impl<In, K, KeyOf> Order<In> for ByKey<KeyOf>
where
    KeyOf: Fn(&In) -> K + Send + Sync,
    K: Hash + Eq + Clone + Send,
{
    fn sort<'a, S, F, Fut>(
        &'a self,
        calls: MapAsync<S, F>,
    ) -> MapAsync<S, F, impl MapOrder<Tracked<'a, In>, Called<S, F>> + Send>
    where
        In: Send + 'a,
        S: Stream<Item = Tracked<'a, In>> + Send,
        F: FnOnce(Tracked<'a, In>) -> Fut + Clone,
        Fut: Future<Output: Send>,
    {
        let key = &self.0;
        calls.by_key(move |tracked: &Tracked<'a, In>| key(&tracked.value))
    }
}

impl<In, O: Order<In>> Pace<In> for Parallel<O> {
    fn flow<'a, S, P, E, R, Source>(
        &'a self,
        station: Station<'a, S, P, E, R>,
        source: Source,
    ) -> impl Flow<Item = Tracked<'a, S::Out>> + Send
    where
        In: Send + 'a,
        E: Send + 'a,
        R: Runtime,
        S: Stage<In, Err: Into<E>>,
        P: OnError<In, S::Err>,
        Source: Flow<Item = Tracked<'a, In>> + Send,
    {
        let call =
            move |tracked| InFlight { item: Some(tracked), work: station.work(station.counts) };
        #[expect(clippy::expect_used, reason = "zero is refused when the pipeline is built")]
        let calls = source.map_async(self.limit, call).expect("the limit is more than zero");
        Many { calls: self.order.sort(calls), station }
    }
}

pin_project! {
    /// One of many items that are worked on at once.
    struct InFlight<'a, In, W> {
        item: Option<Tracked<'a, In>>,
        #[pin]
        work: W,
    }
}

impl<'a, In, W: Work<'a, In>> InFlight<'a, In, W> {
    #[inline]
    fn poll_through(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, W::Out>>> {
        let this = self.project();
        match this.item.take() {
            Some(tracked) => this.work.begin(tracked, cx),
            None => this.work.poll_through(cx),
        }
    }
}

impl<'a, In, W: Work<'a, In>> Future for InFlight<'a, In, W> {
    type Output = Option<Tracked<'a, W::Out>>;

    #[inline]
    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        loop {
            // Here, where it is known whose panic it is.
            let panic = match contain(|| self.as_mut().poll_through(cx)) {
                Ok(polled) => return polled,
                Err(panic) => panic,
            };
            if let Err(panic) = self.as_mut().project().work.recover(panic) {
                panic.resume();
            }
        }
    }
}

pin_project! {
    /// Many items that are worked on at once, and a source that goes on meanwhile.
    struct Many<'a, M, S, P, E, R> {
        #[pin]
        calls: M,
        station: Station<'a, S, P, E, R>,
    }
}

impl<'a, In, Out, Source, F, O, S, P, E, R> Stream for Many<'a, MapAsync<Source, F, O>, S, P, E, R>
where
    Source: Flow<Item = Tracked<'a, In>>,
    F: Callback<Tracked<'a, In>, Output = Option<Tracked<'a, Out>>>,
    O: MapOrder<Source::Item, Called<Source, F>>,
    R: Runtime,
    S: Stage<In, Err: Into<E>>,
{
    type Item = Tracked<'a, Out>;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            match this.calls.as_mut().poll_next(cx) {
                Poll::Ready(Some(Ok(Some(through)))) => return Poll::Ready(Some(through)),
                // It has ended.
                Poll::Ready(Some(Ok(None))) => {}
                Poll::Ready(Some(Err(panicked))) => {
                    // The key's function panicked: the stage's own panics are settled by now.
                    let Station { stage, counts, course, .. } = *this.station;
                    counts.errors.add(1);
                    let fault = Fault::<S::Err>::Panic(panicked.into_panic());
                    course.fail(fault.of(stage.name()));
                }
                Poll::Ready(None) => return Poll::Ready(None),
                Poll::Pending => {
                    // With as many calls as there may be, it takes nothing and would not poll it.
                    this.calls.source().poll_progress(cx);
                    return Poll::Pending;
                }
            }
        }
    }
}

impl<'a, In, Out, Source, F, O, S, P, E, R> Flow for Many<'a, MapAsync<Source, F, O>, S, P, E, R>
where
    Source: Flow<Item = Tracked<'a, In>>,
    F: Callback<Tracked<'a, In>, Output = Option<Tracked<'a, Out>>>,
    O: MapOrder<Source::Item, Called<Source, F>>,
    R: Runtime,
    S: Stage<In, Err: Into<E>>,
{
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        self.project().calls.poll_progress(cx).poll_progress(cx);
    }

    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        self.project().calls.source().recover(panic)
    }
}
