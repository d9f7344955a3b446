use std::time::Duration;

use futures::stream::{self, Empty};
use mtaio::StreamExt;
use mtaio::queue::Overflow;
use mtaio::stream::{Timed, retry_stream};
use mtaio::time::Backoff;
use mtaio_sim::Sim;

use crate::table::{SOME, Table};

pub(crate) fn refuse(rt: &Sim, table: &mut Table) {
    let none = stream::empty::<u32>;
    let zero = [0_usize];
    table.each("stream::StreamExt::window", "size", zero, SOME, |n| none().window(n, 1));
    table.each("stream::StreamExt::window", "slide", zero, SOME, |n| none().window(1, n));
    table.each("stream::StreamExt::batch", "size", zero, SOME, |n| none().batch(n));
    table.each("stream::StreamExt::distinct", "memory", zero, SOME, |n| none().distinct(n));
    table.each("stream::StreamExt::distinct_by", "memory", zero, SOME, |n| {
        none().distinct_by(n, |item| *item)
    });
    table.each("stream::StreamExt::group_by", "capacity", zero, SOME, |n| {
        none().group_by(|item| *item, n)
    });
    table.each("stream::StreamExt::broadcast", "copies", zero, SOME, |n| {
        none().broadcast(n, Overflow::Latest)
    });
    let no_room = [Overflow::Block(0), Overflow::DropOldest(0), Overflow::DropNewest(0)];
    let room = "a capacity of 1 or more";
    table.each("stream::StreamExt::broadcast", "overflow", no_room, room, |overflow| {
        none().broadcast(1, overflow)
    });
    let told = "one that waits or drops: nobody is there to be told";
    table.each(
        "stream::StreamExt::broadcast",
        "overflow",
        [Overflow::Error(1)],
        told,
        |overflow| none().broadcast(1, overflow),
    );
    table.each("stream::StreamExt::map_async", "limit", zero, SOME, |n| {
        none().map_async(n, async |item| item)
    });
    table.each("stream::StreamExt::progress", "every", [0_u64], SOME, |n| {
        none().progress(n, |_| {})
    });
    timed(|| none().timed(rt), table);
    retried(rt, table);
}

fn timed(timed: impl Fn() -> Timed<Empty<u32>, Sim>, table: &mut Table) {
    let second = Duration::from_secs(1);
    table.each("stream::Timed::batch_within", "size", [0_usize], SOME, |n| {
        timed().batch_within(n, second)
    });
    table.period("stream::Timed::batch_within", "within", |d| timed().batch_within(1, d));
    table.period("stream::Timed::batch_by_time", "time", |d| timed().batch_by_time(d));
    table.period("stream::Timed::tumbling", "length", |d| timed().tumbling(d));
    table.period("stream::Timed::sliding", "length", |d| timed().sliding(d, second));
    table.period("stream::Timed::sliding", "step", |d| timed().sliding(second, d));
    table.period("stream::Timed::debounce", "quiet", |d| timed().debounce(d));
    table.period("stream::Timed::throttle", "period", |d| timed().throttle(d));
    table.period("stream::Timed::sample", "period", |d| timed().sample(d));
    table.period("stream::Timed::timeout_each", "limit", |d| timed().timeout_each(d));
}

fn retried(rt: &Sim, table: &mut Table) {
    let make = |_from: u64| stream::empty::<Result<u32, String>>();
    table.each("stream::retry_stream", "factor", [0_u32], SOME, |factor| {
        retry_stream(rt, Backoff::exponential(Duration::from_secs(1)).with_factor(factor), make)
    });
    table.each("stream::RetryStream::max_attempts", "max_attempts", [0_u32], SOME, |n| {
        retry_stream(rt, Backoff::constant(Duration::ZERO), make).unwrap().max_attempts(n)
    });
}
