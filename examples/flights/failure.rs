//! What ends a run before its time.

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use mtaio::{ConfigError, JoinError};
use thiserror::Error;

use super::args::ArgsError;
use super::csv::{InputError, Malformed};
use super::lookups::Unanswered;

#[derive(Debug, Error)]
pub enum Failure {
    #[error("{0} (try --help)")]
    Args(#[from] ArgsError),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error("{path}: cannot be written: {error}", path = path.display())]
    Unwritable { path: PathBuf, error: io::Error },
    #[error("{path}: line {number} is not one to go on from: {reason}", path = path.display())]
    Resume { path: PathBuf, number: u64, reason: String },
    #[error("row {row} was written by a run with other flights")]
    OtherFlights { row: u64 },
    #[error("metrics cannot be served at `{address}`: {error}")]
    Metrics { address: String, error: io::Error },
    #[error("metrics cannot be served: {0}")]
    Server(io::Error),
    #[error("the report cannot be written: {0}")]
    Output(io::Error),
    #[error("the runtime does not start: {0}")]
    Runtime(io::Error),
    #[error(transparent)]
    Simulation(#[from] mtaio_sim::Failure),
    #[error("a setting is refused: {0}")]
    Config(#[from] ConfigError),
    #[error("a chunk of rows was not read: {0}")]
    Reading(JoinError),
    #[error("what was to be written was not: {0}")]
    Writing(JoinError),
    /// It ends nothing: it goes to the dead letters.
    #[error(transparent)]
    Malformed(#[from] Arc<Malformed>),
    #[error("a lookup came to nothing: {0}")]
    Lookup(#[from] Unanswered),
    #[error("a lookup panicked")]
    LookupPanicked,
    #[error("a stage did not work: {0}")]
    Stage(String),
}

impl Failure {
    /// 2 where the caller can mend it, else 1.
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::Args(_)
            | Self::Input(_)
            | Self::Unwritable { .. }
            | Self::Resume { .. }
            | Self::OtherFlights { .. }
            | Self::Metrics { .. } => 2,
            _ => 1,
        }
    }
}
