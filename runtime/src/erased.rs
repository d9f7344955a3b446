use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::SystemTime;

use crate::{Instant, Runtime, Sleep, TaskName};

/// Any [`Runtime`] behind one type, itself a [`Runtime`].
///
/// A type that keeps a runtime is `Type<.., R = DynRuntime>`: its `new(&rt, ..)` erases, so that
/// nobody has to write the parameter. What that costs is one allocation a sleep and one a spawn.
///
/// # Examples
///
/// ```
/// use mtaio_runtime::{DynRuntime, Instant, Runtime};
///
/// struct Service {
///     rt: DynRuntime,
///     started: Instant,
/// }
///
/// impl Service {
///     fn new<R: Runtime>(rt: &R) -> Self {
///         Self { rt: DynRuntime::new(rt), started: rt.now() }
///     }
/// }
/// ```
#[derive(Clone)]
pub struct DynRuntime(Arc<dyn Erased>);

impl DynRuntime {
    /// Erases the type of `rt`. A runtime that is erased already is not wrapped again.
    pub fn new<R: Runtime>(rt: &R) -> Self {
        match (rt as &dyn Any).downcast_ref::<Self>() {
            Some(erased) => erased.clone(),
            None => Self(Arc::new(rt.clone())),
        }
    }
}

impl<R: Runtime> From<&R> for DynRuntime {
    fn from(rt: &R) -> Self {
        Self::new(rt)
    }
}

impl Runtime for DynRuntime {
    type Sleep = Pin<Box<dyn Sleep>>;

    fn now(&self) -> Instant {
        self.0.now()
    }

    fn wall_clock(&self) -> SystemTime {
        self.0.wall_clock()
    }

    fn entropy(&self) -> u64 {
        self.0.entropy()
    }

    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        self.0.sleep_until(deadline)
    }

    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn_detached(name, Box::pin(future));
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        self.0.spawn_blocking(job);
    }
}

impl fmt::Debug for DynRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DynRuntime").field(&self.0.type_name()).finish()
    }
}

/// The object-safe mirror of [`Runtime`].
trait Erased: Send + Sync {
    fn now(&self) -> Instant;
    fn wall_clock(&self) -> SystemTime;
    fn entropy(&self) -> u64;
    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>>;
    fn spawn_detached(&self, name: TaskName, future: Pin<Box<dyn Future<Output = ()> + Send>>);
    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>);
    fn type_name(&self) -> &'static str;
}

impl<R: Runtime> Erased for R {
    fn now(&self) -> Instant {
        Runtime::now(self)
    }

    fn wall_clock(&self) -> SystemTime {
        Runtime::wall_clock(self)
    }

    fn entropy(&self) -> u64 {
        Runtime::entropy(self)
    }

    fn sleep_until(&self, deadline: Instant) -> Pin<Box<dyn Sleep>> {
        Box::pin(Runtime::sleep_until(self, deadline))
    }

    fn spawn_detached(&self, name: TaskName, future: Pin<Box<dyn Future<Output = ()> + Send>>) {
        Runtime::spawn_detached(self, name, future);
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        Runtime::spawn_blocking(self, job);
    }

    fn type_name(&self) -> &'static str {
        std::any::type_name::<R>()
    }
}
