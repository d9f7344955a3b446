//! What makes no sense is refused, by name and value.

use std::time::Duration;

use futures::stream;
use mtaio::queue::Overflow;
use mtaio::stream::retry_stream;
use mtaio::time::Backoff;
use mtaio::{ConfigError, StreamExt};
use mtaio_sim::Sim;

use crate::common::ms;

#[track_caller]
fn refused<T>(answer: Result<T, ConfigError>, field: &str, value: &str) {
    let Err(refused) = answer else { panic!("`{field}` of {value} was taken") };
    assert_eq!((refused.field(), refused.value()), (field, value));
}

#[test]
fn counts_of_nothing() {
    let numbers = || stream::iter(0..6_u32);
    refused(numbers().window(0, 1), "size", "0");
    refused(numbers().window(1, 0), "slide", "0");
    refused(numbers().batch(0), "size", "0");
    refused(numbers().distinct(0), "memory", "0");
    refused(numbers().distinct_by(0, |n| *n), "memory", "0");
    refused(numbers().group_by(|n| *n, 0), "capacity", "0");
    refused(numbers().map_async(0, async |n| n), "limit", "0");
    refused(numbers().progress(0, |_| ()), "every", "0");
    refused(numbers().broadcast(0, Overflow::Block(1)), "copies", "0");
    refused(numbers().broadcast(2, Overflow::DropOldest(0)), "overflow", "DropOldest(0)");
    refused(numbers().broadcast(2, Overflow::Error(3)), "overflow", "Error(3)");
}

#[test]
fn times_of_nothing_and_absurd_ones() {
    Sim::run(0, |rt| async move {
        let timed = || stream::iter(0..6_u32).timed(&rt);
        for (time, value) in
            [(Duration::ZERO, "0ns"), (Duration::MAX, "18446744073709551615.999999999s")]
        {
            refused(timed().batch_within(1, time), "within", value);
            refused(timed().batch_by_time(time), "time", value);
            refused(timed().tumbling(time), "length", value);
            refused(timed().sliding(time, ms(1)), "length", value);
            refused(timed().sliding(ms(1), time), "step", value);
            refused(timed().debounce(time), "quiet", value);
            refused(timed().throttle(time), "period", value);
            refused(timed().sample(time), "period", value);
            refused(timed().timeout_each(time), "limit", value);
        }
        refused(timed().batch_within(0, ms(1)), "size", "0");
        let make = |_| stream::iter([Ok::<u8, ()>(1)]);
        let backoff = Backoff::exponential(ms(1)).with_factor(0);
        refused(retry_stream(&rt, backoff, make), "factor", "0");
        let retry = retry_stream(&rt, Backoff::constant(ms(1)), make).expect("a backoff");
        refused(retry.max_attempts(0), "max_attempts", "0");
    });
}
