//! Errors of this library that others have wrapped.

use std::convert::Infallible;
use std::error::Error as StdError;
use std::time::Duration;

use mtaio_runtime::JoinError;

use super::Error;
use crate::cache::{DistributedError, EnvelopeError, NodeError, QuorumError, ReplicaError};
use crate::config::ConfigError;
use crate::executor::{GatherError, RunError};
use crate::limit::{AcquireError, TryAcquireError, WeightError};
use crate::policy::Open;
use crate::queue::{Closed, PutError, TaskDoneError, TryGetError};
use crate::retryable::Retryable;
use crate::scope::{CloseError, CloseErrors, ScopeError};
use crate::time::Elapsed;

type Source = dyn StdError + 'static;

/// Whether an error is of a certain type, and then itself.
type Known = fn(&Source) -> Option<&dyn Retryable>;

/// Those that carry no error of others. One that does shows it as its source.
const KNOWN: &[Known] = &[
    known::<Error>,
    known::<AcquireError>,
    known::<CloseError>,
    known::<CloseErrors>,
    known::<Closed>,
    known::<ConfigError>,
    known::<DistributedError>,
    known::<Elapsed>,
    known::<EnvelopeError>,
    known::<GatherError<Infallible>>,
    known::<JoinError>,
    known::<NodeError>,
    known::<Open>,
    known::<PutError<()>>,
    known::<QuorumError>,
    known::<ReplicaError>,
    known::<RunError>,
    known::<ScopeError>,
    known::<TaskDoneError>,
    known::<TryAcquireError>,
    known::<TryGetError>,
    known::<WeightError>,
];

fn known<E: StdError + Retryable + 'static>(error: &Source) -> Option<&dyn Retryable> {
    error.downcast_ref::<E>().map(|error| error as _)
}

/// The first error of this library among `error` and its sources.
fn ours(error: &Source) -> Option<&dyn Retryable> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(ours) = KNOWN.iter().find_map(|known| known(error)) {
            return Some(ours);
        }
        next = error.source();
    }
    None
}

impl Retryable for dyn StdError + Send + Sync {
    fn is_retryable(&self) -> bool {
        ours(self).is_some_and(Retryable::is_retryable)
    }

    fn retry_after(&self) -> Option<Duration> {
        ours(self)?.retry_after()
    }
}

impl Retryable for dyn StdError {
    fn is_retryable(&self) -> bool {
        ours(self).is_some_and(Retryable::is_retryable)
    }

    fn retry_after(&self) -> Option<Duration> {
        ours(self)?.retry_after()
    }
}
