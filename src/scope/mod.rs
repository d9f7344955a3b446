//! Resources that are closed by async operations: in the right order, all of them, whatever
//! happens to the work that they are for.
//!
//! ```
//! use std::time::Duration;
//! use mtaio::ResourceScope;
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let outcome = ResourceScope::new(&rt)
//!     .close_within(Duration::from_secs(5))?
//!     .run(async |scope| {
//!         let orders = scope.add_with("orders", vec![1, 2], async |_| Err("disk full"));
//!         let log = scope.add_with("log", String::new(), async |_| ());
//!         log.close().await.expect("early");
//!         orders.iter().sum::<i32>()
//!     })
//!     .await;
//!
//! assert_eq!(outcome.body.unwrap(), 3);
//! assert_eq!(outcome.close_errors[0].to_string(), "`orders` did not close: disk full");
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```

mod abandoned;
mod async_close;
mod attempt;
mod contain;
mod core;
mod error;
mod future;
mod outcome;
mod resource_scope;
mod scoped;

pub use self::abandoned::Abandoned;
pub use self::async_close::{AsyncClose, CloseOutput, StillShared};
pub use self::error::{CloseError, CloseErrors, CloseFailure, ScopeError};
pub use self::future::Close;
pub use self::outcome::Outcome;
pub use self::resource_scope::ResourceScope;
pub use self::scoped::Scoped;
