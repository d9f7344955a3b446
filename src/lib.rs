//! The batteries of an async service, written once against a small runtime trait.

pub mod callback;
pub mod config;
pub mod executor;
mod queue;
pub mod time;

pub use mtaio_runtime::{
    Ambient, DynRuntime, Instant, JoinError, Runtime, RuntimeExt, Task, TaskName,
};

pub use crate::config::ConfigError;
pub use crate::executor::{CancellationToken, TaskExecutor};
