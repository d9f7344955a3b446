//! Many calls as one.

mod batch;
mod builder;
mod error;
mod future;
mod stats;
mod worker;

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use self::batch::Batch;
pub use self::builder::BulkBuilder;
pub use self::error::BulkError;
pub use self::future::BulkCall;
pub use self::stats::BulkStats;
use self::stats::Counters;
use crate::callback::Callback;
use crate::queue::lock;

/// Makes one call of many: what is asked for is collected until it is enough, or until the first has
/// waited long enough, and then a function is called with all of it. Each caller gets its own answer.
///
/// The function gets the inputs in the order of asking and answers with as many results, in the same
/// order. It runs in a task of its own, so it is nobody's in particular: a caller that goes away
/// takes its input back while the batch is not full, and afterwards its result is dropped. Where all
/// have gone before that, the function is not called. There is one timer, for the batch that is being
/// filled.
///
/// It is a handle: its clones fill the same batches. To try again, or under a limit, run a
/// [`Policy`](super::Policy) in the function.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::TaskExecutor;
/// use mtaio::policy::Bulk;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let bulk = Bulk::new(&rt, async |names: Vec<&'static str>| {
///     // One query for all of them.
///     names.into_iter().map(|name| Ok::<_, String>(name.len())).collect()
/// });
/// let bulk = bulk.max_size(100).max_delay(Duration::from_millis(5)).build()?;
///
/// let executor = TaskExecutor::new(&rt);
/// let callers = bulk.clone();
/// let lengths = executor.map(["ada", "grace"], async move |name| callers.call(name).await);
/// assert_eq!(lengths.await.unwrap(), [3, 5]);
/// assert_eq!(bulk.stats().batches, 1);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub struct Bulk<In, Out, E, R: Runtime = DynRuntime> {
    shared: Arc<Shared<In, Out, E, R>>,
}

type Results<Out, E> = Vec<Result<Out, E>>;
type BoxCall<In, Out, E> =
    Box<dyn Fn(Vec<In>) -> Pin<Box<dyn Future<Output = Results<Out, E>> + Send>> + Send + Sync>;

struct Shared<In, Out, E, R> {
    rt: R,
    f: BoxCall<In, Out, E>,
    max_size: usize,
    max_delay: Duration,
    /// The batch that is being filled.
    open: Mutex<Option<Arc<Batch<In, Out, E>>>>,
    counters: Counters,
}

impl<In, Out, E> Bulk<In, Out, E>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
{
    /// Collects for `f`; it does not show the runtime in its type.
    #[expect(clippy::new_ret_no_self, reason = "as all are called that take a runtime")]
    pub fn new<R, F>(rt: &R, f: F) -> BulkBuilder<In, Out, E>
    where
        R: Runtime,
        F: Callback<Vec<In>, Output = Results<Out, E>, Future: Send + 'static>
            + Send
            + Sync
            + 'static,
    {
        BulkBuilder::new(DynRuntime::new(rt), f)
    }
}

impl<In, Out, E, R> Bulk<In, Out, E, R>
where
    In: Send + 'static,
    Out: Send + 'static,
    E: Send + 'static,
    R: Runtime,
{
    /// Collects for `f`, on a runtime of known type.
    pub fn with_runtime<F>(rt: &R, f: F) -> BulkBuilder<In, Out, E, R>
    where
        F: Callback<Vec<In>, Output = Results<Out, E>, Future: Send + 'static>
            + Send
            + Sync
            + 'static,
    {
        BulkBuilder::new(rt.clone(), f)
    }

    /// Asks for `input`, together with others.
    ///
    /// # Errors
    ///
    /// [`BulkError`]: the result's own error, or why there is none.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future takes the input back, if the function was not called with it yet. The
    /// others are not concerned.
    pub fn call(&self, input: In) -> BulkCall<In, Out, E, R> {
        BulkCall::new(Arc::clone(&self.shared), input)
    }

    /// Calls the function with what has been collected so far.
    pub fn flush(&self) {
        let open = lock(&self.shared.open).take();
        if let Some(batch) = open {
            batch.start();
        }
    }

    /// What it has done so far.
    pub fn stats(&self) -> BulkStats {
        self.shared.counters.stats()
    }
}

impl<In, Out, E, R: Runtime> Clone for Bulk<In, Out, E, R> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<In, Out, E, R: Runtime> fmt::Debug for Bulk<In, Out, E, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bulk").field("stats", &self.shared.counters.stats()).finish_non_exhaustive()
    }
}
