//! Pipelines of three stages, against the same three functions put together by hand.
//!
//! - A *futures chain* is the least there is: what a stage panics with takes the caller along, and
//!   nobody knows what became of the items.
//! - A *guarded chain* contains and counts a stage's panics, errors and items, as a pipeline does.
//! - A *pump* is a task a stage, with bounded channels between them.

mod chains;
mod pumps;

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;

use futures::stream;
use mtaio::pipeline::{Parallel, pipeline};

use self::pumps::{AsyncChannel, Tokio};
use super::Hosts;
use super::futures::YieldOnce;
use crate::harness::Aim::{Gate, Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, timed_on};
use crate::host::{Host, TokioHost};

const GROUP: &str = "pipeline";

/// Items a run.
const ITEMS: u64 = 100_000;

/// Items that a stage works on at once.
const LIMIT: usize = 8;

/// What each stage does with an item.
type Stage<F> = fn(u64) -> F;

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let host = &hosts.tokio[0];
    vec![
        sequential("pipeline-sequential-ready", host, at_once),
        sequential("pipeline-sequential-yield", host, after_a_yield),
        parallel("pipeline-parallel-ready", host, at_once),
        parallel("pipeline-parallel-yield", host, after_a_yield),
    ]
}

async fn at_once(item: u64) -> Result<u64, Infallible> {
    Ok(black_box(item) + 1)
}

async fn after_a_yield(item: u64) -> Result<u64, Infallible> {
    YieldOnce::default().await;
    Ok(black_box(item) + 1)
}

/// Three stages, one item after the other.
fn sequential<F>(kind: &str, host: &TokioHost, stage: Stage<F>) -> Contest
where
    F: Future<Output = Result<u64, Infallible>> + Send + 'static,
{
    let rt = host.adapter();
    let ours = move |items| {
        let rt = rt.clone();
        async move {
            let pipeline = pipeline::<Infallible>().then(stage).then(stage).then(stage).build()?;
            complete(pipeline.run(&rt, stream::iter(0..items)).await.delivered, items)
        }
    };
    Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer(
            "futures chain",
            Gate(Ratio(1.15)),
            timed_on(host, move |items| chains::bare(stage, items)),
        )
        .peer("guarded chain", Open, timed_on(host, move |items| chains::guarded(stage, items)))
        .peer(
            "tokio mpsc pump",
            Wish(Ratio(1.0)),
            timed_on(host, move |items| pumps::sequential::<Tokio, _>(stage, items)),
        )
        .peer(
            "async-channel pump",
            Wish(Ratio(1.0)),
            timed_on(host, move |items| pumps::sequential::<AsyncChannel, _>(stage, items)),
        )
}

/// Three stages, the middle one on many items at once.
fn parallel<F>(kind: &str, host: &TokioHost, stage: Stage<F>) -> Contest
where
    F: Future<Output = Result<u64, Infallible>> + Send + 'static,
{
    let rt = host.adapter();
    let ours = move |items| {
        let rt = rt.clone();
        async move {
            let pipeline = pipeline::<Infallible>()
                .then(at_once)
                .map_async(Parallel::ordered(LIMIT), stage)
                .then(at_once)
                .build()?;
            complete(pipeline.run(&rt, stream::iter(0..items)).await.delivered, items)
        }
    };
    Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer(
            "futures chain",
            Gate(Ratio(1.2)),
            timed_on(host, move |items| chains::bare_parallel(stage, items)),
        )
        .peer(
            "guarded chain",
            Open,
            timed_on(host, move |items| chains::guarded_parallel(stage, items)),
        )
        .peer(
            "tokio mpsc pump",
            Wish(Ratio(1.0)),
            timed_on(host, move |items| pumps::parallel::<Tokio, _>(stage, items)),
        )
        .peer(
            "async-channel pump",
            Wish(Ratio(1.0)),
            timed_on(host, move |items| pumps::parallel::<AsyncChannel, _>(stage, items)),
        )
}

fn complete(delivered: u64, expected: u64) -> Outcome {
    if delivered == expected {
        return Ok(());
    }
    Err(format!("{delivered} were delivered of {expected}").into())
}
