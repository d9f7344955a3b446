//! Policies as layers of tower, in feature `tower`.
//!
//! A whole [`Policy`](super::Policy) is one by [`layer`](super::Policy::layer), and a single part by
//! the functions here.
//!
//! - The service inside is asked whether it is ready before each call of it: by the
//!   [`poll_ready`](tower_service::Service::poll_ready) of who calls for the first attempt, and by
//!   the policy, on a clone, for a further one. A permit or a place that the service keeps ready for
//!   a call that a stage refuses is given back with that clone.
//! - Limits and breakers admit in the call: while they make it wait, its future is pending, not the
//!   service.
//! - Where a call can be made again the request is `Clone`; otherwise it need not be, and a body that
//!   streams passes through.
//! - Futures are boxed: one allocation a call.
//!
//! # Examples
//!
//! ```
//! use std::future::{Ready, ready};
//! use std::task::{Context, Poll};
//! use std::time::Duration;
//! use mtaio::policy::{Policy, Retry};
//! use tower_layer::Layer;
//! use tower_service::Service;
//!
//! /// Fails every other time.
//! #[derive(Clone)]
//! struct Flaky(std::sync::Arc<std::sync::atomic::AtomicU32>);
//!
//! impl Service<u32> for Flaky {
//!     type Response = u32;
//!     type Error = &'static str;
//!     type Future = Ready<Result<u32, &'static str>>;
//!
//!     fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
//!         Poll::Ready(Ok(()))
//!     }
//!
//!     fn call(&mut self, request: u32) -> Self::Future {
//!         let calls = self.0.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
//!         ready(if calls % 2 == 0 { Err("busy") } else { Ok(2 * request) })
//!     }
//! }
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let retry = Retry::constant(Duration::from_millis(10)).build()?;
//! let policy = Policy::new(&rt).retry(retry).timeout(Duration::from_secs(1)).build()?;
//!
//! let mut service = policy.layer().layer(Flaky(Default::default()));
//! std::future::poll_fn(|cx| service.poll_ready(cx)).await.unwrap();
//! assert_eq!(service.call(21).await, Ok(42));
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```

mod feed;
mod layer;
mod parts;
mod service;

pub use self::feed::Feed;
pub use self::layer::PolicyLayer;
pub use self::parts::{breaker, deadline, fallback, hedge, limit, retry, timeout};
pub use self::service::PolicyService;
