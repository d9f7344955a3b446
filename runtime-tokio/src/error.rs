use std::error::Error;
use std::fmt;

/// Why there is no [`Tokio`](crate::Tokio) to be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidRuntime {
    /// The code does not run in the context of a tokio runtime.
    NoContext,
    /// The runtime has no timers.
    NoTimers,
}

impl fmt::Display for InvalidRuntime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoContext => {
                "no tokio runtime here: call this in its context, or pass its handle to `Tokio::new`"
            }
            Self::NoTimers => {
                "the tokio runtime has no timers: build it with `enable_time` or `enable_all`"
            }
        })
    }
}

impl Error for InvalidRuntime {}
