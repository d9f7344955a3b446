use std::fmt;
use std::future::{Future, IntoFuture, ready};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use futures_util::Stream;
use mtaio_runtime::{DynRuntime, Panic, Runtime};

use super::arity::{Arity, Many, Maybe, One};
use super::door::Holder;
use super::driver::Outlet;
use super::error::PipelineError;
use super::link::{EachLink, Link};
use super::pipeline::Pipeline;
use super::report::RunReport;
use super::run::Limits;
use crate::executor::CancellationToken;

/// A [`Pipeline`] behind a type that names none of its stages: for the field of a struct.
///
/// It costs an allocation a run, and one an item that is processed alone. Its clones share the
/// stages.
///
/// # Examples
///
/// ```
/// use mtaio::pipeline::{BoxPipeline, pipeline};
/// use mtaio::{ConfigError, Runtime};
///
/// struct Importer {
///     rows: BoxPipeline<String, u32, String>,
/// }
///
/// impl Importer {
///     fn new() -> Result<Self, ConfigError> {
///         let rows = pipeline::<String>()
///             .then(async |row: String| row.parse::<u32>().map_err(|error| error.to_string()))
///             .build()?;
///         Ok(Self { rows: rows.boxed() })
///     }
/// }
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let importer = Importer::new()?;
/// let rows = importer.rows.open(&rt).await.unwrap();
/// assert_eq!(rows.process("42".to_owned()).await.unwrap(), 42);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[must_use = "a pipeline does nothing until it is run or opened"]
pub struct BoxPipeline<In, Out, E, A: Arity = One> {
    inner: Arc<A::Erased<In, Out, E>>,
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;
type OpenedBox<In, Out, E> = Box<dyn ErasedOpened<In, Out, E>>;
type BoxStream<'a, T> = Pin<Box<dyn Stream<Item = T> + Send + 'a>>;
type Body<'a, T> = Box<dyn FnMut(T) -> BoxFuture<'a, ()> + Send + 'a>;

/// A body, and its call for the item that it has.
struct Bodied<'a, T> {
    body: Body<'a, T>,
    call: Option<BoxFuture<'a, ()>>,
}

impl<T> Outlet<T> for Bodied<'_, T> {
    fn take(&mut self, item: T) {
        self.call = Some((self.body)(item));
    }

    fn poll_done(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Panic>> {
        if let Some(call) = &mut self.call {
            ready!(call.as_mut().poll(cx));
            self.call = None;
        }
        Poll::Ready(Ok(()))
    }
}

/// The object-safe mirror of a pipeline.
pub trait Erased<In, Out, E>: Send + Sync {
    #[doc(hidden)]
    fn run_erased<'a>(
        &'a self,
        rt: &'a DynRuntime,
        source: BoxStream<'a, In>,
        limits: Limits,
        body: Body<'a, Out>,
    ) -> BoxFuture<'a, RunReport<E>>;
}

/// That of one that makes at most one item of each.
pub trait ErasedEach<In, Out, E>: Erased<In, Out, E> {
    #[doc(hidden)]
    fn open_erased<'a>(
        &'a self,
        rt: DynRuntime,
    ) -> BoxFuture<'a, Result<OpenedBox<In, Out, E>, PipelineError<E>>>;
}

/// That of an open one.
pub trait ErasedOpened<In, Out, E>: Send + Sync {
    #[doc(hidden)]
    fn process_erased(&self, item: In) -> BoxFuture<'_, Result<Option<Out>, PipelineError<E>>>;

    #[doc(hidden)]
    fn close_erased(self: Box<Self>) -> BoxFuture<'static, Vec<PipelineError<E>>>;
}

impl<In, Out, E, C, A> Erased<In, Out, E> for Pipeline<In, Out, E, C, A>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    C: Link<In, E, Out = Out> + 'static,
    A: 'static,
{
    fn run_erased<'a>(
        &'a self,
        rt: &'a DynRuntime,
        source: BoxStream<'a, In>,
        limits: Limits,
        body: Body<'a, Out>,
    ) -> BoxFuture<'a, RunReport<E>> {
        self.run(rt, source).limits(limits).run_into(Bodied { body, call: None })
    }
}

impl<In, Out, E, C, A> ErasedEach<In, Out, E> for Pipeline<In, Out, E, C, A>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    C: EachLink<In, E, Out = Out> + 'static,
    A: 'static,
{
    fn open_erased<'a>(
        &'a self,
        rt: DynRuntime,
    ) -> BoxFuture<'a, Result<OpenedBox<In, Out, E>, PipelineError<E>>> {
        Box::pin(async move {
            let holder = Holder::enter(Arc::clone(self.door()), rt).await?;
            let opened: Box<dyn ErasedOpened<In, Out, E>> = Box::new(holder);
            Ok(opened)
        })
    }
}

impl<In, Out, E, C> ErasedOpened<In, Out, E> for Holder<In, E, C, DynRuntime>
where
    In: Send + 'static,
    E: Send + 'static,
    C: EachLink<In, E, Out = Out> + 'static,
{
    fn process_erased(&self, item: In) -> BoxFuture<'_, Result<Option<Out>, PipelineError<E>>> {
        Box::pin(self.link().process(item))
    }

    fn close_erased(self: Box<Self>) -> BoxFuture<'static, Vec<PipelineError<E>>> {
        Box::pin((*self).leave())
    }
}

/// Pipelines behind one type. See [`BoxPipeline`].
impl<In, Out, E, C> Pipeline<In, Out, E, C, One>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    C: EachLink<In, E, Out = Out> + 'static,
{
    /// The same behind a type that names no stage: for a field.
    pub fn boxed(self) -> BoxPipeline<In, Out, E, One> {
        BoxPipeline { inner: Arc::new(self) }
    }
}

impl<In, Out, E, C> Pipeline<In, Out, E, C, Maybe>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    C: EachLink<In, E, Out = Out> + 'static,
{
    /// The same behind a type that names no stage: for a field.
    pub fn boxed(self) -> BoxPipeline<In, Out, E, Maybe> {
        BoxPipeline { inner: Arc::new(self) }
    }
}

impl<In, Out, E, C> Pipeline<In, Out, E, C, Many>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    C: Link<In, E, Out = Out> + 'static,
{
    /// The same behind a type that names no stage: for a field.
    pub fn boxed(self) -> BoxPipeline<In, Out, E, Many> {
        BoxPipeline { inner: Arc::new(self) }
    }
}

impl<In, Out, E, A> BoxPipeline<In, Out, E, A>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    A: Arity,
{
    /// Takes the items of `source` through the stages; see [`Pipeline::run`].
    pub fn run<'a, R, S>(&'a self, rt: &R, source: S) -> BoxRun<'a, In, Out, E, A>
    where
        R: Runtime,
        S: Stream<Item = In> + Send + 'a,
    {
        let (rt, source) = (DynRuntime::new(rt), Box::pin(source));
        BoxRun { pipeline: self, rt, source, limits: Limits::default() }
    }
}

impl<In: 'static, Out: 'static, E: 'static> BoxPipeline<In, Out, E, One> {
    /// Sets the stages up and gives a guard; see [`Pipeline::open`].
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if a stage can't be set up.
    ///
    /// # Cancel safety
    ///
    /// As of [`Pipeline::open`].
    pub async fn open<R: Runtime>(
        &self,
        rt: &R,
    ) -> Result<BoxOpened<In, Out, E, One>, PipelineError<E>> {
        let inner = self.inner.open_erased(DynRuntime::new(rt)).await?;
        Ok(BoxOpened { inner, arity: PhantomData })
    }
}

impl<In: 'static, Out: 'static, E: 'static> BoxPipeline<In, Out, E, Maybe> {
    /// Sets the stages up and gives a guard; see [`Pipeline::open`].
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if a stage can't be set up.
    ///
    /// # Cancel safety
    ///
    /// As of [`Pipeline::open`].
    pub async fn open<R: Runtime>(
        &self,
        rt: &R,
    ) -> Result<BoxOpened<In, Out, E, Maybe>, PipelineError<E>> {
        let inner = self.inner.open_erased(DynRuntime::new(rt)).await?;
        Ok(BoxOpened { inner, arity: PhantomData })
    }
}

/// A [`BoxPipeline`] whose stages are set up. See [`Opened`](super::Opened).
#[must_use = "the pipeline is closed when this is dropped"]
pub struct BoxOpened<In, Out, E, A = One> {
    inner: Box<dyn ErasedOpened<In, Out, E>>,
    arity: PhantomData<fn() -> A>,
}

impl<In, Out, E, A> BoxOpened<In, Out, E, A> {
    /// Leaves, and if that was the last guard, waits until the stages are closed.
    ///
    /// # Errors
    ///
    /// The first of those with which a stage did not close.
    ///
    /// # Cancel safety
    ///
    /// The stages are closed all the same.
    pub async fn close(self) -> Result<(), PipelineError<E>> {
        let mut errors = self.inner.close_erased().await;
        if errors.is_empty() { Ok(()) } else { Err(errors.swap_remove(0)) }
    }
}

impl<In, Out, E> BoxOpened<In, Out, E, One> {
    /// Takes an item through the stages.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] of the stage that fails or panics.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the item with the stage that works on it.
    #[expect(clippy::missing_panics_doc, reason = "it does not: its type says that it makes one")]
    pub async fn process(&self, item: In) -> Result<Out, PipelineError<E>> {
        let processed = self.inner.process_erased(item).await?;
        #[expect(clippy::expect_used, reason = "what may make none is a `Maybe`")]
        Ok(processed.expect("stages of one in, one out make one"))
    }

    /// Takes items through the stages, one after the other, until one fails.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] of the first item that fails; the results before it are dropped.
    ///
    /// # Cancel safety
    ///
    /// As of [`process`](Self::process); what comes after is not taken.
    pub async fn process_many<I>(&self, items: I) -> Result<Vec<Out>, PipelineError<E>>
    where
        I: IntoIterator<Item = In>,
    {
        let mut processed = Vec::new();
        for item in items {
            processed.push(self.process(item).await?);
        }
        Ok(processed)
    }
}

impl<In, Out, E> BoxOpened<In, Out, E, Maybe> {
    /// Takes an item through the stages; `None` if it was filtered out or skipped.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] of the stage that fails or panics.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the item with the stage that works on it.
    pub async fn process(&self, item: In) -> Result<Option<Out>, PipelineError<E>> {
        self.inner.process_erased(item).await
    }

    /// Takes items through the stages, one after the other, until one fails; those that are filtered
    /// out or skipped are left out.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] of the first item that fails; the results before it are dropped.
    ///
    /// # Cancel safety
    ///
    /// As of [`process`](Self::process); what comes after is not taken.
    pub async fn process_many<I>(&self, items: I) -> Result<Vec<Out>, PipelineError<E>>
    where
        I: IntoIterator<Item = In>,
    {
        let mut processed = Vec::new();
        for item in items {
            processed.extend(self.process(item).await?);
        }
        Ok(processed)
    }
}

/// A run of a [`BoxPipeline`] that is about to begin. See [`Run`](super::Run).
#[must_use = "nothing runs before it is awaited"]
pub struct BoxRun<'a, In, Out, E, A: Arity> {
    pipeline: &'a BoxPipeline<In, Out, E, A>,
    rt: DynRuntime,
    source: BoxStream<'a, In>,
    limits: Limits,
}

impl<'a, In, Out, E, A> BoxRun<'a, In, Out, E, A>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    A: Arity,
{
    /// See [`Run::until`](super::Run::until).
    pub fn until(mut self, token: &CancellationToken) -> Self {
        self.limits.token = Some(token.clone());
        self
    }

    /// See [`Run::within`](super::Run::within).
    pub const fn within(mut self, time: Duration) -> Self {
        self.limits.within = Some(time);
        self
    }

    /// See [`Run::drain_within`](super::Run::drain_within).
    pub const fn drain_within(mut self, time: Duration) -> Self {
        self.limits.drain = Some(time);
        self
    }

    /// Runs it, and `body` with each item that comes out, one after the other.
    ///
    /// # Panics
    ///
    /// If the source does; a panic of the body is the report's [`error`](RunReport::error).
    ///
    /// # Cancel safety
    ///
    /// That of [`Run::for_each`](super::Run::for_each).
    pub async fn for_each<B, Fut>(self, mut body: B) -> RunReport<E>
    where
        B: FnMut(Out) -> Fut + Send,
        Fut: Future<Output = ()> + Send,
    {
        let Self { pipeline, rt, source, limits } = self;
        let body: Body<'_, Out> = Box::new(move |out| Box::pin(body(out)));
        pipeline.inner.run_erased(&rt, source, limits, body).await
    }

    /// Runs it, and collects what comes out: all of it is kept in memory.
    ///
    /// # Panics
    ///
    /// If the source does.
    ///
    /// # Cancel safety
    ///
    /// That of [`Run::collect`](super::Run::collect).
    pub async fn collect(self) -> (Vec<Out>, RunReport<E>) {
        let collected = Mutex::new(Vec::new());
        let report = self
            .for_each(|out| {
                collected.lock().unwrap_or_else(PoisonError::into_inner).push(out);
                ready(())
            })
            .await;
        (collected.into_inner().unwrap_or_else(PoisonError::into_inner), report)
    }
}

impl<'a, In, Out, E, A> IntoFuture for BoxRun<'a, In, Out, E, A>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    A: Arity,
{
    type Output = RunReport<E>;
    type IntoFuture = BoxFuture<'a, RunReport<E>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.for_each(|out| {
            drop(out);
            ready(())
        }))
    }
}

impl<In, Out, E, A: Arity> Clone for BoxPipeline<In, Out, E, A> {
    fn clone(&self) -> Self {
        Self { inner: Arc::clone(&self.inner) }
    }
}

impl<In, Out, E, A: Arity> fmt::Debug for BoxPipeline<In, Out, E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxPipeline").finish_non_exhaustive()
    }
}

impl<In, Out, E, A> fmt::Debug for BoxOpened<In, Out, E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxOpened").finish_non_exhaustive()
    }
}

impl<In, Out, E, A: Arity> fmt::Debug for BoxRun<'_, In, Out, E, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxRun").finish_non_exhaustive()
    }
}
