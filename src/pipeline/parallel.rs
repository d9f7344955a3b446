use std::fmt;
use std::future::Future;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll};

use futures_util::Stream;
use mtaio_runtime::Runtime;
use pin_project_lite::pin_project;

use super::course::Course;
use super::error::{Fault, PipelineError};
use super::flow::{Direct, Flow};
use super::ledger::Tracked;
use super::link::{EachLink, Link};
use super::on_error::OnError;
use super::stage::Stage;
use super::worker::Worker;
use crate::callback::Callback;
use crate::config::ConfigError;
use crate::stream::{CallPanicked, Called, MapAsync, MapOrder, StreamExt};

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

/// A stage that works on many items at once.
#[derive(Clone)]
pub struct ParallelWorker<S, O, P> {
    pub(super) worker: Worker<S, P>,
    pub(super) parallel: Parallel<O>,
}

/// The order of a [`Parallel`]; its constructors make them, and nobody else can.
pub trait Order<In>: Send + Sync {
    /// Has `call` made for each item of `source`, at most `limit` at once.
    #[doc(hidden)]
    fn map<'a, S, F, Fut, T>(
        &'a self,
        source: S,
        limit: usize,
        call: F,
    ) -> impl Flow<Item = Result<Option<T>, CallPanicked>> + Send
    where
        S: Flow<Item = Tracked<'a, In>> + Send,
        F: FnOnce(Tracked<'a, In>) -> Fut + Clone + Send,
        Fut: Future<Output = Option<T>> + Send,
        T: Send,
        In: Send + 'a;
}

#[expect(clippy::expect_used, reason = "zero is refused when the pipeline is built")]
fn many<S: Flow, F: Callback<S::Item>>(source: S, limit: usize, call: F) -> MapAsync<S, F> {
    source.map_async(limit, call).expect("the limit is more than zero")
}

impl<In> Order<In> for Ordered {
    fn map<'a, S, F, Fut, T>(
        &'a self,
        source: S,
        limit: usize,
        call: F,
    ) -> impl Flow<Item = Result<Option<T>, CallPanicked>> + Send
    where
        S: Flow<Item = Tracked<'a, In>> + Send,
        F: FnOnce(Tracked<'a, In>) -> Fut + Clone + Send,
        Fut: Future<Output = Option<T>> + Send,
        T: Send,
        In: Send + 'a,
    {
        Calls { calls: many(source, limit, call) }
    }
}

impl<In> Order<In> for Unordered {
    fn map<'a, S, F, Fut, T>(
        &'a self,
        source: S,
        limit: usize,
        call: F,
    ) -> impl Flow<Item = Result<Option<T>, CallPanicked>> + Send
    where
        S: Flow<Item = Tracked<'a, In>> + Send,
        F: FnOnce(Tracked<'a, In>) -> Fut + Clone + Send,
        Fut: Future<Output = Option<T>> + Send,
        T: Send,
        In: Send + 'a,
    {
        Calls { calls: many(source, limit, call).unordered() }
    }
}

impl<In, K, KeyOf> Order<In> for ByKey<KeyOf>
where
    KeyOf: Fn(&In) -> K + Send + Sync,
    K: Hash + Eq + Clone + Send,
{
    fn map<'a, S, F, Fut, T>(
        &'a self,
        source: S,
        limit: usize,
        call: F,
    ) -> impl Flow<Item = Result<Option<T>, CallPanicked>> + Send
    where
        S: Flow<Item = Tracked<'a, In>> + Send,
        F: FnOnce(Tracked<'a, In>) -> Fut + Clone + Send,
        Fut: Future<Output = Option<T>> + Send,
        T: Send,
        In: Send + 'a,
    {
        let key = &self.0;
        let key = move |tracked: &Tracked<'a, In>| key(&tracked.value);
        Calls { calls: many(source, limit, call).by_key(key) }
    }
}

pin_project! {
    /// Many calls at once, and a source that goes on meanwhile.
    struct Calls<M> {
        #[pin]
        calls: M,
    }
}

impl<S, F, O> Stream for Calls<MapAsync<S, F, O>>
where
    S: Flow,
    F: Callback<S::Item>,
    O: MapOrder<S::Item, Called<S, F>>,
{
    type Item = <MapAsync<S, F, O> as Stream>::Item;

    #[inline]
    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut calls = self.project().calls;
        let polled = calls.as_mut().poll_next(cx);
        if polled.is_pending() {
            // With as many calls as there may be, it takes nothing and would not poll its source.
            calls.source().poll_progress(cx);
        }
        polled
    }
}

impl<S, F, O> Flow for Calls<MapAsync<S, F, O>>
where
    S: Flow,
    F: Callback<S::Item>,
    O: MapOrder<S::Item, Called<S, F>>,
{
    fn poll_progress(self: Pin<&mut Self>, cx: &mut Context<'_>) {
        self.project().calls.poll_progress(cx).poll_progress(cx);
    }
}

impl<In, E, S, O, P> Link<In, E> for ParallelWorker<S, O, P>
where
    In: Send,
    E: Send,
    S: Stage<In, Err: Into<E>>,
    O: Order<In>,
    P: OnError<In, S::Err>,
{
    type Out = S::Out;

    fn flow<'a, R, Source>(
        &'a self,
        course: &'a Course<E, R>,
        source: Source,
    ) -> impl Flow<Item = Tracked<'a, S::Out>> + Send
    where
        R: Runtime,
        Source: Flow<Item = Tracked<'a, In>> + Send,
        In: 'a,
        E: 'a,
    {
        let Self { worker, parallel } = self;
        let call = move |tracked: Tracked<'a, In>| worker.work_on(course, tracked);
        let called = parallel.order.map(source, parallel.limit, call);
        Direct::new(called, move |called: Result<Option<Tracked<'a, S::Out>>, CallPanicked>| {
            called.unwrap_or_else(|panicked| {
                // The key's function panicked: the stage's own panics are settled by now.
                course.stages[worker.index].errors.add(1);
                let fault = Fault::<S::Err>::Panic(panicked.into_panic());
                course.fail(fault.of(worker.stage.name()));
                None
            })
        })
    }

    async fn setup(&self) -> Result<(), PipelineError<E>> {
        self.worker.set_up().await
    }

    async fn close(&self, errors: &mut Vec<PipelineError<E>>) {
        self.worker.shut(errors).await;
    }

    fn names(&self, names: &mut Vec<String>) {
        names.push(self.worker.stage.name().to_owned());
    }
}

/// Alone, an item is worked on as by any stage.
impl<In, E, S, O, P> EachLink<In, E> for ParallelWorker<S, O, P>
where
    In: Send,
    E: Send,
    S: Stage<In, Err: Into<E>>,
    O: Order<In>,
    P: OnError<In, S::Err>,
{
    async fn process(&self, item: In) -> Result<Option<S::Out>, PipelineError<E>> {
        self.worker.process(item).await
    }
}

impl<S, O: fmt::Debug, P: fmt::Debug> fmt::Debug for ParallelWorker<S, O, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ParallelWorker")
            .field("worker", &self.worker)
            .field("parallel", &self.parallel)
            .finish()
    }
}
