//! Many calls at once.

use std::future::Future;
use std::hint::black_box;

use futures::{StreamExt as _, stream};
use futures_buffered::BufferedStreamExt as _;
use mtaio::StreamExt as _;

use super::super::futures::YieldOnce;
use super::{GROUP, ITEMS, read};
use crate::harness::Aim::{Gate, Open};
use crate::harness::Bound::Ratio;
use crate::harness::{Aim, Contest, timed_on};
use crate::host::{Host, TokioHost};

const LIMIT: usize = 64;

pub(super) fn contests(host: &TokioHost) -> Vec<Contest> {
    vec![
        contest("stream-map-ready", host, Gate(Ratio(0.5)), at_once),
        contest("stream-map-yield", host, Gate(Ratio(0.25)), after_a_yield),
        ordered("stream-map-ordered-ready", host, at_once),
        ordered("stream-map-ordered-yield", host, after_a_yield),
    ]
}

async fn at_once(item: u64) -> u64 {
    black_box(item)
}

async fn after_a_yield(item: u64) -> u64 {
    YieldOnce::default().await;
    black_box(item)
}

/// As the calls finish.
fn contest<F>(kind: &str, host: &TokioHost, aim: Aim, f: fn(u64) -> F) -> Contest
where
    F: Future<Output = u64> + Send + 'static,
{
    let ours = move |items| async move {
        read(stream::iter(0..items).map_async(LIMIT, f)?.unordered(), items).await
    };
    let buffer_unordered = move |items| async move {
        read(stream::iter(0..items).map(f).buffer_unordered(LIMIT), items).await
    };
    let futures_buffered = move |items| async move {
        read(stream::iter(0..items).map(f).buffered_unordered(LIMIT), items).await
    };
    Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("buffer_unordered", aim, timed_on(host, buffer_unordered))
        .peer("futures-buffered", Open, timed_on(host, futures_buffered))
}

/// In the order of the items.
fn ordered<F>(kind: &str, host: &TokioHost, f: fn(u64) -> F) -> Contest
where
    F: Future<Output = u64> + Send + 'static,
{
    let ours =
        move |items| async move { read(stream::iter(0..items).map_async(LIMIT, f)?, items).await };
    let buffered = move |items| async move {
        read(stream::iter(0..items).map(f).buffered(LIMIT), items).await
    };
    let futures_buffered = move |items| async move {
        read(stream::iter(0..items).map(f).buffered_ordered(LIMIT), items).await
    };
    Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("buffered", Open, timed_on(host, buffered))
        .peer("futures-buffered", Open, timed_on(host, futures_buffered))
}
