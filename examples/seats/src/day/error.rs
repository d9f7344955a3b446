use mtaio::executor::GatherError;
use mtaio::{ConfigError, JoinError};
use neutral_client::{CutOff, DirectoryError};
use thiserror::Error;

use crate::page::PageError;

/// Why a day was not a good one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DayError {
    /// The settings were refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// One of many questions had no answer.
    #[error(transparent)]
    OneOfMany(#[from] GatherError<DirectoryError>),
    /// A question had no answer.
    #[error(transparent)]
    Unanswered(#[from] DirectoryError),
    /// A client that nobody asks any more had questions under way.
    #[error(transparent)]
    CutOff(#[from] CutOff),
    /// An answer was wrong.
    #[error("{tailnum} has {answered:?} seats, they say, and not {expected:?}")]
    Wrong {
        /// The aircraft that was asked for.
        tailnum: &'static str,
        /// What it has.
        expected: Option<u32>,
        /// What was answered.
        answered: Option<u32>,
    },
    /// The monitor did not tell what it must.
    #[error("the alert that the store is {0} was not told")]
    NotTold(&'static str),
    /// The metrics are not what they must be.
    #[error(transparent)]
    Page(#[from] PageError),
    /// Who asks is gone.
    #[error(transparent)]
    Gone(#[from] JoinError),
}
