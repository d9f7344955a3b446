use std::future::Future;

use mtaio_runtime::Runtime;

use super::course::Course;
use super::error::PipelineError;
use super::flow::Flow;
use super::ledger::Tracked;

/// A part of a pipeline: one stage, or several behind each other.
///
/// The builder makes them, and nobody else can: it is there to be named in bounds. Write a
/// [`Stage`](super::Stage) or a [`Transform`](super::Transform).
pub trait Link<In: Send, E: Send>: Send + Sync {
    /// What comes out.
    type Out: Send;

    /// What comes out of it when `source` goes in.
    fn flow<'a, R, S>(
        &'a self,
        course: &'a Course<E, R>,
        source: S,
    ) -> impl Flow<Item = Tracked<'a, Self::Out>> + Send
    where
        R: Runtime,
        S: Flow<Item = Tracked<'a, In>> + Send,
        In: 'a,
        E: 'a;

    /// Sets up all stages, the first one first; of what was set up, nothing stays so on an error.
    fn setup(&self) -> impl Future<Output = Result<(), PipelineError<E>>> + Send {
        async { Ok(()) }
    }

    /// Closes all stages, the last one first, and tells the errors.
    fn close(&self, _errors: &mut Vec<PipelineError<E>>) -> impl Future<Output = ()> + Send {
        async {}
    }

    /// The names of the stages that are counted, in order.
    fn names(&self, _names: &mut Vec<String>) {}
}

/// A [`Link`] that makes at most one item of each.
pub trait EachLink<In: Send, E: Send>: Link<In, E> {
    /// What comes of one item, alone.
    fn process(
        &self,
        item: In,
    ) -> impl Future<Output = Result<Option<Self::Out>, PipelineError<E>>> + Send;
}

/// Nothing yet: what goes in comes out.
#[derive(Clone, Copy, Debug, Default)]
pub struct Start;

impl<In: Send, E: Send> Link<In, E> for Start {
    type Out = In;

    fn flow<'a, R, S>(
        &'a self,
        _course: &'a Course<E, R>,
        source: S,
    ) -> impl Flow<Item = Tracked<'a, In>> + Send
    where
        R: Runtime,
        S: Flow<Item = Tracked<'a, In>> + Send,
        In: 'a,
        E: 'a,
    {
        source
    }
}

impl<In: Send, E: Send> EachLink<In, E> for Start {
    async fn process(&self, item: In) -> Result<Option<In>, PipelineError<E>> {
        Ok(Some(item))
    }
}

/// One link, and the one behind it.
#[derive(Clone, Debug)]
pub struct Chain<First, Last> {
    pub(super) first: First,
    pub(super) last: Last,
}

impl<In, E, First, Last> Link<In, E> for Chain<First, Last>
where
    In: Send,
    E: Send,
    First: Link<In, E>,
    Last: Link<First::Out, E>,
{
    type Out = Last::Out;

    fn flow<'a, R, S>(
        &'a self,
        course: &'a Course<E, R>,
        source: S,
    ) -> impl Flow<Item = Tracked<'a, Self::Out>> + Send
    where
        R: Runtime,
        S: Flow<Item = Tracked<'a, In>> + Send,
        In: 'a,
        E: 'a,
    {
        self.last.flow(course, self.first.flow(course, source))
    }

    async fn setup(&self) -> Result<(), PipelineError<E>> {
        self.first.setup().await?;
        let result = self.last.setup().await;
        if result.is_err() {
            // What failed is told; how the others closed is not worth more than that.
            self.first.close(&mut Vec::new()).await;
        }
        result
    }

    async fn close(&self, errors: &mut Vec<PipelineError<E>>) {
        self.last.close(errors).await;
        self.first.close(errors).await;
    }

    fn names(&self, names: &mut Vec<String>) {
        self.first.names(names);
        self.last.names(names);
    }
}

impl<In, E, First, Last> EachLink<In, E> for Chain<First, Last>
where
    In: Send,
    E: Send,
    First: EachLink<In, E>,
    Last: EachLink<First::Out, E>,
{
    async fn process(&self, item: In) -> Result<Option<Self::Out>, PipelineError<E>> {
        match self.first.process(item).await? {
            Some(item) => self.last.process(item).await,
            None => Ok(None),
        }
    }
}
