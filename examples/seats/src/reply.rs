use std::convert::Infallible;

use mtaio::Retryable;
use mtaio::cache::LoadError;
use mtaio::policy::PolicyError;

use crate::backend::BackendError;
use crate::store::Fault;

/// What is answered to a request, however that is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The status of HTTP.
    pub status: u16,
    /// When to come again, in whole seconds, if that is known.
    pub retry_after: Option<u64>,
    /// The text.
    pub body: String,
}

impl Reply {
    /// An answer.
    pub const fn ok(body: String) -> Self {
        Self { status: 200, retry_after: None, body }
    }

    /// No answer, and not for a reason that passes.
    pub const fn refused(status: u16) -> Self {
        Self { status, retry_after: None, body: String::new() }
    }

    /// The seats, if there is such an aircraft.
    pub(crate) fn seats(seats: Option<u32>) -> Self {
        seats.map_or(Self::refused(404), |seats| Self::ok(seats.to_string()))
    }

    /// Who comes too often or at a bad time is told so, and when to come again, if that is known.
    fn later<E: Retryable>(error: &PolicyError<E>) -> Self {
        let status = match error.last() {
            PolicyError::Limited(_) => 429,
            PolicyError::Elapsed(_) => 504,
            _ => 503,
        };
        // The header counts in whole seconds: less than one is for the client to find out.
        let retry_after = error.retry_after().map(|after| after.as_secs());
        let retry_after = retry_after.filter(|after| *after > 0);
        Self { status, retry_after, body: String::new() }
    }
}

/// What the front door says to whom it doesn't let in.
impl From<&PolicyError<Infallible>> for Reply {
    fn from(error: &PolicyError<Infallible>) -> Self {
        Self::later(error)
    }
}

impl From<PolicyError<Fault>> for Reply {
    fn from(error: PolicyError<Fault>) -> Self {
        Self::later(&error)
    }
}

impl From<BackendError> for Reply {
    fn from(error: BackendError) -> Self {
        match error {
            LoadError::Failed(error) => Self::later(&error),
            _ => Self::refused(504),
        }
    }
}
