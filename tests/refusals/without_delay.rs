//! No delay between attempts is a setting that makes sense, for what fails at once too: then other
//! tasks still run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::{StreamExt as _, stream};
use mtaio::RuntimeExt;
use mtaio::policy::{Attempt, Policy, Retry};
use mtaio::stream::retry_stream;
use mtaio::time::Backoff;
use mtaio_sim::Sim;

/// Says no until another task has run.
#[derive(Clone, Default)]
struct Door(Arc<AtomicBool>);

impl Door {
    fn opened_by_another_task(rt: &Sim) -> Self {
        let door = Self::default();
        let opens = door.clone();
        rt.spawn(async move { opens.0.store(true, Ordering::Relaxed) }).detach();
        door
    }

    /// What it says at once.
    fn ask(&self, attempt: u64) -> Result<(), u64> {
        assert!(attempt < 1_000, "no other task has run");
        if self.0.load(Ordering::Relaxed) { Ok(()) } else { Err(attempt) }
    }
}

#[test]
fn a_retry_lets_others_run() {
    Sim::run(0, |rt| async move {
        let door = Door::opened_by_another_task(&rt);
        let retry = Retry::constant(Duration::ZERO).unlimited_attempts().build().unwrap();
        let ask = async move |attempt: Attempt| door.ask(attempt.number().into());
        assert_eq!(retry.run(&rt, ask).await.map_err(|_| ()), Ok(()));
    });
}

#[test]
fn a_retry_in_a_policy_lets_others_run() {
    Sim::run(0, |rt| async move {
        let door = Door::opened_by_another_task(&rt);
        let retry = Retry::constant(Duration::ZERO).unlimited_attempts().build().unwrap();
        let policy = Policy::new(&rt).retry(retry).build().unwrap();
        let ask = async move |attempt: Attempt| door.ask(attempt.number().into());
        assert_eq!(policy.run(ask).await.map_err(|_| ()), Ok(()));
    });
}

#[test]
fn a_stream_that_is_made_again_lets_others_run() {
    Sim::run(0, |rt| async move {
        let door = Door::opened_by_another_task(&rt);
        let mut asked = 0;
        let make = move |_from| {
            asked += 1;
            stream::iter([door.ask(asked)])
        };
        let retried = retry_stream(&rt, Backoff::constant(Duration::ZERO), make).unwrap();
        assert_eq!(retried.collect::<Vec<_>>().await, [Ok(())]);
    });
}
