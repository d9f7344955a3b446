//! A quick answer if there is one, a slower one if there must be, and something in any case: each
//! attempt has more time than the one before, a fallback comes after the last, and one deadline is
//! over all of it.
//!
//! ```text
//! cargo run --example cascading_timeout -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

mod common;

use std::process::ExitCode;
use std::time::Duration;

use mtaio::time::{CascadeError, Deadline, Elapsed, Step, cascade};
use mtaio::{ConfigError, Runtime, RuntimeExt};

use self::common::Journal;

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// A search that knows a word, does not know one, or takes too long for it.
async fn search<R: Runtime>(rt: &R, word: &str) -> Result<String, String> {
    match word {
        "rust" => {
            rt.sleep(ms(120)).await;
            Ok(String::from("a language"))
        }
        "?" => Err(String::from("that is no word")),
        _ => {
            rt.sleep(ms(5_000)).await;
            Ok(String::from("too late for anybody"))
        }
    }
}

/// Looks `word` up with three attempts of which each has more time, and then guesses.
async fn look_up<R: Runtime>(
    rt: &R,
    journal: &Journal,
    word: &'static str,
) -> Result<Result<String, CascadeError<String>>, ConfigError> {
    let attempt = {
        let (rt, journal) = (rt.clone(), journal.clone());
        async move |step: Step| {
            journal.note(format_args!("{word}: attempt {} has {:?}", step.index + 1, step.limit));
            search(&rt, word).await
        }
    };
    let guess = {
        let journal = journal.clone();
        async move |last: Elapsed| {
            journal.note(format_args!("{word}: {last}, a guess must do"));
            Ok(String::from("a guess"))
        }
    };
    Ok(cascade(rt, [ms(20), ms(60), ms(400)], attempt)?.fallback(guess).await)
}

async fn look_all_up<R: Runtime>(
    rt: &R,
    journal: &Journal,
    sabotage: bool,
) -> Result<(), ConfigError> {
    for word in [if sabotage { "crust" } else { "rust" }, "?", "ferris"] {
        match look_up(rt, journal, word).await? {
            Ok(answer) => journal.note(format_args!("{word}: {answer}")),
            Err(error) => journal.note(format_args!("{word}: {error}")),
        }
    }

    // Whoever asks is in a hurry: the second attempt is cut short, and there is no third.
    let started = rt.now();
    let hurry = Deadline::after(rt, ms(50)).named("hurry");
    let late = hurry.run(rt, look_up(rt, journal, "crab")).await;
    let told = match late {
        Ok(Ok(Err(CascadeError::Elapsed(elapsed)))) => format!("{:?}", elapsed.by()),
        other => format!("{other:?}"),
    };
    journal.note(format_args!("crab: {told}"));
    if rt.now() - started > ms(400) {
        journal.note("crab: but it took too long");
    }
    Ok(())
}

/// What must happen, on each runtime.
const EXPECTED: [&str; 14] = [
    "rust: attempt 1 has 20ms",
    "rust: attempt 2 has 60ms",
    "rust: attempt 3 has 400ms",
    "rust: a language",
    "?: attempt 1 has 20ms",
    "?: that is no word",
    "ferris: attempt 1 has 20ms",
    "ferris: attempt 2 has 60ms",
    "ferris: attempt 3 has 400ms",
    "ferris: not done within 400ms, a guess must do",
    "ferris: a guess",
    "crab: attempt 1 has 20ms",
    "crab: attempt 2 has 60ms",
    "crab: Inherited(Some(\"hurry\"))",
];

async fn day<R: Runtime>(rt: R, sabotage: bool) -> Result<(), String> {
    let journal = Journal::default();
    look_all_up(&rt, &journal, sabotage).await.map_err(|error| error.to_string())?;
    journal.is(&EXPECTED)
}

fn main() -> ExitCode {
    common::run(day)
}
