use std::any::Any;
use std::borrow::Cow;
use std::error::Error;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::{Mutex, PoisonError};

/// Why a [`Task`](crate::Task) has no value to give. The three cases are all there are.
#[derive(Debug)]
pub enum JoinError {
    /// The task was aborted, and its future has been dropped.
    Cancelled,
    /// The future panicked, in a poll or when it was dropped.
    Panicked(Panic),
    /// The runtime was shut down, before or while the task ran, and the future has been dropped.
    RuntimeGone,
}

impl JoinError {
    /// Whether the task was aborted.
    pub const fn is_cancelled(&self) -> bool {
        matches!(self, Self::Cancelled)
    }

    /// Whether the task's future panicked.
    pub const fn is_panicked(&self) -> bool {
        matches!(self, Self::Panicked(_))
    }

    /// Whether the task ended with its runtime.
    pub const fn is_runtime_gone(&self) -> bool {
        matches!(self, Self::RuntimeGone)
    }
}

impl fmt::Display for JoinError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cancelled => f.write_str("the task was cancelled"),
            Self::Panicked(panic) => write!(f, "the task panicked: {}", panic.message()),
            Self::RuntimeGone => f.write_str("the task's runtime is gone"),
        }
    }
}

impl Error for JoinError {}

/// A panic that was caught: its message, and the payload to raise it again.
pub struct Panic(Box<Caught>);

/// Boxed, since a result that is hardly ever a panic should not be as large as one.
struct Caught {
    message: Cow<'static, str>,
    /// Payloads need not be `Sync`; behind a lock that is only ever opened by value they may be.
    payload: Mutex<Box<dyn Any + Send>>,
}

impl Panic {
    /// Takes what [`catch_unwind`] returned.
    pub fn new(payload: Box<dyn Any + Send>) -> Self {
        let message = match payload.downcast_ref::<&'static str>() {
            Some(message) => Cow::Borrowed(*message),
            None => match payload.downcast_ref::<String>() {
                Some(message) => Cow::Owned(message.clone()),
                None => Cow::Borrowed("(a payload that is not text)"),
            },
        };
        Self(Box::new(Caught { message, payload: Mutex::new(payload) }))
    }

    /// What the panic said.
    pub fn message(&self) -> &str {
        &self.0.message
    }

    /// What the panic carried.
    pub fn into_payload(self) -> Box<dyn Any + Send> {
        self.0.payload.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    /// Goes on panicking, here.
    ///
    /// # Panics
    ///
    /// Always, with the payload that was caught. The panic hook is not called again.
    pub fn resume(self) -> ! {
        resume_unwind(self.into_payload())
    }
}

impl fmt::Debug for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Panic").field(&self.message()).finish()
    }
}

impl fmt::Display for Panic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.message())
    }
}

/// Calls `f` and turns a panic into a value.
pub(crate) fn contain<T>(f: impl FnOnce() -> T) -> Result<T, Panic> {
    catch_unwind(AssertUnwindSafe(f)).map_err(Panic::new)
}

/// Drops what nobody wants, and contains the panic of its destructor. What that panic carries is
/// leaked: it could panic once more.
pub(crate) fn discard<T>(value: T) {
    if let Err(panic) = contain(|| drop(value)) {
        std::mem::forget(panic);
    }
}
