use mtaio::ConfigError;
use mtaio::queue::LifoQueue;

use crate::connect::Connect;
use crate::connection::{Connection, Request, Response};
use crate::error::CallError;

/// The connections of a client.
pub(crate) struct Pool<C: Connect> {
    connector: C,
    /// The one that was used last is the least likely to have gone stale.
    idle: LifoQueue<Connection<C::Io>>,
}

impl<C: Connect> Pool<C> {
    pub(crate) fn new(connector: C, most: u32) -> Result<Self, ConfigError> {
        Ok(Self { connector, idle: LifoQueue::bounded(most as usize)? })
    }

    /// Asks once.
    pub(crate) async fn call(&self, request: &Request<'_>) -> Result<Option<u32>, CallError> {
        // One that has gone stale is closed; nothing was answered on it, so the next is asked.
        while let Ok(mut connection) = self.idle.try_get() {
            match connection.call(request).await {
                Err(CallError::Closed) => {}
                answer => return self.finish(connection, answer?),
            }
        }
        let mut connection = Connection::new(self.connector.connect().await?);
        let response = connection.call(request).await?;
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

    /// Takes leave on all that are kept.
    pub(crate) async fn close(&self) {
        while let Ok(connection) = self.idle.try_get() {
            connection.close().await;
        }
    }

    pub(crate) fn idle(&self) -> usize {
        self.idle.len()
    }
}
