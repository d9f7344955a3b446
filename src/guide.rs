//! Guides: how the parts go together. Their code is compiled and run with the tests.
//!
//! | guide | for whom |
//! | --- | --- |
//! | [`getting_started`] | who begins, on tokio, on smol, in tests |
//! | [`neutral_library`] | who writes a library and leaves the runtime to its users |
//! | [`limits_and_policies`] | who calls others, and would like to be called again |
//! | [`caches`] | who would rather not ask again, in one process or in several |
//! | [`graceful_shutdown`] | who runs a service, and stops it |
//! | [testing](https://docs.rs/mtaio-sim/latest/mtaio_sim/guide/) | who tests what waits, in the simulator: the guide is that crate's |
//! | [`extending`] | who writes a stage, an operator, a limiter |
//! | [`adapter`] | who has a runtime that nobody bound yet |
//! | [`from_python`] | who knows the Python framework of this name |

#[doc = include_str!("../docs/getting_started.md")]
pub mod getting_started {}

#[doc = include_str!("../docs/neutral_library.md")]
pub mod neutral_library {}

#[doc = include_str!("../docs/limits_and_policies.md")]
pub mod limits_and_policies {}

#[doc = include_str!("../docs/caches.md")]
pub mod caches {}

#[doc = include_str!("../docs/graceful_shutdown.md")]
pub mod graceful_shutdown {}

#[doc = include_str!("../docs/extending.md")]
pub mod extending {}

#[doc = include_str!("../docs/adapter.md")]
pub mod adapter {}

#[doc = include_str!("../docs/from_python.md")]
pub mod from_python {}
