//! `now() >= deadline` after each of a million short sleeps.

use std::time::Duration;

use mtaio_runtime::{Runtime, RuntimeExt};

use crate::common::on_every_runtime;

on_every_runtime!(seeds = 1; a_million_short_sleeps_are_over_when_they_end);

const TASKS: u64 = 1_000;
const SLEEPS: u64 = 1_000;

async fn a_million_short_sleeps_are_over_when_they_end<R: Runtime>(rt: R) {
    let tasks = (0..TASKS).map(|_| {
        let rt = rt.clone();
        rt.clone().spawn(async move {
            for _ in 0..SLEEPS {
                // 0 to 2 ms, down to the nanosecond.
                let deadline = rt.now() + Duration::from_nanos(rt.entropy() % 2_000_001);
                rt.sleep_until(deadline).await;
                let now = rt.now();
                assert!(now >= deadline, "woken {:?} too early", deadline - now);
            }
            SLEEPS
        })
    });
    let mut slept = 0;
    for task in tasks.collect::<Vec<_>>() {
        slept += task.await.expect("each is over in time");
    }
    assert_eq!(slept, TASKS * SLEEPS);
}
