//! Limits: how often, how many at once, how much in all.
//!
//! A limiter admits who may go on now, lets wait who may go on later, and refuses the rest. It is a
//! handle, cheap to clone: all clones share what is admitted.
//!
//! ```
//! use mtaio::limit::{ConcurrencyLimiter, LimiterExt};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let calls = ConcurrencyLimiter::new(&rt, 8)?;
//!
//! let permit = calls.acquire().await?; // Waits while 8 are out.
//! drop(permit);
//! assert_eq!(calls.run(async { "the answer" }).await?, "the answer");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # }).unwrap();
//! ```
//!
//! # Which one
//!
//! | what there is only so much of | the limiter |
//! | --- | --- |
//! | calls a second, spread evenly, some of them in a burst | [`RateLimiter`] |
//! | calls in each hour or minute, as somebody's terms count them | [`WindowLimiter`] |
//! | calls a second of each user, address or tenant | [`KeyedRateLimiter`] |
//! | calls a second of a resource that tells its load | [`AdaptiveRateLimiter`] |
//! | calls at once, connections, memory (by weight) | [`ConcurrencyLimiter`] |
//! | both, of one resource | [`ResourceLimiter`] |
//! | several things at once, all or nothing | [`acquire_all`] over their limiters |
//! | the capacity of a service, which nobody knows | [`AdaptiveConcurrency`] |
//! | something else | your own [`Limiter`] |
//!
//! # Fairness
//!
//! Who waits is served in the order of coming, and nobody overtakes: not the light behind the heavy,
//! and no `try_acquire`. A future that is dropped gives up its place, or what it was granted. One
//! that is forgotten ([`std::mem::forget`]) loses what it is granted and no more. However many wait,
//! a limiter has one timer.
//!
//! # The end of a wait
//!
//! A wait ends with the inherited [`Deadline`](crate::time::Deadline); where a limiter knows that
//! this will be too early, at once. What can never be admitted, a weight of zero or more than there
//! is, is refused at once, too.

mod adaptive_concurrency;
mod adaptive_rate;
mod all;
mod concurrency;
mod error;
mod ext;
mod keyed;
mod limiter;
mod rate;
mod resource;
mod waiting;
mod window;

pub use self::adaptive_concurrency::{
    Adaptation, AdaptiveConcurrency, AdaptiveConcurrencyStats, AdaptivePermit,
};
pub use self::adaptive_rate::{AdaptiveRateLimiter, AdaptiveRateStats, RateRule};
pub use self::all::{Ask, LimiterSet, acquire_all};
pub use self::concurrency::{
    AcquireOwnedPermit, AcquirePermit, ConcurrencyLimiter, ConcurrencyStats, OwnedPermit, Permit,
};
pub use self::error::{AcquireError, TryAcquireError, WeightError};
pub use self::ext::{LimitedRun, LimiterExt};
pub use self::keyed::{KeyedRateLimiter, KeyedStats};
pub use self::limiter::{Limiter, Outcome};
pub use self::rate::{Rate, RateAcquire, RateLimiter, RateStats};
pub use self::resource::ResourceLimiter;
pub use self::window::{Window, WindowAcquire, WindowLimiter, WindowPermit, WindowStats};
