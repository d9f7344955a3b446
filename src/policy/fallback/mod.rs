//! Another answer instead of an error.

mod answer;
mod last_good;

use std::fmt;
use std::future::Future;

pub use self::answer::{Answer, Function, Value};
pub use self::last_good::LastGood;
use super::boxed::BoxRun;
use crate::callback::Callback;

/// Another answer instead of an error: a value, what a function makes of the error, or the last
/// good answer.
///
/// As a stage of a [`Policy`](super::Policy) it belongs outermost: what is outside of it sees no
/// failure. A function then gets the [`PolicyError`](super::PolicyError).
///
/// # Examples
///
/// ```
/// use mtaio::policy::Fallback;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let up = async || Ok::<_, &str>(42);
/// let down = async || Err::<u32, _>("down");
///
/// let value = Fallback::value(7);
/// assert_eq!((value.run(up()).await, value.run(down()).await), (Ok(42), Ok(7)));
///
/// let last_good = Fallback::last_good();
/// assert_eq!(last_good.run(down()).await, Err("down"));
/// assert_eq!(last_good.run(up()).await, Ok(42));
/// assert_eq!(last_good.run(down()).await, Ok(42));
///
/// let function = Fallback::with(async |error: &'static str| match error {
///     "down" => Ok(0),
///     other => Err(other),
/// });
/// assert_eq!(function.run(down()).await, Ok(0));
/// # });
/// ```
#[derive(Clone)]
#[must_use = "a fallback does nothing by itself: `run` something"]
pub struct Fallback<A> {
    answer: A,
}

impl<A> Fallback<A> {
    /// A kind of your own.
    pub const fn new(answer: A) -> Self {
        Self { answer }
    }

    /// Does `future`, and answers an error of it.
    ///
    /// # Errors
    ///
    /// Where there is no other answer either.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the one inside, or that of the function.
    #[inline]
    pub async fn run<T, E, F>(&self, future: F) -> Result<T, E>
    where
        F: Future<Output = Result<T, E>>,
        A: Answer<T, E>,
    {
        match future.await {
            Ok(value) => {
                self.answer.learn(&value);
                Ok(value)
            }
            Err(error) => self.answer.answer(error).await,
        }
    }

    /// `f` with this fallback: a function that calls it. Its futures are boxed, so that they have a
    /// name.
    pub fn wrap<I, T, E, F>(&self, f: F) -> impl Fn(I) -> BoxRun<T, E> + Clone + use<A, I, T, E, F>
    where
        A: Answer<T, E> + Clone + Send + Sync + 'static,
        F: Callback<I, Output = Result<T, E>, Future: Send> + Send + 'static,
        I: Send + 'static,
        T: Send,
        E: Send,
    {
        let fallback = self.clone();
        move |argument| {
            let (fallback, f) = (fallback.clone(), f.clone());
            Box::pin(async move { fallback.run(f.call(argument)).await })
        }
    }
}

impl<A> fmt::Debug for Fallback<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fallback").finish_non_exhaustive()
    }
}
