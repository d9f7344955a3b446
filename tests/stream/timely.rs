//! Deadlines that are kept while the source never waits, and how little it takes to keep them.

use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use mtaio::time::interval;
use mtaio::{Runtime, RuntimeExt, StreamExt};
use mtaio_sim::Sim;

use crate::clock::Clock;
use crate::common::{block_on, ms, on_every_runtime};

/// Items that are always there, after so long each.
fn slow_items(clock: &Clock, item: Duration) -> impl Stream<Item = u32> + use<> {
    let clock = clock.clone();
    stream::iter(0..).map(move |number| {
        clock.move_by(item);
        number
    })
}

#[test]
fn the_first_batch_of_a_source_that_is_always_ready_comes_in_time() {
    let (clock, item) = (Clock::default(), Duration::from_micros(100));
    let batches = slow_items(&clock, item).timed(&clock).batch_within(10_000, ms(10));
    let mut batches = batches.expect("settings");
    let first = block_on(batches.next()).expect("it is endless");
    // The clock begins to count with the first item, which takes its time before that.
    assert_eq!((first.len(), clock.time()), (101, ms(10) + item));
    let before = clock.time();
    block_on(batches.next());
    assert_eq!(clock.time() - before, ms(10) + item);
    assert_eq!(clock.timers(), 0);
}

#[test]
fn batches_by_time_end_without_a_wait_whatever_an_item_takes() {
    for micros in [1, 7, 90, 333, 4_000, 20_000] {
        let (clock, item) = (Clock::default(), Duration::from_micros(micros));
        let batches = slow_items(&clock, item).timed(&clock).batch_by_time(ms(10));
        let mut batches = batches.expect("a time");
        for _ in 0..5 {
            let before = clock.time();
            block_on(batches.next());
            let took = clock.time() - before;
            assert!(took >= ms(10) && took <= ms(10) + 2 * item, "{took:?} by {item:?}");
        }
    }
}

#[test]
fn a_batch_that_fills_without_a_wait_costs_few_looks_and_no_timer() {
    for (size, most) in [(10, 3), (100, 5)] {
        let clock = Clock::default();
        let batches = stream::iter(0..1000).timed(&clock).batch_within(size, ms(1000));
        assert_eq!(block_on(batches.expect("settings").count()), 1000 / size);
        assert_eq!(clock.timers(), 0);
        assert!(clock.looks() <= most * 1000 / size, "{} looks by {size}", clock.looks());
    }
}

#[test]
#[expect(clippy::disallowed_methods, reason = "it is the real time that is looked at")]
fn an_hour_of_every_operator_takes_no_time() {
    let begun = std::time::Instant::now();
    let counts = Sim::run(0, |rt| async move {
        let second = ms(1000);
        let hour = || interval(&rt, second).expect("a period").into_stream().take(3601).timed(&rt);
        [
            hour().batch_within(60, 60 * second).expect("settings").count().await,
            hour().batch_by_time(60 * second).expect("a time").count().await,
            hour().tumbling(60 * second).expect("a length").count().await,
            hour().sliding(60 * second, 10 * second).expect("settings").count().await,
            hour().debounce(ms(500)).expect("a time").count().await,
            hour().throttle(10 * second).expect("a time").count().await,
            hour().sample(10 * second).expect("a time").count().await,
            hour().timeout_each(ms(900)).expect("a time").filter(is_late).count().await,
        ]
    });
    assert_eq!(counts, [61, 61, 61, 356, 3601, 361, 361, 3600]);
    assert!(begun.elapsed() < Duration::from_secs(1) * 8, "an hour each: {:?}", begun.elapsed());
}

fn is_late<T, E>(item: &Result<T, E>) -> std::future::Ready<bool> {
    std::future::ready(item.is_err())
}

async fn batches_wait_by_the_clock<R: Runtime>(rt: R) {
    let items = interval(&rt, ms(10)).expect("a period").into_stream().take(5).enumerate();
    let batches = items.map(|(number, _)| number).timed(&rt).batch_within(100, ms(25));
    let batches: Vec<_> = batches.expect("settings").collect().await;
    assert_eq!(batches.concat(), [0, 1, 2, 3, 4]);
    assert!(batches.len() >= 2, "{batches:?}");
}

async fn a_burst_is_one_item_after_it_is_quiet<R: Runtime>(rt: R) {
    let burst = stream::iter(0..50).chain(stream::once(rt.sleep(ms(60))).map(|()| 50));
    let debounced = burst.timed(&rt).debounce(ms(20)).expect("a time");
    assert_eq!(debounced.collect::<Vec<_>>().await, [49, 50]);
}

async fn what_does_not_come_is_told_again_and_again<R: Runtime>(rt: R) {
    let silent = stream::pending::<u8>().timed(&rt).timeout_each(ms(5)).expect("a time");
    let told: Vec<_> = silent.take(3).map(|late| late.map_err(|late| late.limit())).collect().await;
    assert_eq!(told, [Err(ms(5)); 3]);
}

on_every_runtime!(
    seeds = 10;
    batches_wait_by_the_clock,
    a_burst_is_one_item_after_it_is_quiet,
    what_does_not_come_is_told_again_and_again,
);
