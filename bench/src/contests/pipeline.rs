//! Pipelines.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;

use futures::{StreamExt as _, TryStreamExt as _, stream};
use mtaio::pipeline::{Parallel, pipeline};

use super::Hosts;
use super::futures::YieldOnce;
use crate::harness::Aim::Gate;
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, timed_on};
use crate::host::{Host, TokioHost};

const GROUP: &str = "pipeline";

/// Items a run.
const ITEMS: u64 = 100_000;

/// Items that a stage works on at once.
const LIMIT: usize = 8;

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
fn sequential<F>(kind: &str, host: &TokioHost, stage: fn(u64) -> F) -> Contest
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
    let chain = move |items| async move {
        let source = stream::iter(0..items).map(Ok::<u64, Infallible>);
        let mut stages = Box::pin(source.and_then(stage).and_then(stage).and_then(stage));
        let mut delivered = 0;
        while let Some(item) = stages.try_next().await? {
            black_box(item);
            delivered += 1;
        }
        complete(delivered, items)
    };
    Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("futures chain", Gate(Ratio(1.15)), timed_on(host, chain))
}

/// Three stages, the middle one on many items at once.
fn parallel<F>(kind: &str, host: &TokioHost, stage: fn(u64) -> F) -> Contest
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
    let chain = move |items| async move {
        let source = stream::iter(0..items).map(Ok::<u64, Infallible>).and_then(at_once);
        let calls = source.map_ok(stage).try_buffered(LIMIT);
        let mut stages = Box::pin(calls.and_then(at_once));
        let mut delivered = 0;
        while let Some(item) = stages.try_next().await? {
            black_box(item);
            delivered += 1;
        }
        complete(delivered, items)
    };
    Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("futures chain", Gate(Ratio(1.2)), timed_on(host, chain))
}

fn complete(delivered: u64, expected: u64) -> Outcome {
    if delivered == expected {
        return Ok(());
    }
    Err(format!("{delivered} were delivered of {expected}").into())
}
