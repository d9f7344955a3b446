use std::borrow::Cow;
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime, TaskName};

use super::abandoned::{Abandoned, OnAbandoned, Orphans};
use super::async_close::{AsyncClose, CloseOutput};
use super::contain::{Contained, contain};
use super::core::Core;
use super::error::CloseErrors;
use super::outcome::Outcome;
use super::scoped::{Held, Scoped};
use crate::config::{ConfigError, check_period};

/// Closes resources when the work that they are for is done, the last one first.
///
/// [`run`](Self::run) runs a body that adds them, and answers what came of the body beside
/// whatever did not close. A scope can also be kept, as in a service that opens and closes with
/// it: [`add`](Self::add) to it when it suits you, and [`close`](Self::close) it yourself.
///
/// Every close is tried, whatever became of the body and of those before it: errors, panics and
/// time-outs are collected.
///
/// # The time limit
///
/// Without one, closing takes as long as it takes. [`close_within`](Self::close_within) limits the
/// closing of all resources together: each gets an equal share of what is left when its turn
/// comes. So one that hangs robs none of the others of its share, and what one does not need is
/// for the others. [`Scoped::close_within`] limits one resource. A close that is not done by then
/// is dropped, and told. The deadline of whoever waits for the scope does not count in closing: it
/// may be why the work has ended.
///
/// # When the scope is dropped
///
/// Closing has to be awaited, and nothing can be awaited when a future is dropped, as by a timeout
/// around it. Then the runtime takes over: a task of its own closes what is open, in the same
/// order, within the same limit, and goes on with what was being closed. When the runtime is gone
/// too, the resources are dropped. [`on_abandoned`](Self::on_abandoned) tells what became of them.
///
/// # Examples
///
/// ```
/// use std::io;
/// use std::time::Duration;
/// use mtaio::ResourceScope;
/// use mtaio::scope::AsyncClose;
///
/// struct Database;
/// # impl Database {
/// #     async fn open() -> io::Result<Self> { Ok(Self) }
/// #     async fn insert(&mut self, _order: u32) -> io::Result<()> { Ok(()) }
/// # }
///
/// impl AsyncClose for Database {
///     type Error = io::Error;
///
///     async fn close(self) -> io::Result<()> {
///         Ok(())
///     }
/// }
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let scope = ResourceScope::new(&rt).close_within(Duration::from_secs(5))?;
/// let outcome = scope
///     .run(async |scope| {
///         let mut database = scope.add("database", Database::open().await?);
///         scope.defer("goodbye", async || println!("closed before the database is"));
///         database.insert(1).await?;
///         Ok::<_, io::Error>("inserted")
///     })
///     .await;
/// assert_eq!(outcome.into_result()?, "inserted");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping a scope leaves the closing of what is in it to the runtime"]
pub struct ResourceScope<R: Runtime = DynRuntime> {
    core: Core<R>,
    /// What the task is called that closes what a drop left open.
    name: TaskName,
    on_abandoned: Mutex<Option<OnAbandoned>>,
}

impl ResourceScope {
    /// A scope that does not show the runtime in its type, without a time limit.
    #[track_caller]
    pub fn new<R: Runtime>(rt: &R) -> Self {
        Self::with_runtime(&DynRuntime::new(rt))
    }
}

impl<R: Runtime> ResourceScope<R> {
    /// A scope on a runtime of known type, without a time limit.
    #[track_caller]
    pub fn with_runtime(rt: &R) -> Self {
        Self {
            core: Core::new(rt.clone()),
            name: TaskName::caller(),
            on_abandoned: Mutex::new(None),
        }
    }

    /// The most that closing all resources together may take. See [the type](Self#the-time-limit).
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero or more than 100 years.
    pub fn close_within(mut self, limit: Duration) -> Result<Self, ConfigError> {
        check_period("close_within", limit)?;
        self.core.set_limit(limit);
        Ok(self)
    }

    /// Calls `f` if the scope is dropped before everything is closed, once it is known what became
    /// of it all: when a task has closed it, or the runtime went before that.
    ///
    /// It is called where that is found out, on a thread of the runtime, and should be quick. Set a
    /// time limit as well: a close that hangs would hold this back too.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::mpsc;
    /// use std::time::Duration;
    /// use mtaio::{ResourceScope, RuntimeExt};
    /// use mtaio::time::timeout;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let (tell, told) = mpsc::channel();
    /// let scope = ResourceScope::new(&rt).on_abandoned(move |report| drop(tell.send(report)));
    /// let work = scope.run(async |scope| {
    ///     scope.defer("goodbye", async || ());
    ///     rt.sleep(Duration::from_secs(60)).await;
    /// });
    /// assert!(timeout(&rt, Duration::from_secs(1), work).await.is_err());
    ///
    /// rt.sleep(Duration::from_secs(1)).await;
    /// assert_eq!(told.recv().unwrap().closed, ["goodbye"]);
    /// # });
    /// ```
    pub fn on_abandoned(mut self, f: impl FnOnce(Abandoned) + Send + 'static) -> Self {
        self.on_abandoned = Mutex::new(Some(Box::new(f)));
        self
    }

    /// Runs `body` with the scope, closes what it added, and answers what came of both.
    ///
    /// The body may return early, fail or panic: the panic is contained. By the time that anything
    /// is closed, the body's future has been dropped.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the body where it is, or drops what it returned. What is open is
    /// left to the runtime to close: see [the type](Self#when-the-scope-is-dropped).
    pub async fn run<F, T>(self, body: F) -> Outcome<T>
    where
        F: AsyncFnOnce(&Self) -> T,
    {
        let body = match contain(|| body(&self)) {
            Ok(future) => Contained::new(future).await,
            Err(panic) => Err(panic),
        };
        self.core.close_all().await;
        Outcome { body, close_errors: self.core.take_errors() }
    }

    /// Adds a resource, to be closed in the end: before all that were added before it.
    ///
    /// The guard gives access to it, and may be dropped at any time: the scope keeps the resource.
    /// `name` says which it is in errors.
    pub fn add<T>(&self, name: impl Into<Cow<'static, str>>, resource: T) -> Scoped<'_, T, R>
    where
        T: AsyncClose + Send + 'static,
    {
        self.hold(name.into(), Held::new(resource))
    }

    /// Adds a resource that is closed by `closer`, which may return `()` or a `Result`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio::{ResourceScope, TaskExecutor};
    /// use mtaio::executor::Drain;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let scope = ResourceScope::new(&rt);
    /// let workers = TaskExecutor::new(&rt);
    /// let workers = scope.add_with("workers", workers, async |workers| {
    ///     let report = workers.shutdown(Drain::within(Duration::from_secs(5))).await;
    ///     if report.stuck.is_empty() { Ok(()) } else { Err("some are stuck") }
    /// });
    /// workers.spawn(async { /* .. */ }).detach();
    /// drop(workers);
    /// scope.close().await?;
    /// # Ok::<(), mtaio::scope::CloseErrors>(())
    /// # }).unwrap();
    /// ```
    pub fn add_with<T, F, Fut>(
        &self,
        name: impl Into<Cow<'static, str>>,
        resource: T,
        closer: F,
    ) -> Scoped<'_, T, R>
    where
        T: Send + 'static,
        F: FnOnce(T) -> Fut + Send + 'static,
        Fut: Future<Output: CloseOutput> + Send,
    {
        self.hold(name.into(), Held::with(resource, closer))
    }

    /// Calls `f` in the end, in its turn. The guard can have it called early, by
    /// [`close`](Scoped::close), or not at all, by [`release`](Scoped::release).
    pub fn defer<F, Fut>(&self, name: impl Into<Cow<'static, str>>, f: F) -> Scoped<'_, (), R>
    where
        F: FnOnce() -> Fut + Send + 'static,
        Fut: Future<Output: CloseOutput> + Send,
    {
        self.hold(name.into(), Held::with((), |()| f()))
    }

    /// How many resources have been added and neither closed nor released.
    pub fn len(&self) -> usize {
        self.core.len()
    }

    /// Whether there is nothing to close.
    pub fn is_empty(&self) -> bool {
        self.core.is_empty()
    }

    /// Closes all resources, the last one first: for a scope that is kept instead of
    /// [`run`](Self::run).
    ///
    /// # Errors
    ///
    /// [`CloseErrors`], all of them, if not everything closed. Every close was tried.
    ///
    /// # Cancel safety
    ///
    /// What is open when the future is dropped is left to the runtime to close: see
    /// [the type](Self#when-the-scope-is-dropped).
    pub async fn close(self) -> Result<(), CloseErrors> {
        self.core.close_all().await;
        CloseErrors::check(self.core.take_errors())
    }

    fn hold<T>(&self, name: Cow<'static, str>, held: Held<T>) -> Scoped<'_, T, R> {
        Scoped::new(&self.core, self.core.add(name, None), held)
    }
}

/// A scope may be a resource of another one: a group that is closed in one piece.
impl<R: Runtime> AsyncClose for ResourceScope<R> {
    type Error = CloseErrors;

    async fn close(self) -> Result<(), CloseErrors> {
        Self::close(self).await
    }
}

impl<R: Runtime> Drop for ResourceScope<R> {
    fn drop(&mut self) {
        if self.core.is_empty() {
            return;
        }
        let on_abandoned = self.on_abandoned.get_mut().unwrap_or_else(PoisonError::into_inner);
        let orphans = Orphans { core: self.core.take(), on_abandoned: on_abandoned.take() };
        let name = TaskName::from(format!("closing of the scope at {}", self.name));
        self.core.rt().spawn_detached(name, orphans.close());
    }
}

impl<R: Runtime> fmt::Debug for ResourceScope<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResourceScope").field("open", &self.len()).finish_non_exhaustive()
    }
}
