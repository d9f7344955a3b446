use std::convert::Infallible;
use std::io;

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONTENT_TYPE, RETRY_AFTER};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mtaio::monitor::Registry;
use mtaio::policy::{Policy, PolicyError};
use mtaio::{CancellationToken, ConfigError, Runtime, RuntimeExt, Task};
use seats::{Front, Metrics, Reply, Service};
use tokio::net::TcpListener;
use tower::ServiceBuilder;

/// Serves until `stop`, and then until all requests under way are answered.
pub fn serve<R: Runtime>(
    rt: &R,
    listener: TcpListener,
    service: &Service,
    stop: &CancellationToken,
) -> Result<Task<io::Result<()>>, ConfigError> {
    let router = router(rt, service)?;
    let serving = axum::serve(listener, router).with_graceful_shutdown(stop.cancelled());
    Ok(rt.spawn(serving.into_future()))
}

/// The service behind its front door, which counts whatever it answers; its metrics beside it.
fn router<R: Runtime>(rt: &R, service: &Service) -> Result<Router, ConfigError> {
    let front = &service.front;
    let door =
        Policy::new(rt).deadline(Front::LIMIT).rate(&front.rate).permit(&front.slots).build()?;
    let layers = ServiceBuilder::new()
        .layer(from_fn_with_state(service.metrics.clone(), count))
        .layer(HandleErrorLayer::new(async |error: PolicyError<Infallible>| {
            write(Reply::from(&error))
        }))
        .layer(door.layer());
    Ok(Router::new()
        .route("/seats/{tailnum}", get(seats).put(change).layer(layers))
        .route("/metrics", get(metrics))
        .with_state(service.clone()))
}

async fn seats(State(service): State<Service>, Path(tailnum): Path<String>) -> Response {
    write(service.seats(&tailnum).await)
}

async fn change(
    State(service): State<Service>,
    Path(tailnum): Path<String>,
    body: String,
) -> Response {
    write(service.change(&tailnum, &body).await)
}

async fn metrics(State(service): State<Service>) -> Response {
    ([(CONTENT_TYPE, Registry::CONTENT_TYPE)], service.metrics.page()).into_response()
}

async fn count(State(metrics): State<Metrics>, request: Request, next: Next) -> Response {
    let begun = metrics.begin();
    let response = next.run(request).await;
    metrics.answered(begun, response.status().as_u16());
    response
}

fn write(reply: Reply) -> Response {
    let status = StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    match reply.retry_after {
        Some(after) => (status, [(RETRY_AFTER, after.to_string())], reply.body).into_response(),
        None => (status, reply.body).into_response(),
    }
}
