use std::fmt;

use mtaio_runtime::Runtime;

use super::course::Course;
use super::error::{Fault, PipelineError};
use super::flow::{Flow, Sequential};
use super::ledger::Tracked;
use super::link::{EachLink, Link};
use super::on_error::{Fail, OnError, Settled};
use super::stage::Stage;
use crate::contain::{Contained, contain};

/// A stage, and what its errors come to. Its items are worked on one after the other.
#[derive(Clone)]
pub struct Worker<S, P = Fail> {
    pub(super) stage: S,
    pub(super) on_error: P,
    /// Its number among those that are counted.
    pub(super) index: usize,
}

impl<S, P> Worker<S, P> {
    /// Works on an item, and settles what goes wrong with it.
    #[inline]
    pub(super) async fn work<In>(&self, item: In) -> Result<S::Out, Settled<S::Err>>
    where
        In: Send,
        S: Stage<In>,
        P: OnError<In, S::Err>,
    {
        // Clones may be foreign code.
        let kept = contain(|| self.on_error.keep(&item));
        let kept = kept.map_err(|panic| Settled::Failed(Fault::Panic(panic)))?;
        let fault = match Contained::new(async { self.stage.process(item).await }).await {
            Ok(Ok(out)) => return Ok(out),
            Ok(Err(error)) => Fault::Error(error),
            Err(panic) => Fault::Panic(panic),
        };
        Err(self.on_error.settle(kept, fault).await)
    }

    /// As [`work`](Self::work), on the way through a run.
    #[inline]
    pub(super) async fn work_on<'a, In, E, R>(
        &self,
        course: &Course<E, R>,
        tracked: Tracked<'a, In>,
    ) -> Option<Tracked<'a, S::Out>>
    where
        In: Send,
        E: Send,
        R: Runtime,
        S: Stage<In, Err: Into<E>>,
        P: OnError<In, S::Err>,
    {
        let Tracked { value, ticket } = tracked;
        let begun = course.begin(self.index);
        let worked = self.work(value).await;
        course.end(self.index, begun);
        match worked {
            Ok(value) => {
                course.stages[self.index].given.add(1);
                Some(Tracked { value, ticket })
            }
            Err(settled) => {
                course.stages[self.index].errors.add(1);
                ticket.end(settled.end());
                if let Settled::Failed(fault) = settled {
                    course.fail(fault.of(self.stage.name()));
                }
                None
            }
        }
    }

    pub(super) async fn set_up<In, E>(&self) -> Result<(), PipelineError<E>>
    where
        S: Stage<In, Err: Into<E>>,
    {
        told(self.stage.name(), Contained::new(async { self.stage.setup().await }).await)
    }

    pub(super) async fn shut<In, E>(&self, errors: &mut Vec<PipelineError<E>>)
    where
        S: Stage<In, Err: Into<E>>,
    {
        let closed = Contained::new(async { self.stage.close().await }).await;
        errors.extend(told(self.stage.name(), closed).err());
    }
}

fn told<E, Err: Into<E>>(
    stage: &str,
    result: Result<Result<(), Err>, mtaio_runtime::Panic>,
) -> Result<(), PipelineError<E>> {
    match result {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(Fault::Error(error).of(stage)),
        Err(panic) => Err(Fault::<Err>::Panic(panic).of(stage)),
    }
}

impl<In, E, S, P> Link<In, E> for Worker<S, P>
where
    In: Send,
    E: Send,
    S: Stage<In, Err: Into<E>>,
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
        Sequential::new(source, move |tracked| self.work_on(course, tracked))
    }

    async fn setup(&self) -> Result<(), PipelineError<E>> {
        self.set_up().await
    }

    async fn close(&self, errors: &mut Vec<PipelineError<E>>) {
        self.shut(errors).await;
    }

    fn names(&self, names: &mut Vec<String>) {
        names.push(self.stage.name().to_owned());
    }
}

impl<In, E, S, P> EachLink<In, E> for Worker<S, P>
where
    In: Send,
    E: Send,
    S: Stage<In, Err: Into<E>>,
    P: OnError<In, S::Err>,
{
    async fn process(&self, item: In) -> Result<Option<S::Out>, PipelineError<E>> {
        match self.work(item).await {
            Ok(out) => Ok(Some(out)),
            Err(Settled::Failed(fault)) => Err(fault.of(self.stage.name())),
            Err(Settled::Skipped | Settled::DeadLettered) => Ok(None),
        }
    }
}

impl<S, P: fmt::Debug> fmt::Debug for Worker<S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker").field("on_error", &self.on_error).finish_non_exhaustive()
    }
}
