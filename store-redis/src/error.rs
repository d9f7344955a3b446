use std::io;
use std::sync::Arc;
use std::time::Duration;

use mtaio::cache::NodeError;
use thiserror::Error;

/// What is wrong with a connection: the source of a
/// [`NodeError::Unavailable`](mtaio::cache::NodeError::Unavailable).
///
/// All calls that were under way when it was lost come to the same one.
#[derive(Clone, Debug, Error)]
#[non_exhaustive]
pub enum ConnectionError {
    /// The connector failed.
    #[error("no connection to {address}: {source}")]
    Connect {
        /// Where to.
        address: String,
        /// What it failed with.
        source: Arc<io::Error>,
    },
    /// There was no connection in time, or the server did not introduce itself on it.
    #[error("no connection to {address} within {limit:?}")]
    Slow {
        /// Where to.
        address: String,
        /// How long it was given.
        limit: Duration,
    },
    /// The server accepts what is asked, and answers nothing.
    #[error("nothing was answered for {limit:?}")]
    Silent {
        /// How long it was given.
        limit: Duration,
    },
    /// The server closed the connection.
    #[error("the server closed the connection")]
    Closed,
    /// Reading or writing failed.
    #[error("the connection broke: {0}")]
    Broken(Arc<io::Error>),
    /// The server can't serve now: it starts, has too many clients, or lost its own master.
    #[error("the server can't serve now: {0}")]
    NotReady(Arc<str>),
    /// The server does not let us in: a wrong password, no permission, or it is too old.
    #[error("the server refused the connection: {0}")]
    Refused(Arc<str>),
    /// What came was no reply.
    #[error("what came is no reply: {0}")]
    Garbage(Arc<str>),
    /// The connector or its stream panicked.
    #[error("the connector panicked: {0}")]
    Panicked(Arc<str>),
    /// The task that held the connection is gone: its runtime was shut down.
    #[error("the task of the connection is gone")]
    Gone,
}

impl ConnectionError {
    /// What a call comes to because of it.
    pub(crate) fn into_node_error(self, retry_after: Option<Duration>) -> NodeError {
        match self {
            Self::Refused(_) => NodeError::refused(self.to_string()),
            Self::Garbage(_) => NodeError::protocol(self.to_string()),
            _ => NodeError::Unavailable { source: Box::new(self), retry_after },
        }
    }
}
