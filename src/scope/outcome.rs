use mtaio_runtime::Panic;

use super::error::{CloseError, CloseErrors, ScopeError};

/// What came of a scope: of its body, and of closing its resources.
///
/// The parts are there to be looked at; [`into_result`](Self::into_result) and
/// [`into_value`](Self::into_value) make one `Result` of them, [`resume`](Self::resume) goes on
/// with the body's panic.
///
/// # Examples
///
/// ```
/// use mtaio::ResourceScope;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let outcome = ResourceScope::new(&rt)
///     .run(async |scope| {
///         scope.defer("log", async || Err("disk full"));
///         7
///     })
///     .await;
/// assert!(matches!(outcome.body, Ok(7)));
/// assert_eq!(outcome.close_errors[0].to_string(), "`log` did not close: disk full");
/// # });
/// ```
#[derive(Debug)]
#[must_use = "the body's panic and the errors of closing are in it"]
#[non_exhaustive]
pub struct Outcome<T> {
    /// What the body returned, or its panic.
    pub body: Result<T, Panic>,
    /// What did not close, in the order of closing.
    pub close_errors: Vec<CloseError>,
}

impl<T> Outcome<T> {
    /// The body's value, if it returned one and everything closed.
    ///
    /// # Errors
    ///
    /// [`ScopeError::Panicked`] or [`ScopeError::NotClosed`]. The value of a body whose resources
    /// did not all close is dropped: take it from [`body`](Self::body) if you want it nonetheless.
    pub fn into_value(self) -> Result<T, ScopeError> {
        let Self { body, close_errors } = self;
        match body {
            Err(panic) => Err(ScopeError::Panicked { panic, close_errors }),
            Ok(value) => Ok(CloseErrors::check(close_errors).map(|()| value)?),
        }
    }

    /// What the body returned, beside what did not close. For those who report the latter and go on
    /// with the former.
    ///
    /// # Panics
    ///
    /// With the panic of the body, if it panicked. The close errors are dropped then.
    pub fn resume(self) -> (T, Vec<CloseError>) {
        match self.body {
            Ok(value) => (value, self.close_errors),
            Err(panic) => panic.resume(),
        }
    }
}

impl<T, E> Outcome<Result<T, E>> {
    /// The value of a body that returns a `Result`, if it succeeded and everything closed.
    ///
    /// # Errors
    ///
    /// [`ScopeError`], whose three cases are the body's error, its panic, and a body that succeeded
    /// with something not closed; each has the close errors with it. In the last case the value is
    /// dropped: take it from [`body`](Self::body) if you want it nonetheless.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::ResourceScope;
    /// use mtaio::scope::ScopeError;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let outcome = ResourceScope::new(&rt).run(async |_scope| "7".parse::<u32>()).await;
    /// assert!(matches!(outcome.into_result(), Ok(7)));
    ///
    /// let outcome = ResourceScope::new(&rt).run(async |_scope| "seven".parse::<u32>()).await;
    /// assert!(matches!(outcome.into_result(), Err(ScopeError::Failed { .. })));
    /// # });
    /// ```
    pub fn into_result(self) -> Result<T, ScopeError<E>> {
        let Self { body, close_errors } = self;
        match body {
            Err(panic) => Err(ScopeError::Panicked { panic, close_errors }),
            Ok(Err(error)) => Err(ScopeError::Failed { error, close_errors }),
            Ok(Ok(value)) => Ok(CloseErrors::check(close_errors).map(|()| value)?),
        }
    }
}
