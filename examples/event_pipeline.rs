//! A handler of events that takes each through a pipeline, and emits what comes of it: from inside of
//! the handler. An event that does not pass is that handler's error, and stops nothing else.
//!
//! ```text
//! cargo run --example event_pipeline -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

use std::fmt;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, PoisonError};

use mtaio::event::EventEmitter;
use mtaio::pipeline::{BoxPipeline, Stage, pipeline};
use mtaio::{ConfigError, DynRuntime, Instant, Runtime};

mod common;

/// What a user did, as it comes from outside.
#[derive(Clone)]
struct Action {
    user_id: Option<u32>,
    what: &'static str,
}

/// The same once it is known to be complete, with the time at which it came.
#[derive(Clone)]
struct Processed {
    user_id: u32,
    what: &'static str,
    at: Instant,
}

/// Why an action does not pass.
#[derive(Debug)]
struct NoUser;

impl fmt::Display for NoUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("there is no user_id")
    }
}

struct Validation;

impl Stage<Action> for Validation {
    type Out = (u32, Action);
    type Err = NoUser;

    async fn process(&self, action: Action) -> Result<(u32, Action), NoUser> {
        Ok((action.user_id.ok_or(NoUser)?, action))
    }
}

struct Enrichment {
    clock: DynRuntime,
}

impl Stage<(u32, Action)> for Enrichment {
    type Out = Processed;
    type Err = NoUser;

    async fn process(&self, (user_id, action): (u32, Action)) -> Result<Processed, NoUser> {
        Ok(Processed { user_id, what: action.what, at: self.clock.now() })
    }
}

fn actions<R: Runtime>(rt: &R) -> Result<BoxPipeline<Action, Processed, NoUser>, ConfigError> {
    let clock = DynRuntime::new(rt);
    Ok(pipeline::<NoUser>().then(Validation).then(Enrichment { clock }).build()?.boxed())
}

fn main() -> ExitCode {
    common::run(wired)
}

async fn wired<R: Runtime>(rt: R, sabotage: bool) -> Result<(), String> {
    let began = rt.now();
    let emitter = EventEmitter::new();
    let pipeline = actions(&rt).map_err(|error| error.to_string())?;

    emitter.named::<Action>("user_action").on({
        // An emitter that its own handler kept would never go.
        let (emitter, rt) = (emitter.downgrade(), DynRuntime::new(&rt));
        async move |action: &Action| {
            let open = pipeline.open(&rt).await.map_err(|error| error.to_string())?;
            let processed =
                open.process(action.clone()).await.map_err(|error| error.to_string())?;
            if let Some(emitter) = emitter.upgrade() {
                emitter.emit_named("processed_action", processed).await;
            }
            Ok::<_, String>(())
        }
    });

    let seen = Arc::new(Mutex::new(Vec::new()));
    let notes = Arc::clone(&seen);
    emitter.named::<Processed>("processed_action").on(async move |processed: &Processed| {
        let Processed { user_id, what, at } = *processed;
        println!("processed_action: user {user_id}, {what}");
        notes.lock().unwrap_or_else(PoisonError::into_inner).push((user_id, what, at));
    });

    let mut failures = Vec::new();
    let nobody = sabotage.then_some(3);
    for (user_id, what) in [(Some(1), "logs in"), (nobody, "knocks"), (Some(2), "logs out")] {
        let report = emitter.emit_named("user_action", Action { user_id, what }).await;
        for failure in &report.failures {
            println!("user_action: {failure}");
            failures.push(failure.to_string());
        }
    }

    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    let told: Vec<_> = seen.iter().map(|(user_id, what, _)| (*user_id, *what)).collect();
    if told != [(1, "logs in"), (2, "logs out")] {
        return Err(format!("two actions were to be processed, not {told:?}"));
    }
    if seen.iter().any(|(_, _, at)| *at < began) {
        return Err("an action was processed before it came".to_owned());
    }
    match failures.as_slice() {
        [one] if one.contains("`Validation`: there is no user_id") => Ok(()),
        other => Err(format!("one action was to fail for want of a user_id, not {other:?}")),
    }
}
