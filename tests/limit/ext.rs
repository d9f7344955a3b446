//! Work under a limiter.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt;
use mtaio::limit::{
    AcquireError, Adaptation, AdaptiveConcurrency, ConcurrencyLimiter, LimiterExt, Outcome,
};
use mtaio::{Runtime, RuntimeExt};

use crate::common::{Census, ms, on_every_runtime};

on_every_runtime!(seeds = 20; no_more_run_than_may, a_panic_gives_back_what_it_held);

async fn no_more_run_than_may<R: Runtime>(rt: R) {
    let limiter = ConcurrencyLimiter::with_runtime(&rt, 2).expect("a limit");
    let (census, clock) = (Census::default(), rt.clone());
    let inside = census.clone();
    let call = limiter.wrap(async move |number: u32| {
        let _alive = inside.enter();
        clock.sleep(ms(1)).await;
        number * 2
    });
    let tasks: Vec<_> = (0..8)
        .map(|number| {
            let call = call.clone();
            rt.spawn(async move { call(number).await })
        })
        .collect();
    for (number, task) in (0..8).zip(tasks) {
        assert_eq!(task.await.expect("it ends"), Ok(number * 2));
    }
    assert_eq!((census.most() <= 2, limiter.stats().in_use), (true, 0));
}

async fn a_panic_gives_back_what_it_held<R: Runtime>(rt: R) {
    let limiter = ConcurrencyLimiter::with_runtime(&rt, 1).expect("a limit");
    let panics = limiter.run(async { panic!("on purpose") });
    assert!(AssertUnwindSafe(panics).catch_unwind().await.is_err());
    assert_eq!(limiter.run(async { 1 }).await, Ok(1));

    let held = limiter.try_acquire().expect("free");
    let hasty = limiter.clone().waiting_room(0);
    let refused = hasty.run(async { panic!("it is not run") }).await;
    assert_eq!(refused, Err::<(), _>(AcquireError::Full { waiting: 0 }));
    drop(held);

    // One that learns hears of what ended, not of what was given up.
    let learns = AdaptiveConcurrency::with_runtime(&rt, Adaptation::new()).expect("settings");
    let judged = learns.run_judged(|_: &u8| Outcome::Overload, async { 1 });
    assert_eq!(judged.await, Ok(1));
    drop(learns.run(std::future::pending::<()>()));
    assert_eq!(learns.stats().concurrency.in_use, 0);
}
