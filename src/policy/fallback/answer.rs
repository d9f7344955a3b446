use std::future::{Future, ready};

use super::Fallback;
use crate::callback::Callback;

/// What a [`Fallback`] answers with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not answer with `{T}` where there is `{E}`",
    label = "not an answer of this type",
    note = "a fallback answers with what the call answers with: a `{T}`",
    note = "a function takes a `{E}` and answers with `Result<{T}, {E}>`"
)]
pub trait Answer<T, E> {
    /// The answer to `error`: a value, this error again, or another one.
    fn answer(&self, error: E) -> impl Future<Output = Result<T, E>> + Send;

    /// Sees a good answer.
    fn learn(&self, value: &T) {
        let _ = value;
    }
}

/// Always the same; see [`Fallback::value`].
#[derive(Clone, Copy, Debug)]
pub struct Value<T>(T);

impl<T: Clone> Fallback<Value<T>> {
    /// A clone of `value`, whatever the error.
    pub const fn value(value: T) -> Self {
        Self::new(Value(value))
    }
}

impl<T: Clone + Send, E: Send> Answer<T, E> for Value<T> {
    fn answer(&self, _error: E) -> impl Future<Output = Result<T, E>> + Send {
        ready(Ok(self.0.clone()))
    }
}

/// What a function makes of the error; see [`Fallback::with`].
#[derive(Clone, Copy, Debug)]
pub struct Function<F>(F);

impl<F> Fallback<Function<F>> {
    /// What `f` makes of the error. It may give it back, where it has no answer.
    pub const fn with<T, E>(f: F) -> Self
    where
        F: Callback<E, Output = Result<T, E>, Future: Send> + Send + Sync,
    {
        Self::new(Function(f))
    }
}

impl<T, E, F> Answer<T, E> for Function<F>
where
    F: Callback<E, Output = Result<T, E>, Future: Send> + Send + Sync,
{
    fn answer(&self, error: E) -> impl Future<Output = Result<T, E>> + Send {
        self.0.clone().call(error)
    }
}
