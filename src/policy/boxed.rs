use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::error::PolicyError;
use super::policy::Call;
use super::retry::Attempt;
use super::stage::{Next, Stage};
use crate::callback::Callback;

/// A [`Policy`](super::Policy) behind a type that names none of its stages: for the field of a
/// struct. Made by [`Policy::boxed`](super::Policy::boxed); its clones share the policy.
///
/// Its parameters are what its calls answer with, and nothing else: `Result<T, E>`.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::{ConfigError, Runtime};
/// use mtaio::policy::{BoxPolicy, Policy, PolicyError, Retry};
///
/// struct Client {
///     policy: BoxPolicy<u32, String>,
/// }
///
/// impl Client {
///     fn new<R: Runtime>(rt: &R) -> Result<Self, ConfigError> {
///         let retry = Retry::constant(Duration::from_millis(10)).build()?;
///         let policy = Policy::new(rt).retry(retry).timeout(Duration::from_secs(1)).build()?;
///         Ok(Self { policy: policy.boxed() })
///     }
///
///     async fn look_up(&self, name: &str) -> Result<u32, PolicyError<String>> {
///         self.policy
///             .run(async move |_| match name {
///                 "ada" => Ok(1815),
///                 _ => Err(format!("no `{name}`")),
///             })
///             .await
///     }
/// }
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let client = Client::new(&rt)?;
/// assert_eq!(client.look_up("ada").await, Ok(1815));
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[must_use = "a policy does nothing by itself: `run` something"]
pub struct BoxPolicy<T, E> {
    stage: Arc<dyn Erased<T, E>>,
}

/// The future of a wrapped function.
pub type BoxRun<T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send>>;

type BoxFuture<'a, T, E> = Pin<Box<dyn Future<Output = Result<T, PolicyError<E>>> + Send + 'a>>;

impl<T: Send + 'static, E: Send + 'static> BoxPolicy<T, E> {
    pub(super) fn new<S: Stage<T, E> + 'static>(stage: Arc<S>) -> Self {
        Self { stage }
    }

    /// Calls `f` under the policy; see [`Policy::run`](super::Policy::run). It costs an allocation a
    /// call and one an attempt.
    ///
    /// # Errors
    ///
    /// [`PolicyError`]: its own error, or what a stage made of it.
    ///
    /// # Cancel safety
    ///
    /// That of [`Policy::run`](super::Policy::run).
    pub async fn run<F>(&self, f: F) -> Result<T, PolicyError<E>>
    where
        F: Callback<Attempt, Output = Result<T, E>, Future: Send> + Send + Sync,
    {
        let call = Call(f);
        self.stage.call_erased(&call).await
    }

    /// `f` under the policy; see [`Policy::wrap`](super::Policy::wrap).
    pub fn wrap<A, F>(
        &self,
        f: F,
    ) -> impl Fn(A) -> BoxRun<T, PolicyError<E>> + Clone + use<A, T, E, F>
    where
        F: Callback<A, Output = Result<T, E>, Future: Send> + Send + Sync + 'static,
        A: Clone + Send + Sync + 'static,
    {
        let policy = self.clone();
        move |argument| {
            let (policy, f) = (policy.clone(), f.clone());
            Box::pin(async move { policy.run(move |_: Attempt| f.call(argument)).await })
        }
    }
}

impl<T, E> Clone for BoxPolicy<T, E> {
    fn clone(&self) -> Self {
        Self { stage: Arc::clone(&self.stage) }
    }
}

impl<T, E> fmt::Debug for BoxPolicy<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BoxPolicy").finish_non_exhaustive()
    }
}

/// The object-safe mirror of [`Stage`].
trait Erased<T, E>: Send + Sync {
    fn call_erased<'a>(&'a self, next: &'a dyn ErasedNext<T, E>) -> BoxFuture<'a, T, E>;
}

impl<T: Send + 'static, E: Send + 'static, S: Stage<T, E>> Erased<T, E> for S {
    fn call_erased<'a>(&'a self, next: &'a dyn ErasedNext<T, E>) -> BoxFuture<'a, T, E> {
        Box::pin(self.call(Attempt::FIRST, Borrowed(next)))
    }
}

/// The object-safe mirror of [`Next`], called any number of times.
trait ErasedNext<T, E>: Send + Sync {
    fn call_erased(&self, attempt: Attempt) -> BoxFuture<'_, T, E>;
}

impl<T: Send + 'static, E: Send + 'static, N: Next<T, E> + Sync> ErasedNext<T, E> for N {
    fn call_erased(&self, attempt: Attempt) -> BoxFuture<'_, T, E> {
        Box::pin(self.clone().call(attempt))
    }
}

struct Borrowed<'a, T, E>(&'a dyn ErasedNext<T, E>);

impl<T, E> Clone for Borrowed<'_, T, E> {
    fn clone(&self) -> Self {
        Self(self.0)
    }
}

impl<T: Send, E: Send> Next<T, E> for Borrowed<'_, T, E> {
    fn call(self, attempt: Attempt) -> impl Future<Output = Result<T, PolicyError<E>>> + Send {
        self.0.call_erased(attempt)
    }
}
