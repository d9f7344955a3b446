use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use axum::Router;
use axum::error_handling::HandleErrorLayer;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use mtaio::policy::{Policy, PolicyError};
use mtaio::{ConfigError, Retryable, Runtime};
use seats::{Backend, Front, Store};
use tower::ServiceBuilder;

/// How many were told to come again.
#[derive(Clone, Default)]
pub struct Refused(Arc<AtomicU32>);

/// The service, behind its front door.
pub fn router<R: Runtime>(rt: &R) -> Result<(Router, Refused), ConfigError> {
    let refused = Refused::default();
    let front = Front::new(rt)?;
    let door =
        Policy::new(rt).deadline(Front::LIMIT).rate(&front.rate).permit(&front.slots).build()?;
    let counted = refused.clone();
    let layers = ServiceBuilder::new()
        .layer(HandleErrorLayer::new(async move |error| counted.refuse(&error)))
        .layer(door.layer());
    let backend = Backend::new(rt, Store::new(rt))?;
    let router = Router::new()
        .route("/seats/{tailnum}", get(seats).layer(layers))
        .with_state((backend, refused.clone()));
    Ok((router, refused))
}

async fn seats(
    State((backend, refused)): State<(Backend, Refused)>,
    Path(tailnum): Path<String>,
) -> Response {
    match backend.seats(&tailnum).await {
        Ok(Some(seats)) => seats.to_string().into_response(),
        Ok(None) => StatusCode::NOT_FOUND.into_response(),
        Err(error) => refused.refuse(&error),
    }
}

impl Refused {
    /// Who comes too often or at a bad time is told so, and when to come again, if that is known.
    fn refuse<E: Retryable>(&self, error: &PolicyError<E>) -> Response {
        self.0.fetch_add(1, Ordering::Relaxed);
        let status = match error.last() {
            PolicyError::Limited(_) => StatusCode::TOO_MANY_REQUESTS,
            PolicyError::Elapsed(_) => StatusCode::GATEWAY_TIMEOUT,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        // The header counts in whole seconds: less than one is for the client to find out.
        match error.retry_after().map(|after| after.as_secs()).filter(|after| *after > 0) {
            Some(after) => (status, [(RETRY_AFTER, after.to_string())]).into_response(),
            None => status.into_response(),
        }
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.load(Ordering::Relaxed).fmt(f)
    }
}
