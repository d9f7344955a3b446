use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use mtaio_runtime::{Panic, Runtime};

use super::course::Course;
use super::door::Holder;
use super::driver::{Driver, Outlet};
use super::flow::Flow;
use super::gate::Gate;
use super::handover::{Handover, run_beside};
use super::ledger::Tracked;
use super::link::Link;
use super::pipeline::Pipeline;
use super::report::{RunEnd, RunReport};
use crate::executor::CancellationToken;
use crate::time::Deadline;

/// A run that is about to begin. See [`Pipeline::run`].
///
/// Awaited, it takes everything through the pipeline, drops what comes out, and answers a
/// [`RunReport`]. [`for_each`](Self::for_each) and [`collect`](Self::collect) do something with what
/// comes out.
///
/// # Panics
///
/// If the source does. What a stage, a filter or a body panics with is the report's
/// [`error`](RunReport::error).
///
/// # Cancel safety
///
/// Dropping the future drops the items on their way; the stages are closed by a task. To end a run
/// and lose nothing, cancel the token that it is given.
#[must_use = "nothing runs before it is awaited"]
pub struct Run<'a, In, Out, E, C, A, R, S> {
    pipeline: &'a Pipeline<In, Out, E, C, A>,
    rt: &'a R,
    source: S,
    limits: Limits,
}

/// When a run ends before its source.
#[derive(Clone, Default)]
pub struct Limits {
    pub(super) token: Option<CancellationToken>,
    pub(super) within: Option<Duration>,
    pub(super) drain: Option<Duration>,
}

impl<'a, In, Out, E, C, A, R, S> Run<'a, In, Out, E, C, A, R, S> {
    pub(super) fn new(pipeline: &'a Pipeline<In, Out, E, C, A>, rt: &'a R, source: S) -> Self {
        Self { pipeline, rt, source, limits: Limits::default() }
    }

    pub(super) fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// When the token is cancelled no more items are taken; those on their way go on to their ends.
    pub fn until(mut self, token: &CancellationToken) -> Self {
        self.limits.token = Some(token.clone());
        self
    }

    /// After so much time no more items are taken; those on their way go on to their ends. The
    /// ambient deadline does the same.
    pub const fn within(mut self, time: Duration) -> Self {
        self.limits.within = Some(time);
        self
    }

    /// When no more items are taken, those on their way have so much time to come to their ends.
    /// Then they are dropped, and counted as unprocessed. There is no such limit unless said.
    pub const fn drain_within(mut self, time: Duration) -> Self {
        self.limits.drain = Some(time);
        self
    }
}

impl<'a, In, Out, E, C, A, R, S> Run<'a, In, Out, E, C, A, R, S>
where
    In: Send + 'static,
    Out: Send + 'a,
    E: Send + 'static,
    C: Link<In, E, Out = Out> + 'static,
    A: 'a,
    R: Runtime,
    S: Stream<Item = In> + Send + 'a,
{
    /// Runs it, and `body` with each item that comes out, one after the other. What is on its way
    /// goes on while the body waits.
    ///
    /// A body may borrow, and the future then can't be [spawned](mtaio_runtime::RuntimeExt::spawn):
    /// the compiler says that some implementation `is not general enough`. Move clones into an
    /// `async move` body, or [`collect`](Self::collect), where the run is a task of its own.
    ///
    /// # Examples
    ///
    /// ```
    /// use futures::stream;
    /// use mtaio::pipeline::pipeline;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let doubled = pipeline::<String>().map(|n: u64| n * 2).build()?;
    /// let mut sum = 0;
    /// let report = doubled.run(&rt, stream::iter([1, 2, 3])).for_each(async |n| sum += n).await;
    /// assert_eq!((sum, report.delivered), (12, 3));
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Panics
    ///
    /// If the source does; a panic of the body is the report's [`error`](RunReport::error).
    ///
    /// # Cancel safety
    ///
    /// As of the [run](Self): items on their way are dropped, and with them what the body works on.
    pub async fn for_each<B: AsyncFnMut(Out)>(self, body: B) -> RunReport<E> {
        let handover = Handover::new();
        run_beside(self.run_into(handover.clone()), handover, body).await
    }

    /// Runs it, and collects what comes out: all of it is kept in memory.
    ///
    /// # Panics
    ///
    /// If the source does.
    ///
    /// # Cancel safety
    ///
    /// As of the [run](Self); what was collected is dropped as well.
    pub async fn collect(self) -> (Vec<Out>, RunReport<E>) {
        let collected = Arc::new(Mutex::new(Vec::new()));
        let report = self.run_into(Collected(Arc::clone(&collected))).await;
        let collected =
            std::mem::take(&mut *collected.lock().unwrap_or_else(PoisonError::into_inner));
        (collected, report)
    }

    /// (That it is `Send` is said here: where it is used, the compiler could not see it.)
    pub(super) fn run_into<O>(
        self,
        outlet: O,
    ) -> Pin<Box<dyn Future<Output = RunReport<E>> + Send + 'a>>
    where
        O: Outlet<Out> + Send + 'a,
    {
        Box::pin(self.drive(outlet))
    }

    async fn drive<O: Outlet<Out> + Send + 'a>(self, outlet: O) -> RunReport<E> {
        let Self { pipeline, rt, source, limits } = self;
        let mut names = Vec::with_capacity(pipeline.stages());
        pipeline.door().link.names(&mut names);
        let course = Course::new(rt, pipeline.stages());
        let holder = match Holder::enter(Arc::clone(pipeline.door()), rt.clone()).await {
            Ok(holder) => holder,
            Err(error) => {
                course.fail(error);
                return RunReport::of(course, RunEnd::Failed, 0, names);
            }
        };

        let own = limits.within.map(|within| rt.now().saturating_add(within));
        let inherited = Deadline::current().map(|deadline| deadline.instant());
        let stop_at = own.into_iter().chain(inherited).min();
        let gate = Gate::new(source, &course, limits.token, stop_at);
        let driven = boxed(&pipeline.door().link, &course, gate, outlet, limits.drain);
        let outputs = driven.await;
        let end = course.end();
        let mut report = RunReport::of(course, end, outputs, names);
        report.close_errors = holder.leave().await;
        report
    }
}

/// What drives a run, behind a type that the compiler can see to be `Send` wherever one is spawned.
fn boxed<'a, In, E, C, R, S, O>(
    link: &'a C,
    course: &'a Course<E, R>,
    source: S,
    outlet: O,
    drain: Option<Duration>,
) -> Pin<Box<dyn Future<Output = u64> + Send + 'a>>
where
    In: Send + 'a,
    E: Send + 'a,
    C: Link<In, E, Out: 'a>,
    R: Runtime,
    S: Flow<Item = Tracked<'a, In>> + Send + 'a,
    O: Outlet<C::Out> + Send + 'a,
{
    Box::pin(Driver::new(course, link.flow(course, source), outlet, drain))
}

struct Collected<T>(Arc<Mutex<Vec<T>>>);

impl<T: Send> Outlet<T> for Collected<T> {
    fn take(&mut self, item: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(item);
    }

    fn poll_done(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Panic>> {
        Poll::Ready(Ok(()))
    }
}

/// Nowhere.
struct Nowhere;

impl<T> Outlet<T> for Nowhere {
    fn take(&mut self, item: T) {
        drop(item);
    }

    fn poll_done(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Panic>> {
        Poll::Ready(Ok(()))
    }
}

impl<'a, In, Out, E, C, A, R, S> IntoFuture for Run<'a, In, Out, E, C, A, R, S>
where
    In: Send + 'static,
    Out: Send + 'a,
    E: Send + 'static,
    C: Link<In, E, Out = Out> + 'static,
    A: 'a,
    R: Runtime,
    S: Stream<Item = In> + Send + 'a,
{
    type Output = RunReport<E>;
    type IntoFuture = Pin<Box<dyn Future<Output = RunReport<E>> + Send + 'a>>;

    fn into_future(self) -> Self::IntoFuture {
        self.run_into(Nowhere)
    }
}

impl<In, Out, E, C, A, R, S> fmt::Debug for Run<'_, In, Out, E, C, A, R, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Run").field("pipeline", &self.pipeline).finish_non_exhaustive()
    }
}
