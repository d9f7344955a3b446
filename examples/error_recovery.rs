//! Recovery from errors: work is run by an executor, and tried again where that may help, three
//! times at most and twice as long after each time.
//!
//! What may help is for the errors to say: work that took too long is tried again, work that answers
//! that there is no such thing is not.
//!
//! ```text
//! cargo run --example error_recovery -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

mod common;

use std::process::ExitCode;
use std::time::Duration;

use mtaio::callback::Callback;
use mtaio::executor::RunError;
use mtaio::policy::{Attempt, PolicyEvent, Retry, RetryBuilder, RetryError};
use mtaio::{ConfigError, Retryable, Runtime, RuntimeExt, TaskExecutor};

use self::common::Journal;

/// Of the delays: 1, 2, 4 of these.
const UNIT: Duration = Duration::from_millis(20);

/// The longest that a piece of work may take: far longer than what is done at once, on any machine.
const LIMIT: Duration = Duration::from_millis(250);

const RECOVERY: RetryBuilder = Retry::exponential(UNIT).max_attempts(3);

/// Why work has no answer: the library's word on it, or the work's own.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error("{0}")]
    Run(#[from] RunError),
    #[error("there is no order {0}")]
    NoSuchOrder(u32),
}

impl Retryable for WorkError {
    fn is_retryable(&self) -> bool {
        match self {
            Self::Run(error) => error.is_retryable(),
            Self::NoSuchOrder(_) => false,
        }
    }
}

/// Runs work, and recovers from what can be recovered from.
struct ResilientExecutor<R: Runtime> {
    rt: R,
    executor: TaskExecutor<R>,
    journal: Journal,
}

impl<R: Runtime> ResilientExecutor<R> {
    fn new(rt: &R, journal: &Journal) -> Self {
        let executor = TaskExecutor::with_runtime(rt);
        Self { rt: rt.clone(), executor, journal: journal.clone() }
    }

    /// Runs `work`, which is called anew for each attempt.
    async fn execute_with_recovery<T, F>(&self, work: F) -> Result<T, Failure>
    where
        T: Send + 'static,
        F: Callback<u32, Output = Result<T, WorkError>, Future: Send + 'static>,
    {
        let journal = self.journal.clone();
        let recovery = RECOVERY
            .only_retryable()
            .listener(move |event: &PolicyEvent| {
                if let PolicyEvent::Retry { attempt, delay } = event {
                    journal.note(format_args!(
                        "  attempt {} failed, again in {delay:?}",
                        attempt.number()
                    ));
                }
            })
            .build()?;
        let attempt = async |attempt: Attempt| {
            let work = work.clone().call(attempt.number());
            self.executor.run(work).timeout(LIMIT).await?
        };
        Ok(recovery.run(&self.rt, attempt).await?)
    }
}

#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Work(#[from] RetryError<WorkError>),
}

/// What must happen, on each runtime.
const EXPECTED: [&str; 10] = [
    "an order that comes slowly at first",
    "  attempt 1 failed, again in 20ms",
    "  attempt 2 failed, again in 40ms",
    "  order 7, at attempt 3",
    "an order that never comes",
    "  attempt 1 failed, again in 20ms",
    "  attempt 2 failed, again in 40ms",
    "  3 attempt(s): not done within 250ms",
    "an order that is not there",
    "  1 attempt(s): there is no order 9",
];

async fn orders<R: Runtime>(rt: R, sabotage: bool) -> Result<(), String> {
    let journal = Journal::default();
    let executor = ResilientExecutor::new(&rt, &journal);
    let tell = |result: Result<String, Failure>| match result {
        Ok(answer) => journal.note(format_args!("  {answer}")),
        Err(Failure::Work(error)) => {
            journal.note(format_args!("  {} attempt(s): {}", error.attempts, error.last));
        }
        Err(Failure::Config(refused)) => journal.note(refused),
    };

    journal.note("an order that comes slowly at first");
    let begun = rt.now();
    let slow = rt.clone();
    tell(
        executor
            .execute_with_recovery(async move |attempt: u32| {
                if attempt < 3 || sabotage {
                    slow.sleep(LIMIT * 4).await;
                }
                Ok(format!("order 7, at attempt {attempt}"))
            })
            .await,
    );
    let waited = rt.now() - begun;
    if waited < 3 * UNIT + 2 * LIMIT {
        return Err(format!("it did not wait between its attempts: {waited:?}"));
    }

    journal.note("an order that never comes");
    let never = rt.clone();
    tell(
        executor
            .execute_with_recovery(async move |_: u32| {
                never.sleep(LIMIT * 4).await;
                Ok(String::from("too late"))
            })
            .await,
    );

    journal.note("an order that is not there");
    tell(executor.execute_with_recovery(async |_: u32| Err(WorkError::NoSuchOrder(9))).await);

    journal.is(&EXPECTED)
}

fn main() -> ExitCode {
    common::run(orders)
}
