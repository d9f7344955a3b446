use std::fmt;
use std::future::Future;
use std::ops::{Deref, DerefMut};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mtaio_runtime::{DynRuntime, Runtime};

use super::async_close::AsyncClose;
use super::async_close::CloseOutput;
use super::async_close::sealed::Sealed;
use super::core::{Closing, Core, Key};
use super::error::CloseFailure;
use super::future::Close;
use crate::config::{ConfigError, check_period};

/// A resource of a scope, in your hand: it derefs to the resource, `&mut` too.
///
/// Dropped, it gives the resource back to the scope, which closes it in the end; the place in that
/// order is that of adding it. It can't outlive the body of the scope, so nothing is closed that
/// is still used:
///
/// ```compile_fail
/// # use mtaio::ResourceScope;
/// # async fn outlives<R: mtaio::Runtime>(rt: &R) {
/// let outcome = ResourceScope::new(rt)
///     .run(async |scope| scope.add_with("file", (), async |()| ()))
///     .await;
/// # }
/// ```
///
/// Its own methods hide those of the same name that the resource has; `(*guard).close()` calls the
/// resource's.
pub struct Scoped<'scope, T, R: Runtime = DynRuntime> {
    core: &'scope Core<R>,
    key: Key,
    /// `None` when it was given up, just before the end.
    held: Option<Held<T>>,
}

/// A resource and the way to close it.
pub(super) struct Held<T> {
    resource: T,
    /// A closure need not be `Sync`; behind a lock that is only ever opened by value it may be.
    closer: Mutex<Closer<T>>,
}

/// Makes the closing, and runs nothing of it.
type Closer<T> = Box<dyn FnOnce(T) -> Closing + Send>;

impl<'scope, T, R: Runtime> Scoped<'scope, T, R> {
    pub(super) const fn new(core: &'scope Core<R>, key: Key, held: Held<T>) -> Self {
        Self { core, key, held: Some(held) }
    }

    /// Closes the resource now, in the time that it is given at most: the shorter of its own limit
    /// and the whole of the scope's.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: see [`Close`].
    pub fn close(mut self) -> Close<'scope, R> {
        let (core, key) = (self.core, self.key);
        let closing = self.take().into_closing();
        // What is left of the guard must not give anything back.
        drop(self);
        Close::new(core, key, closing)
    }

    /// Takes the resource out of the scope, which forgets it: it is yours to close.
    pub fn release(mut self) -> T {
        self.core.remove(self.key);
        self.take().resource
    }

    /// Puts `resource` in the place of this one, and closes this one.
    ///
    /// The new one is in its place when this returns, also if the future is dropped.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: see [`Close`].
    pub fn replace(&mut self, resource: T) -> Close<'scope, R>
    where
        T: AsyncClose + Send + 'static,
    {
        self.replace_held(Held::new(resource))
    }

    /// As [`replace`](Self::replace), with a closure that will close the new one.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost: see [`Close`].
    pub fn replace_with<F, Fut>(&mut self, resource: T, closer: F) -> Close<'scope, R>
    where
        T: Send + 'static,
        F: FnOnce(T) -> Fut + Send + 'static,
        Fut: Future<Output: CloseOutput> + Send,
    {
        self.replace_held(Held::with(resource, closer))
    }

    /// The most that closing this resource may take, beside what the scope gives it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero or more than 100 years. The resource is back in the scope
    /// then.
    pub fn close_within(self, limit: Duration) -> Result<Self, ConfigError> {
        check_period("close_within", limit)?;
        self.core.set_limit_of(self.key, limit);
        Ok(self)
    }

    fn replace_held(&mut self, held: Held<T>) -> Close<'scope, R> {
        let key = self.core.add_like(self.key);
        let old = self.held.replace(held).unwrap_or_else(|| gone());
        Close::new(self.core, key, old.into_closing())
    }

    fn take(&mut self) -> Held<T> {
        self.held.take().unwrap_or_else(|| gone())
    }
}

impl<T: Send + 'static> Held<T> {
    pub(super) fn new(resource: T) -> Self
    where
        T: AsyncClose,
    {
        Self::by(resource, |resource| {
            Box::pin(async move {
                resource.close().await.map_err(|error| CloseFailure::Failed(error.into()))
            })
        })
    }

    pub(super) fn with<F, Fut>(resource: T, closer: F) -> Self
    where
        F: FnOnce(T) -> Fut + Send + 'static,
        Fut: Future<Output: CloseOutput> + Send,
    {
        Self::by(resource, |resource| Box::pin(async move { closer(resource).await.into_closed() }))
    }

    fn by(resource: T, closer: impl FnOnce(T) -> Closing + Send + 'static) -> Self {
        Self { resource, closer: Mutex::new(Box::new(closer)) }
    }
}

impl<T> Held<T> {
    fn into_closing(self) -> Closing {
        let closer = self.closer.into_inner().unwrap_or_else(PoisonError::into_inner);
        closer(self.resource)
    }
}

impl<T, R: Runtime> Deref for Scoped<'_, T, R> {
    type Target = T;

    fn deref(&self) -> &T {
        match &self.held {
            Some(held) => &held.resource,
            None => gone(),
        }
    }
}

impl<T, R: Runtime> DerefMut for Scoped<'_, T, R> {
    fn deref_mut(&mut self) -> &mut T {
        match &mut self.held {
            Some(held) => &mut held.resource,
            None => gone(),
        }
    }
}

impl<T, R: Runtime> Drop for Scoped<'_, T, R> {
    fn drop(&mut self) {
        if let Some(held) = self.held.take() {
            self.core.put_back(self.key, held.into_closing());
        }
    }
}

impl<T: fmt::Debug, R: Runtime> fmt::Debug for Scoped<'_, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Scoped").field(&**self).finish()
    }
}

#[cold]
fn gone() -> ! {
    unreachable!("a guard has its resource until it is consumed")
}
