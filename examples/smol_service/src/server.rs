use std::convert::Infallible;
use std::io;

use mtaio::policy::{BoxPolicy, Policy};
use mtaio::{CancellationToken, ConfigError, Runtime, TaskExecutor};
use seats::{Front, Reply, Service};
use smol::net::{TcpListener, TcpStream};

use crate::http::{Request, Requests};

/// What a connection needs to answer its requests.
#[derive(Clone)]
pub struct Server {
    service: Service,
    door: BoxPolicy<Reply, Infallible>,
    stop: CancellationToken,
}

impl Server {
    /// The service behind its front door, until `stop`.
    pub fn new<R: Runtime>(
        rt: &R,
        service: &Service,
        stop: &CancellationToken,
    ) -> Result<Self, ConfigError> {
        let front = &service.front;
        let door = Policy::new(rt)
            .deadline(Front::LIMIT)
            .rate(&front.rate)
            .permit(&front.slots)
            .build()?;
        Ok(Self { service: service.clone(), door: door.boxed(), stop: stop.clone() })
    }

    /// Takes connections until it is stopped, each as a task of `connections`.
    pub async fn serve(self, listener: TcpListener, connections: TaskExecutor) -> io::Result<()> {
        while let Some(accepted) = self.stop.run_until_cancelled(listener.accept()).await {
            let (stream, _) = accepted?;
            let server = self.clone();
            connections.spawn(async move { server.converse(stream).await }).detach();
        }
        Ok(())
    }

    /// Answers what a client asks until it hangs up; when it is stopped, what it has asked.
    async fn converse(&self, stream: TcpStream) {
        let mut requests = Requests::new(stream);
        let end: io::Result<()> = async {
            while let Some(request) = self.stop.run_until_cancelled(requests.next()).await {
                let Some(request) = request? else { break };
                let reply = self.answer(&request).await;
                requests.answer(reply).await?;
                if request.is_last {
                    break;
                }
            }
            Ok(())
        }
        .await;
        if let Err(error) = end {
            eprintln!("a connection broke: {error}");
        }
    }

    /// Its metrics, or the service behind its front door, which counts whatever it answers.
    async fn answer(&self, request: &Request) -> Reply {
        let Request { method, path, body, .. } = request;
        let metrics = &self.service.metrics;
        let Some(tailnum) = path.strip_prefix("/seats/") else {
            return match (method.as_str(), path.as_str()) {
                ("GET", "/metrics") => Reply::ok(metrics.page()),
                _ => Reply::refused(404),
            };
        };
        let begun = metrics.begin();
        let service = &self.service;
        let inside = async move |_| {
            Ok(match method.as_str() {
                "GET" => service.seats(tailnum).await,
                "PUT" => service.change(tailnum, body).await,
                _ => Reply::refused(405),
            })
        };
        let reply = self.door.run(inside).await.unwrap_or_else(|error| Reply::from(&error));
        metrics.answered(begun, reply.status);
        reply
    }
}
