use std::fmt;

use mtaio_runtime::Runtime;

use super::counts::OwnTally;
use super::course::Course;
use super::error::{Fault, PipelineError};
use super::flow::{Flow, Sequential};
use super::ledger::Tracked;
use super::link::{EachLink, Link};
use super::on_error::{Fail, OnError, Settled};
use super::stage::Stage;
use super::work::Station;
use crate::contain::{Contained, contain};

/// A stage, what its errors come to, and how many items it works on at once: a [`OneByOne`] or a
/// [`Parallel`](super::Parallel).
#[derive(Clone)]
pub struct Worker<S, P = Fail, N = OneByOne> {
    pub(super) stage: S,
    pub(super) on_error: P,
    pub(super) pace: N,
    /// Its number among those that are counted.
    pub(super) index: usize,
}

/// How many items a stage works on at once. A [`OneByOne`] or a [`Parallel`](super::Parallel), and
/// nobody else can be one.
pub trait Pace<In>: Send + Sync {
    /// What comes out of the stage at `station` when `source` goes in.
    #[doc(hidden)]
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
        Source: Flow<Item = Tracked<'a, In>> + Send;
}

/// One item after the other.
#[derive(Clone, Copy, Debug, Default)]
pub struct OneByOne;

impl<In> Pace<In> for OneByOne {
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
        Sequential::new(source, station.work(OwnTally::new(station.counts)))
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

impl<In, E, S, P, N> Link<In, E> for Worker<S, P, N>
where
    In: Send,
    E: Send,
    S: Stage<In, Err: Into<E>>,
    P: OnError<In, S::Err>,
    N: Pace<In>,
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
        let Self { stage, on_error, pace, index } = self;
        let counts = &course.stages[*index];
        pace.flow(Station { stage, on_error, counts, course }, source)
    }

    async fn setup(&self) -> Result<(), PipelineError<E>> {
        told(self.stage.name(), Contained::new(async { self.stage.setup().await }).await)
    }

    async fn close(&self, errors: &mut Vec<PipelineError<E>>) {
        let closed = Contained::new(async { self.stage.close().await }).await;
        errors.extend(told(self.stage.name(), closed).err());
    }

    fn names(&self, names: &mut Vec<String>) {
        names.push(self.stage.name().to_owned());
    }
}

/// Alone, an item is worked on in the same way, whatever the pace.
impl<In, E, S, P, N> EachLink<In, E> for Worker<S, P, N>
where
    In: Send,
    E: Send,
    S: Stage<In, Err: Into<E>>,
    P: OnError<In, S::Err>,
    N: Pace<In>,
{
    async fn process(&self, item: In) -> Result<Option<S::Out>, PipelineError<E>> {
        let failed = |fault: Fault<S::Err>| fault.of(self.stage.name());
        let kept = contain(|| self.on_error.keep(&item));
        let kept = kept.map_err(|panic| failed(Fault::Panic(panic)))?;
        let fault = match Contained::new(async { self.stage.process(item).await }).await {
            Ok(Ok(out)) => return Ok(Some(out)),
            Ok(Err(error)) => Fault::Error(error),
            Err(panic) => Fault::Panic(panic),
        };
        match self.on_error.settle(kept, fault).await {
            Settled::Failed(fault) => Err(failed(fault)),
            Settled::Skipped | Settled::DeadLettered => Ok(None),
        }
    }
}

impl<S, P: fmt::Debug, N: fmt::Debug> fmt::Debug for Worker<S, P, N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Worker")
            .field("on_error", &self.on_error)
            .field("pace", &self.pace)
            .finish_non_exhaustive()
    }
}
