use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use mtaio::limit::ConcurrencyLimiter;
use mtaio::policy::{BoxPolicy, BreakerConfig, CircuitBreaker, Policy, Retry};
use mtaio::queue::LifoQueue;
use mtaio::time::Jitter;
use mtaio::{ConfigError, Runtime};

use crate::connect::Connect;
use crate::connection::{Connection, Response};
use crate::error::{CallError, DirectoryError};

/// Calls under way at once, and so the most connections.
const CALLS: u32 = 8;

/// What a question may take in all, and each attempt at it.
const IN_ALL: Duration = Duration::from_secs(10);
const AN_ATTEMPT: Duration = Duration::from_millis(500);

/// The client of the service. Its clones share connections and limits.
pub struct Directory<C: Connect> {
    shared: Arc<Shared<C>>,
    policy: BoxPolicy<Option<u32>, CallError>,
}

struct Shared<C: Connect> {
    connector: C,
    /// The one that was used last is the least likely to have gone stale.
    idle: LifoQueue<Connection<C::Io>>,
}

impl<C: Connect> Directory<C> {
    /// A client on `rt` that reaches the service by `connector`. It opens connections when it
    /// needs them.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if its settings make no sense, which would be a bug of this library.
    pub fn new<R: Runtime>(rt: &R, connector: C) -> Result<Self, ConfigError> {
        let retry = Retry::exponential(Duration::from_millis(20))
            .jitter(Jitter::Full)
            .max_delay(Duration::from_secs(1))
            .max_attempts(10)
            .only_retryable()
            .build()?;
        // A service that refuses one call in two is busy, not down.
        let breaker = CircuitBreaker::new(rt, BreakerConfig::new().failure_rate(0.9))?;
        let policy = Policy::new(rt)
            .deadline(IN_ALL)
            .permit(&ConcurrencyLimiter::new(rt, CALLS)?)
            .retry(retry)
            .breaker(&breaker)
            .timeout(AN_ATTEMPT)
            .build()?;
        let shared = Shared { connector, idle: LifoQueue::bounded(CALLS as usize)? };
        Ok(Self { shared: Arc::new(shared), policy: policy.boxed() })
    }

    /// How many seats the aircraft has that carries this number; `None` if there is none.
    ///
    /// # Errors
    ///
    /// [`DirectoryError`] if the service did not answer, or not sensibly, after all attempts.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future closes the connection that it used, and loses nothing else.
    pub async fn seats(&self, tailnum: &str) -> Result<Option<u32>, DirectoryError> {
        if !is_tailnum(tailnum) {
            return Err(DirectoryError::Tailnum(tailnum.to_owned()));
        }
        let (shared, path) = (&self.shared, &format!("/seats/{tailnum}"));
        let answer = self.policy.run(async move |_| shared.get(path).await).await;
        answer.map_err(|error| DirectoryError::Unanswered { tailnum: tailnum.to_owned(), error })
    }
}

impl<C: Connect> Shared<C> {
    /// Asks once.
    async fn get(&self, path: &str) -> Result<Option<u32>, CallError> {
        // One that has gone stale is closed; nothing was answered on it, so the next is asked.
        while let Ok(mut connection) = self.idle.try_get() {
            match connection.get(path).await {
                Err(CallError::Closed) => {}
                answer => return self.finish(connection, answer?),
            }
        }
        let mut connection = Connection::new(self.connector.connect().await?);
        let response = connection.get(path).await?;
        self.finish(connection, response)
    }

    fn finish(
        &self,
        connection: Connection<C::Io>,
        response: Response,
    ) -> Result<Option<u32>, CallError> {
        if response.keeps_open {
            // Where enough are kept already, this one is closed.
            let _ = self.idle.try_put(connection);
        }
        match response.status {
            200 => {
                let seats = std::str::from_utf8(&response.body).ok();
                let seats = seats.and_then(|seats| seats.trim().parse().ok());
                seats.map(Some).ok_or(CallError::Protocol("it is not a number of seats"))
            }
            404 => Ok(None),
            code => Err(CallError::Status { code, retry_after: response.retry_after }),
        }
    }
}

/// Whether it may stand in a path as it is.
fn is_tailnum(tailnum: &str) -> bool {
    (1..=8).contains(&tailnum.len()) && tailnum.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

impl<C: Connect> Clone for Directory<C> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), policy: self.policy.clone() }
    }
}

impl<C: Connect> fmt::Debug for Directory<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Directory").field("idle", &self.shared.idle.len()).finish_non_exhaustive()
    }
}
