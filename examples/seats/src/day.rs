use mtaio::executor::GatherError;
use mtaio::{ConfigError, Runtime, TaskExecutor};
use neutral_client::{Connect, Directory, DirectoryError};
use thiserror::Error;

use crate::store::Store;

/// Questions of a day, and how many are asked at once.
const QUESTIONS: usize = 200;
const AT_ONCE: usize = 16;

/// Why a day was not a good one.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DayError {
    /// The settings were refused.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A question had no answer.
    #[error(transparent)]
    Unanswered(#[from] GatherError<DirectoryError>),
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
}

/// Asks the service the questions of a day, many at once, and answers how many they were.
///
/// # Errors
///
/// [`DayError`] if a question had no answer, or a wrong one.
pub async fn work_a_day<C: Connect, R: Runtime>(
    rt: &R,
    directory: &Directory<C>,
) -> Result<usize, DayError> {
    let known = Store::tailnums().map(|(tailnum, seats)| (tailnum, Some(seats)));
    let questions: Vec<_> = known.chain([("N404", None)]).cycle().take(QUESTIONS).collect();
    let directory = directory.clone();
    let ask = async move |(tailnum, _): (&'static str, Option<u32>)| directory.seats(tailnum).await;
    let answers = TaskExecutor::new(rt).limit(AT_ONCE)?.map(questions.clone(), ask).await?;
    for ((tailnum, expected), answered) in questions.into_iter().zip(answers) {
        if answered != expected {
            return Err(DayError::Wrong { tailnum, expected, answered });
        }
    }
    Ok(QUESTIONS)
}
