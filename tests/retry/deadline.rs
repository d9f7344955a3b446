//! The caller's deadline: no sleep is begun that would outlast it.

use std::time::Duration;

use mtaio::policy::{Attempt, GaveUp, Retry, Verdict};
use mtaio::time::{Deadline, Elapsed, sleep};
use mtaio::{Instant, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::on_every_runtime;
use crate::{SECOND, ms};

on_every_runtime!(seeds = 10; it_gives_up_at_once_where_the_next_attempt_would_come_too_late);

const MINUTE: Duration = Duration::from_secs(60);

async fn it_gives_up_at_once_where_the_next_attempt_would_come_too_late<R: Runtime>(rt: R) {
    let retry = Retry::constant(MINUTE).build().expect("good settings");
    let request = Deadline::after(&rt, MINUTE / 2);
    // A task inherits it.
    let task = request.run(&rt, async {
        let (inner, retry) = (rt.clone(), retry.clone());
        rt.spawn(async move { retry.run(&inner, async |_: Attempt| Err::<(), _>("down")).await })
            .await
    });
    let error = task.await.expect("long before").expect("it ends").expect_err("it is down");
    assert_eq!((error.attempts, error.reason, error.last), (1, GaveUp::Deadline, "down"));
    assert!(error.elapsed < MINUTE / 2);
}

#[test]
fn it_goes_on_until_the_sleep_that_would_outlast_it() {
    Sim::run(0, |rt| async move {
        let retry = Retry::exponential(SECOND).unlimited_attempts().build().expect("good settings");
        let failing = retry.run(&rt, async |_: Attempt| Err::<(), _>("down"));
        // Attempts at 0, 1, 3, 7; the next would be at 15.
        let error = Deadline::after(&rt, 10 * SECOND).run(&rt, failing).await;
        let error = error.expect("it gives up before").expect_err("it is down");
        assert_eq!((error.attempts, error.reason), (4, GaveUp::Deadline));
        assert_eq!((error.elapsed, rt.now()), (7 * SECOND, Instant::ZERO + 7 * SECOND));
    });
}

#[test]
fn an_attempt_that_would_begin_at_the_deadline_comes_too_late() {
    Sim::run(0, |rt| async move {
        for (left, attempts) in [(ms(2_000), 2), (ms(2_001), 3)] {
            let retry = Retry::constant(SECOND).build().expect("good settings");
            let failing = retry.run(&rt, async |_: Attempt| Err::<(), _>(()));
            let error = Deadline::after(&rt, left).run(&rt, failing).await;
            assert_eq!(
                error.expect("it gives up before").expect_err("it fails").attempts,
                attempts
            );
        }
    });
}

#[test]
fn what_the_error_asks_for_is_held_to_it_too() {
    Sim::run(0, |rt| async move {
        let retry = Retry::constant(ms(1)).classify(|()| Verdict::After(MINUTE));
        let retry = retry.build().expect("good settings");
        let failing = retry.run(&rt, async |_: Attempt| Err::<(), _>(()));
        let error = Deadline::after(&rt, SECOND).run(&rt, failing).await;
        assert_eq!(error.expect("at once").expect_err("it fails").reason, GaveUp::Deadline);
        assert_eq!(rt.now(), Instant::ZERO);
    });
}

/// The deadline of the moment counts: one that an attempt runs under is not the caller's.
#[test]
fn a_deadline_of_an_attempt_is_not_the_callers() {
    Sim::run(0, |rt| async move {
        let retry = Retry::constant(SECOND).only_retryable().build().expect("good settings");
        let inner = rt.clone();
        let slow = retry.run(&rt, async move |_: Attempt| -> Result<(), Elapsed> {
            let short = Deadline::after(&inner, ms(100));
            short.run(&inner, inner.sleep(MINUTE)).await
        });
        let error = slow.await.expect_err("each is too slow");
        assert_eq!((error.attempts, error.elapsed), (3, 2 * SECOND + ms(300)));

        // And one that is over for all of them ends it: it says so itself.
        let inner = rt.clone();
        let slow = retry.run(&rt, async move |_: Attempt| sleep(&inner, MINUTE).await);
        let error = Deadline::after(&rt, SECOND).run(&rt, slow).await;
        let error =
            error.expect("what is ready at the deadline is in time").expect_err("it is over");
        assert_eq!((error.attempts, error.reason), (1, GaveUp::Stopped));
    });
}
