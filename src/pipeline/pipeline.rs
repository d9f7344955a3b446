use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use futures_util::Stream;
use mtaio_runtime::{DynRuntime, Runtime};

use super::arity::{Maybe, One};
use super::builder::Types;
use super::door::{Door, Holder};
use super::error::PipelineError;
use super::link::{EachLink, Link};
use super::run::Run;

/// Stages behind each other. `In` goes in, `Out` comes out, errors are `E`; `C` are the stages and
/// `A` tells how many come of one.
///
/// It is used in two ways: [`run`](Self::run) takes the items of a stream through it, and
/// [`open`](Self::open) gives a guard that takes single items through, as an event handler wants to.
///
/// It is a handle: its clones share the stages.
#[must_use = "a pipeline does nothing until it is run or opened"]
pub struct Pipeline<In, Out, E, C, A = One> {
    door: Arc<Door<C, E>>,
    stages: usize,
    types: Types<In, Out, E, A>,
}

impl<In, Out, E, C, A> Pipeline<In, Out, E, C, A> {
    pub(super) fn new(link: C, stages: usize) -> Self {
        Self { door: Arc::new(Door::new(link)), stages, types: PhantomData }
    }

    pub(super) const fn door(&self) -> &Arc<Door<C, E>> {
        &self.door
    }

    pub(super) const fn stages(&self) -> usize {
        self.stages
    }

    /// Whether its stages are set up.
    pub fn is_open(&self) -> bool {
        self.door.is_open()
    }
}

impl<In, Out, E, C, A> Pipeline<In, Out, E, C, A>
where
    In: Send + 'static,
    Out: Send,
    E: Send + 'static,
    C: Link<In, E, Out = Out> + 'static,
{
    /// Takes the items of `source` through the stages: what it answers is awaited, after more was
    /// said of how.
    ///
    /// The stages are set up before the first item is taken, and closed after the last one went
    /// through, unless others keep the pipeline open. Give `&mut source` to keep what is not taken.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::stream;
    /// use mtaio::pipeline::pipeline;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let rows = stream::iter(["1", "2", "x", "4"]);
    /// let sum = pipeline::<String>()
    ///     .then(async |row: &'static str| row.parse::<u32>().map_err(|error| error.to_string()))
    ///     .skip()
    ///     .filter(|n| n % 2 == 0)
    ///     .build()?;
    /// let (even, report) = sum.run(&rt, rows).collect().await;
    /// assert_eq!(even, [2, 4]);
    /// assert_eq!((report.taken, report.delivered), (4, 2));
    /// assert_eq!((report.skipped, report.filtered), (1, 1));
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn run<'a, R, S>(&'a self, rt: &'a R, source: S) -> Run<'a, In, Out, E, C, A, R, S>
    where
        R: Runtime,
        S: Stream<Item = In>,
    {
        Run::new(self, rt, source)
    }

    /// Sets the stages up, if they are not, and gives a guard that takes items through them. They
    /// are closed when the last guard is dropped, by a task of `rt`; or by
    /// [`close`](Opened::close), which waits for it.
    ///
    /// Guards that overlap share the setup, so a handler may open it for each event.
    ///
    /// # Errors
    ///
    /// [`PipelineError`] if a stage can't be set up.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future is as leaving again: what was set up is closed when nobody is left.
    pub async fn open<R: Runtime>(
        &self,
        rt: &R,
    ) -> Result<Opened<In, Out, E, C, A>, PipelineError<E>> {
        let holder = Holder::enter(Arc::clone(&self.door), DynRuntime::new(rt)).await?;
        Ok(Opened { pipeline: self.clone(), holder })
    }
}

/// A pipeline whose stages are set up, for single items. See [`Pipeline::open`].
#[must_use = "the pipeline is closed when this is dropped"]
pub struct Opened<In, Out, E, C, A = One>
where
    In: Send + 'static,
    E: Send + 'static,
    C: Link<In, E> + 'static,
{
    pipeline: Pipeline<In, Out, E, C, A>,
    holder: Holder<In, E, C, DynRuntime>,
}

impl<In, Out, E, C, A> Opened<In, Out, E, C, A>
where
    In: Send + 'static,
    E: Send + 'static,
    C: Link<In, E> + 'static,
{
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
        let mut errors = self.holder.leave().await;
        if errors.is_empty() { Ok(()) } else { Err(errors.swap_remove(0)) }
    }
}

impl<In, Out, E, C> Opened<In, Out, E, C, One>
where
    In: Send + 'static,
    E: Send + 'static,
    C: EachLink<In, E, Out = Out> + 'static,
{
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
        let processed = self.pipeline.door.link.process(item).await?;
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

impl<In, Out, E, C> Opened<In, Out, E, C, Maybe>
where
    In: Send + 'static,
    E: Send + 'static,
    C: EachLink<In, E, Out = Out> + 'static,
{
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
        self.pipeline.door.link.process(item).await
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

impl<In, Out, E, C, A> Clone for Pipeline<In, Out, E, C, A> {
    fn clone(&self) -> Self {
        Self { door: Arc::clone(&self.door), stages: self.stages, types: PhantomData }
    }
}

impl<In, Out, E, C, A> fmt::Debug for Pipeline<In, Out, E, C, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pipeline").field("stages", &self.stages).finish_non_exhaustive()
    }
}

impl<In, Out, E, C, A> fmt::Debug for Opened<In, Out, E, C, A>
where
    In: Send + 'static,
    E: Send + 'static,
    C: Link<In, E> + 'static,
{
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Opened").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}
