#![expect(clippy::type_complexity, reason = "a builder's type is nested as deep as what it builds")]

use std::fmt;
use std::marker::PhantomData;

use mtaio_runtime::{DynRuntime, Runtime};

use super::arity::{Arity, Many, Maybe, One};
use super::buffer::Buffer;
use super::each::{Each, Filter, FilterMap, Immediate, Map};
use super::gather::{Batch, Gather};
use super::link::{Chain, Link, Start};
use super::on_error::{DeadLetter, Fail, Skip};
use super::parallel::{Order, Parallel};
use super::pipeline::Pipeline;
use super::retried::Retried;
use super::stage::Stage;
use super::transform::Transform;
use super::transform_worker::TransformWorker;
use super::worker::{OneByOne, Worker};
use crate::config::ConfigError;
use crate::policy::Retry;

/// Begins a pipeline whose errors are `E`: what the errors of all its stages can be turned into.
///
/// # Examples
///
/// ```
/// use mtaio::pipeline::pipeline;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let words = pipeline::<std::num::ParseIntError>()
///     .map(|word: &str| word.trim().to_owned())
///     .then(async |word: String| word.parse::<u32>())
///     .build()?;
/// let words = words.open(&rt).await.unwrap();
/// assert_eq!(words.process(" 42 ").await.unwrap(), 42);
/// assert!(words.process("many").await.is_err());
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub const fn pipeline<E: Send>() -> Begin<E> {
    Begin { error: PhantomData }
}

/// A pipeline without a stage: the first one says what goes in. See [`pipeline`].
#[must_use = "a builder does nothing until it is built"]
pub struct Begin<E> {
    error: PhantomData<fn() -> E>,
}

/// The stages of a [`Pipeline`], the first one first, to be [built](Self::build).
///
/// `In` goes in, `Out` comes out of the stages so far, and `A` tells how many of one.
#[must_use = "a builder does nothing until it is built"]
pub struct Builder<In, Out, E, C, A> {
    link: C,
    /// How many stages are counted.
    stages: usize,
    refused: Option<ConfigError>,
    types: Types<In, Out, E, A>,
}

/// What types a pipeline has, without having any of them.
pub(super) type Types<In, Out, E, A> = PhantomData<fn(In) -> (Out, E, A)>;

impl<E: Send> Begin<E> {
    fn start<In: Send>(self) -> Builder<In, In, E, Start, One> {
        Builder { link: Start, stages: 0, refused: None, types: PhantomData }
    }

    /// See [`Builder::then`].
    pub fn then<In, S>(self, stage: S) -> Builder<In, S::Out, E, Chain<Start, Worker<S>>, One>
    where
        In: Send,
        S: Stage<In, Err: Into<E>>,
    {
        self.start().then(stage)
    }

    /// See [`Builder::map`].
    pub fn map<In, Out, F>(self, f: F) -> Builder<In, Out, E, Chain<Start, Immediate<Map<F>>>, One>
    where
        In: Send,
        Out: Send,
        F: Fn(In) -> Out + Send + Sync,
    {
        self.start().map(f)
    }

    /// See [`Builder::filter`].
    pub fn filter<In, F>(
        self,
        f: F,
    ) -> Builder<In, In, E, Chain<Start, Immediate<Filter<F>>>, Maybe>
    where
        In: Send,
        F: Fn(&In) -> bool + Send + Sync,
    {
        self.start().filter(f)
    }

    /// See [`Builder::filter_map`].
    pub fn filter_map<In, Out, F>(
        self,
        f: F,
    ) -> Builder<In, Out, E, Chain<Start, Immediate<FilterMap<F>>>, Maybe>
    where
        In: Send,
        Out: Send,
        F: Fn(In) -> Option<Out> + Send + Sync,
    {
        self.start().filter_map(f)
    }

    /// See [`Builder::map_async`].
    pub fn map_async<In, O, S>(
        self,
        parallel: Parallel<O>,
        stage: S,
    ) -> Builder<In, S::Out, E, Chain<Start, Worker<S, Fail, Parallel<O>>>, One>
    where
        In: Send,
        O: Order<In>,
        S: Stage<In, Err: Into<E>>,
    {
        self.start().map_async(parallel, stage)
    }

    /// See [`Builder::transform`].
    pub fn transform<In, T>(
        self,
        transform: T,
    ) -> Builder<In, T::Out, E, Chain<Start, TransformWorker<T>>, Many>
    where
        In: Send,
        T: Transform<In, Err: Into<E>> + Clone + Sync,
    {
        self.start().transform(transform)
    }

    /// See [`Builder::batch`].
    pub fn batch<In, S>(
        self,
        batch: Batch,
        stage: S,
    ) -> Builder<In, S::Out, E, Chain<Chain<Start, Gather>, Worker<S>>, Many>
    where
        In: Send,
        S: Stage<Vec<In>, Err: Into<E>>,
    {
        self.start().batch(batch, stage)
    }
}

impl<In: Send, Out: Send, E: Send, C: Link<In, E, Out = Out>, A: Arity> Builder<In, Out, E, C, A> {
    fn add<L, Next, B>(self, link: L, counted: usize) -> Builder<In, Next, E, Chain<C, L>, B> {
        let link = Chain { first: self.link, last: link };
        let stages = self.stages + counted;
        Builder { link, stages, refused: self.refused, types: PhantomData }
    }

    fn check(&mut self, checked: Result<(), ConfigError>) {
        if let (Err(error), None) = (checked, &self.refused) {
            self.refused = Some(error);
        }
    }

    /// A further stage. It works on one item after the other.
    pub fn then<S>(self, stage: S) -> Builder<In, S::Out, E, Chain<C, Worker<S>>, A>
    where
        S: Stage<Out, Err: Into<E>>,
    {
        let worker = Worker { stage, on_error: Fail, pace: OneByOne, index: self.stages };
        self.add(worker, 1)
    }

    /// A further stage that works on many items at once.
    pub fn map_async<O, S>(
        mut self,
        parallel: Parallel<O>,
        stage: S,
    ) -> Builder<In, S::Out, E, Chain<C, Worker<S, Fail, Parallel<O>>>, A>
    where
        O: Order<Out>,
        S: Stage<Out, Err: Into<E>>,
    {
        self.check(parallel.check());
        let worker = Worker { stage, on_error: Fail, pace: parallel, index: self.stages };
        self.add(worker, 1)
    }

    /// Makes something of each item, at once.
    pub fn map<Next, F>(self, f: F) -> Builder<In, Next, E, Chain<C, Immediate<Map<F>>>, A>
    where
        Next: Send,
        F: Fn(Out) -> Next + Send + Sync,
    {
        self.each(Map(f))
    }

    /// Keeps the items for which `f` says so; the others are counted as filtered.
    pub fn filter<F>(
        self,
        f: F,
    ) -> Builder<In, Out, E, Chain<C, Immediate<Filter<F>>>, A::Then<Maybe>>
    where
        F: Fn(&Out) -> bool + Send + Sync,
    {
        self.each(Filter(f))
    }

    /// Makes something of each item, at once, or filters it out.
    pub fn filter_map<Next, F>(
        self,
        f: F,
    ) -> Builder<In, Next, E, Chain<C, Immediate<FilterMap<F>>>, A::Then<Maybe>>
    where
        Next: Send,
        F: Fn(Out) -> Option<Next> + Send + Sync,
    {
        self.each(FilterMap(f))
    }

    fn each<T: Each<Out>, B>(self, each: T) -> Builder<In, T::Out, E, Chain<C, Immediate<T>>, B> {
        let index = self.stages;
        self.add(Immediate { each, index }, 1)
    }

    /// A further stage that remembers, and emits none, one or many for an item.
    pub fn transform<T>(
        self,
        transform: T,
    ) -> Builder<In, T::Out, E, Chain<C, TransformWorker<T>>, Many>
    where
        T: Transform<Out, Err: Into<E>> + Clone + Sync,
    {
        let index = self.stages;
        self.add(TransformWorker { transform, skips: false, index }, 1)
    }

    /// A further stage that works on batches.
    pub fn batch<S>(
        mut self,
        batch: Batch,
        stage: S,
    ) -> Builder<In, S::Out, E, Chain<Chain<C, Gather>, Worker<S>>, Many>
    where
        S: Stage<Vec<Out>, Err: Into<E>>,
    {
        self.check(batch.check());
        let gathered: Builder<In, Vec<Out>, E, _, Many> = self.add(Gather(batch), 0);
        gathered.then(stage)
    }

    /// Room for `capacity` items between two stages.
    pub fn buffer(mut self, capacity: usize) -> Builder<In, Out, E, Chain<C, Buffer>, A> {
        if capacity == 0 {
            self.check(Err(ConfigError::new("buffer", "0", "1 or more")));
        }
        self.add(Buffer { capacity }, 0)
    }

    /// The pipeline.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for a limit, a size or a capacity of zero, and for a time that is zero or more
    /// than 100 years.
    pub fn build(self) -> Result<Pipeline<In, Out, E, C, A>, ConfigError> {
        match self.refused {
            Some(error) => Err(error),
            None => Ok(Pipeline::new(self.link, self.stages)),
        }
    }
}

impl<In, Out, E, First, S, P, N, A> Builder<In, Out, E, Chain<First, Worker<S, P, N>>, A> {
    fn map_worker<T, Q, B>(
        self,
        map: impl FnOnce(S, P) -> (T, Q),
    ) -> Builder<In, Out, E, Chain<First, Worker<T, Q, N>>, B> {
        let Self { link: Chain { first, last }, stages, refused, .. } = self;
        let Worker { stage, on_error, pace, index } = last;
        let (stage, on_error) = map(stage, on_error);
        let last = Worker { stage, on_error, pace, index };
        Builder { link: Chain { first, last }, stages, refused, types: PhantomData }
    }
}

/// What becomes of the errors of the stage before.
impl<In, Out, E, First, S, N, A: Arity> Builder<In, Out, E, Chain<First, Worker<S, Fail, N>>, A> {
    /// An error ends the run, as it does unless said.
    pub fn fail(self) -> Self {
        self
    }

    /// An item for which the stage has an error is left out, and counted.
    pub fn skip(self) -> Builder<In, Out, E, Chain<First, Worker<S, Skip, N>>, A::Then<Maybe>> {
        self.map_worker(|stage, Fail| (stage, Skip))
    }

    /// An item for which the stage has an error goes to `sink`, an async function of a
    /// [`Letter`](super::Letter). The stage's items are cloned for that.
    pub fn dead_letter<F>(
        self,
        sink: F,
    ) -> Builder<In, Out, E, Chain<First, Worker<S, DeadLetter<F>, N>>, A::Then<Maybe>> {
        self.map_worker(|stage, Fail| (stage, DeadLetter(sink)))
    }

    /// Calls the stage again where it has an error, on the time of `rt`. Its items are cloned for
    /// that. What is an error in the end can still be [skipped](Self::skip) or
    /// [handed over](Self::dead_letter).
    pub fn retry<R: Runtime, L, C>(
        self,
        rt: &R,
        retry: Retry<C, L>,
    ) -> Builder<In, Out, E, Chain<First, Worker<Retried<S, C, L>, Fail, N>>, A> {
        let rt = DynRuntime::new(rt);
        self.map_worker(|stage, Fail| (Retried { stage, rt, retry }, Fail))
    }
}

/// What becomes of the errors of the transform before.
impl<In, Out, E, First, T> Builder<In, Out, E, Chain<First, TransformWorker<T>>, Many> {
    /// An error ends the run, as it does unless said.
    pub fn fail(self) -> Self {
        self
    }

    /// An item for which the transform has an error is left out, and counted.
    pub fn skip(mut self) -> Self {
        self.link.last.skips = true;
        self
    }
}

impl<E> fmt::Debug for Begin<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begin").finish_non_exhaustive()
    }
}

impl<In, Out, E, C, A> fmt::Debug for Builder<In, Out, E, C, A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder").field("stages", &self.stages).finish_non_exhaustive()
    }
}
