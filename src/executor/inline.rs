use std::fmt;
use std::future::Future;
use std::sync::Arc;

use mtaio_runtime::{DynRuntime, Runtime};

use super::calls::Calls;
use super::gather::Gather;
use super::launch::InPlace;
use super::run::Run;
use crate::callback::Callback;
use crate::queue::Permits;

/// The methods of a [`TaskExecutor`](super::TaskExecutor), polled in place: see
/// [`TaskExecutor::inline`](super::TaskExecutor::inline).
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
/// use mtaio::TaskExecutor;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let executor = TaskExecutor::new(&rt).limit(2)?;
///
/// let sum = Cell::new(0); // borrowed, and not `Sync`
/// let add = |n: u32| {
///     let sum = &sum;
///     async move { Ok::<_, String>(sum.set(sum.get() + n)) }
/// };
/// executor.inline().map(1..=4, add).await.unwrap();
/// assert_eq!(sum.get(), 10);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone)]
pub struct Inline<R: Runtime = DynRuntime> {
    rt: R,
    permits: Option<Arc<Permits>>,
}

impl<R: Runtime> Inline<R> {
    pub(super) const fn new(rt: R, permits: Option<Arc<Permits>>) -> Self {
        Self { rt, permits }
    }

    /// Polls `future` in place; a panic is an error.
    ///
    /// # Cancel safety
    ///
    /// That of the future.
    pub fn run<F: Future>(&self, future: F) -> Run<F, InPlace, R> {
        Run::new(&self.rt, self.launch(), future)
    }

    /// Polls every future in place and answers all that they return, in their order. The first
    /// error drops the rest and is the answer. See
    /// [`TaskExecutor::gather`](super::TaskExecutor::gather).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops all of them.
    pub fn gather<I>(&self, futures: I) -> Gather<I::IntoIter, InPlace>
    where
        I: IntoIterator<Item: Future>,
    {
        Gather::new(futures.into_iter(), self.launch())
    }

    /// Calls `f` with each item in place and answers all that they return, in the order of the
    /// items. See [`TaskExecutor::map`](super::TaskExecutor::map).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops all calls.
    pub fn map<I, F>(&self, items: I, f: F) -> Gather<Calls<I::IntoIter, F>, InPlace>
    where
        I: IntoIterator,
        F: Callback<I::Item>,
    {
        Gather::new(Calls::new(items.into_iter(), f), self.launch())
    }

    fn launch(&self) -> InPlace {
        InPlace::new(self.permits.clone())
    }
}

impl<R: Runtime> fmt::Debug for Inline<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Inline").finish_non_exhaustive()
    }
}
