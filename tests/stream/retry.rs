//! A stream that is made again when it fails.

use std::sync::{Arc, Mutex};

use futures::{Stream, StreamExt as _, TryStreamExt, stream};
use mtaio::stream::retry_stream;
use mtaio::time::{Backoff, Deadline};
use mtaio::{Instant, Runtime, StreamExt};
use mtaio_sim::Sim;

use crate::common::{ms, on_every_runtime};

/// From `start` on, and broken after `length` items; it ends at 10.
fn broken(start: u64, length: u64) -> impl Stream<Item = Result<u64, &'static str>> {
    let items = (start..10.min(start + length)).map(Ok);
    stream::iter(items.chain((start + length < 10).then_some(Err("broken"))))
}

async fn it_goes_on_where_it_was<R: Runtime>(rt: R) {
    let backoff = Backoff::constant(ms(2));
    let items = retry_stream(&rt, backoff, |start| broken(start, 3)).expect("a backoff");
    assert_eq!(items.try_collect::<Vec<_>>().await, Ok(Vec::from_iter(0..10)));
}

async fn attempts_in_a_row_are_counted_and_delayed<R: Runtime>(rt: R) {
    let made = Arc::new(Mutex::new(Vec::new()));
    let (clock, log) = (rt.clone(), Arc::clone(&made));
    let make = move |start| {
        log.lock().expect("no panic").push(clock.now());
        // The second one gets further; then nothing does.
        broken(start, u64::from(log.lock().expect("no panic").len() == 2))
    };
    let backoff = Backoff::exponential(ms(10));
    let items = retry_stream(&rt, backoff, make).expect("a backoff");
    let mut items = Box::pin(items.max_attempts(3).expect("a number"));
    assert_eq!(items.next().await, Some(Ok(0)));
    assert_eq!(items.next().await, Some(Err("broken")));
    assert_eq!(items.next().await, None);
    assert_eq!((items.yielded(), items.failures()), (1, 3));
    let made = made.lock().expect("no panic");
    let delays: Vec<_> = made.windows(2).map(|two| two[1] - two[0]).collect();
    // The item began the delays again.
    for (delay, least) in delays.iter().zip([10, 10, 20]) {
        assert!(*delay >= ms(least), "{delays:?}");
    }
    assert_eq!(made.len(), 4);
}

async fn what_is_not_worth_it_comes_through<R: Runtime>(rt: R) {
    let mut seen = 0;
    let make = |start| broken(start, 1);
    let items = retry_stream(&rt, Backoff::constant(ms(1)), make).expect("a backoff");
    let items = items.retry_if(|error| {
        assert_eq!(*error, "broken");
        seen += 1;
        seen < 3
    });
    let items: Vec<_> = items.collect().await;
    assert_eq!(items, [Ok(0), Ok(1), Ok(2), Err("broken")]);
}

on_every_runtime!(
    seeds = 10;
    it_goes_on_where_it_was,
    attempts_in_a_row_are_counted_and_delayed,
    what_is_not_worth_it_comes_through,
);

#[test]
fn an_attempt_that_would_come_after_the_deadline_is_not_waited_for() {
    Sim::run(0, |rt| async move {
        let deadline = Deadline::after(&rt, ms(25));
        let items = retry_stream(&rt, Backoff::constant(ms(10)), |start| broken(start, 0));
        let items = items.expect("a backoff").collect::<Vec<_>>();
        let items = deadline.run(&rt, items).await.expect("it gives up before");
        assert_eq!((items, rt.now()), (vec![Err("broken")], Instant::ZERO + ms(20)));
    });
}

#[test]
fn a_wait_for_an_item_ends_with_the_deadline_of_its_task() {
    Sim::run(0, |rt| async move {
        let deadline = Deadline::after(&rt, ms(25)).named("request");
        let task = {
            let rt = rt.clone();
            async move {
                let silent = stream::pending::<u8>().timed(&rt).timeout_each(ms(10));
                silent.expect("a time").map(|late| late.unwrap_err().to_string()).collect().await
            }
        };
        // The scope's own timer would end it too: it is spawned, and only inherits.
        let spawned = mtaio::Ambient::current()
            .with_deadline(deadline.instant())
            .enter(|| mtaio::RuntimeExt::spawn(&rt, task));
        let told: Vec<String> = spawned.await.expect("it ends");
        assert_eq!(told.len(), 3, "{told:?}");
        assert_eq!(rt.now(), Instant::ZERO + ms(25));
        assert!(told[2].contains("inherited"), "{told:?}");
    });
}
