//! Chains of combinators.

use std::borrow::Borrow;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::future::Future;
use std::hint::black_box;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::{FutureExt as _, Stream, StreamExt as _, TryStreamExt as _, stream};

use super::{LIMIT, Stage, at_once, complete};
use crate::harness::{BoxError, Outcome};

pub(super) async fn bare<F>(stage: Stage<F>, items: u64) -> Outcome
where
    F: Future<Output = Result<u64, Infallible>>,
{
    let source = stream::iter(0..items).map(Ok::<u64, Infallible>);
    deliver(source.and_then(stage).and_then(stage).and_then(stage), items).await
}

pub(super) async fn bare_parallel<F>(stage: Stage<F>, items: u64) -> Outcome
where
    F: Future<Output = Result<u64, Infallible>>,
{
    let source = stream::iter(0..items).map(Ok::<u64, Infallible>).and_then(at_once);
    deliver(source.map_ok(stage).try_buffered(LIMIT).and_then(at_once), items).await
}

/// A stage panicked.
#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a stage panicked")
    }
}

impl Error for Failed {}

/// What a stage took, gave and failed with.
#[derive(Default)]
struct Counts {
    taken: AtomicU64,
    given: AtomicU64,
    failed: AtomicU64,
}

/// Calls `stage` with an item, contains its panic, and counts.
async fn call<C, F>(counts: C, stage: Stage<F>, item: u64) -> Result<u64, Failed>
where
    C: Borrow<Counts>,
    F: Future<Output = Result<u64, Infallible>>,
{
    counts.borrow().taken.fetch_add(1, Ordering::Relaxed);
    let result = match AssertUnwindSafe(async { stage(item).await }).catch_unwind().await {
        Ok(result) => result.map_err(|never| match never {}),
        Err(_) => Err(Failed),
    };
    let Counts { given, failed, .. } = counts.borrow();
    let count = if result.is_ok() { given } else { failed };
    count.fetch_add(1, Ordering::Relaxed);
    result
}

pub(super) async fn guarded<F>(stage: Stage<F>, items: u64) -> Outcome
where
    F: Future<Output = Result<u64, Infallible>>,
{
    let counts: [Counts; 3] = Default::default();
    let [first, second, third] = &counts;
    let source = stream::iter(0..items).map(Ok::<u64, Failed>);
    let stages = source
        .and_then(|item| call(first, stage, item))
        .and_then(|item| call(second, stage, item))
        .and_then(|item| call(third, stage, item));
    deliver(stages, items).await?;
    told(&counts, items)
}

pub(super) async fn guarded_parallel<F>(stage: Stage<F>, items: u64) -> Outcome
where
    F: Future<Output = Result<u64, Infallible>>,
{
    let counts: [Arc<Counts>; 3] = Default::default();
    let [first, second, third] = counts.clone();
    let source = stream::iter(0..items).map(Ok::<u64, Failed>);
    let stages = source
        .and_then(move |item| call(Arc::clone(&first), at_once, item))
        .map_ok(move |item| call(Arc::clone(&second), stage, item))
        .try_buffered(LIMIT)
        .and_then(move |item| call(Arc::clone(&third), at_once, item));
    deliver(stages, items).await?;
    told(&counts, items)
}

/// Takes what comes out.
async fn deliver<E: Into<BoxError>>(
    stages: impl Stream<Item = Result<u64, E>>,
    items: u64,
) -> Outcome {
    let mut stages = pin!(stages);
    let mut delivered = 0;
    while let Some(item) = stages.try_next().await.map_err(Into::into)? {
        black_box(item);
        delivered += 1;
    }
    complete(delivered, items)
}

/// That the counts tell what happened.
fn told<C: Borrow<Counts>>(counts: &[C; 3], items: u64) -> Outcome {
    for counts in counts {
        let count = counts.borrow();
        complete(count.taken.load(Ordering::Relaxed), items)?;
        complete(count.given.load(Ordering::Relaxed), items)?;
        complete(count.failed.load(Ordering::Relaxed), 0)?;
    }
    Ok(())
}
