use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mtaio::executor::CancellationToken;
use mtaio::policy::{BoxPolicy, Policy, PolicyError};
use mtaio::{ConfigError, Retryable, Runtime, TaskExecutor};
use seats::{Backend, BackendError, Front, Store};
use smol::net::{TcpListener, TcpStream};

use crate::http::{Requests, Response};

/// What a connection needs to answer its requests.
#[derive(Clone)]
pub struct Server {
    backend: Backend,
    policy: BoxPolicy<Option<u32>, BackendError>,
    refused: Arc<AtomicU32>,
}

impl Server {
    pub fn new<R: Runtime>(rt: &R) -> Result<Self, ConfigError> {
        let front = Front::new(rt)?;
        let policy = Policy::new(rt)
            .deadline(Front::LIMIT)
            .rate(&front.rate)
            .permit(&front.slots)
            .build()?;
        let backend = Backend::new(rt, Store::new(rt))?;
        Ok(Self { backend, policy: policy.boxed(), refused: Arc::default() })
    }

    /// Takes connections until it is stopped, each as a task of `connections`.
    pub async fn serve<R: Runtime>(
        self,
        listener: TcpListener,
        connections: &TaskExecutor<R>,
        stop: &CancellationToken,
    ) -> io::Result<()> {
        while let Some(accepted) = stop.run_until_cancelled(listener.accept()).await {
            let (stream, _) = accepted?;
            let server = self.clone();
            connections.spawn(async move { server.converse(stream).await }).detach();
        }
        Ok(())
    }

    /// What it has to tell of itself.
    pub fn told(&self) -> String {
        format!("{} were told to come again", self.refused.load(Ordering::Relaxed))
    }

    async fn converse(&self, stream: TcpStream) {
        let mut requests = Requests::new(stream);
        let end: io::Result<()> = async {
            while let Some(path) = requests.next().await? {
                let response = self.respond(&path).await;
                requests.answer(response).await?;
            }
            Ok(())
        }
        .await;
        if let Err(error) = end {
            eprintln!("a connection broke: {error}");
        }
    }

    async fn respond(&self, path: &str) -> Response {
        let Some(tailnum) = path.strip_prefix("/seats/") else {
            return Response::new(404, String::new());
        };
        let backend = &self.backend;
        match self.policy.run(async move |_| backend.seats(tailnum).await).await {
            Ok(Some(seats)) => Response::new(200, seats.to_string()),
            Ok(None) => Response::new(404, String::new()),
            Err(error) => self.refuse(&error),
        }
    }

    /// Who comes too often or at a bad time is told so, and when to come again, if that is known.
    fn refuse(&self, error: &PolicyError<BackendError>) -> Response {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let status = match error {
            PolicyError::Limited(_) => 429,
            PolicyError::Elapsed(_) | PolicyError::Failed(PolicyError::Elapsed(_)) => 504,
            _ => 503,
        };
        // The header counts in whole seconds: less than one is for the client to find out.
        let retry_after = error.retry_after().map(|after| after.as_secs());
        let retry_after = retry_after.filter(|after| *after > 0);
        Response { status, retry_after, body: String::new() }
    }
}
