//! Many futures at once under a limit.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;
use std::sync::Arc;

use futures::{Stream, StreamExt, stream};
use futures_buffered::BufferedStreamExt;
use mtaio::TaskExecutor;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use super::Hosts;
use super::futures::YieldOnce;
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Aim, Contest, Outcome, timed_on};
use crate::host::{Host, TokioHost};

const GROUP: &str = "executor";

/// Futures a run.
const ITEMS: u64 = 100_000;

/// How many of them are in flight.
const LIMIT: usize = 64;

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let mut contests = Vec::new();
    for host in &hosts.tokio {
        contests.push(inline("gather-inline-ready", host, Wish(Ratio(0.5)), at_once));
        contests.push(inline("gather-inline-yield", host, Wish(Ratio(0.25)), after_a_yield));
    }
    contests.extend(hosts.tokio.iter().map(tasks));
    contests
}

/// Polled in place, without a task each.
fn inline<F>(kind: &str, host: &TokioHost, aim: Aim, item: fn(u64) -> F) -> Contest
where
    F: Future<Output = Answer> + Send + 'static,
{
    let rt = host.adapter();
    let ours = move |items| {
        let rt = rt.clone();
        async move {
            let executor = TaskExecutor::with_runtime(&rt).limit(LIMIT)?;
            let answers = executor.inline().gather((0..items).map(item)).await?;
            complete(answers, items)
        }
    };
    let buffer_unordered = move |items| async move {
        let answers = stream::iter((0..items).map(item)).buffer_unordered(LIMIT);
        complete(collect(answers, items).await?, items)
    };
    let futures_buffered = move |items| async move {
        let answers = stream::iter((0..items).map(item)).buffered_unordered(LIMIT);
        complete(collect(answers, items).await?, items)
    };
    Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("buffer_unordered", aim, timed_on(host, buffer_unordered))
        .peer("futures-buffered", Open, timed_on(host, futures_buffered))
}

/// As a task each. A `JoinSet` kept at the limit by joining does without a semaphore: for
/// information.
fn tasks(host: &TokioHost) -> Contest {
    let rt = host.adapter();
    let ours = move |items| {
        let rt = rt.clone();
        async move {
            let executor = TaskExecutor::with_runtime(&rt).limit(LIMIT)?;
            let answers = executor.gather((0..items).map(at_once)).await?;
            complete(answers, items)
        }
    };
    Contest::new(GROUP, format!("gather-tasks/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("JoinSet + Semaphore", Wish(Ratio(0.9)), timed_on(host, join_set_with_semaphore))
        .peer("JoinSet kept at 64", Open, timed_on(host, join_set_kept_at_limit))
}

async fn join_set_with_semaphore(items: u64) -> Outcome {
    let semaphore = Arc::new(Semaphore::new(LIMIT));
    let mut tasks = JoinSet::new();
    for item in 0..items {
        let permit = Arc::clone(&semaphore).acquire_owned().await?;
        tasks.spawn(async move {
            let answer = at_once(item).await;
            drop(permit);
            answer
        });
    }
    let mut answers = answers_for(items);
    while let Some(answer) = tasks.join_next().await {
        answers.push(answer??);
    }
    complete(answers, items)
}

async fn join_set_kept_at_limit(items: u64) -> Outcome {
    let mut tasks = JoinSet::new();
    let mut answers = answers_for(items);
    for item in 0..items {
        if tasks.len() == LIMIT
            && let Some(answer) = tasks.join_next().await
        {
            answers.push(answer??);
        }
        tasks.spawn(at_once(item));
    }
    while let Some(answer) = tasks.join_next().await {
        answers.push(answer??);
    }
    complete(answers, items)
}

/// What an item comes to.
type Answer = Result<u64, Infallible>;

async fn at_once(item: u64) -> Answer {
    Ok(black_box(item))
}

async fn after_a_yield(item: u64) -> Answer {
    YieldOnce::default().await;
    Ok(black_box(item))
}

/// All answers of a peer, with no more work than collecting needs.
async fn collect(answers: impl Stream<Item = Answer>, items: u64) -> Result<Vec<u64>, Infallible> {
    let mut collected = answers_for(items);
    let mut answers = std::pin::pin!(answers);
    while let Some(answer) = answers.next().await {
        collected.push(answer?);
    }
    Ok(collected)
}

fn answers_for(items: u64) -> Vec<u64> {
    Vec::with_capacity(usize::try_from(items).unwrap_or(0))
}

/// Refuses a run that lost answers.
fn complete(answers: Vec<u64>, items: u64) -> Outcome {
    let count = black_box(answers).len();
    if u64::try_from(count)? == items {
        Ok(())
    } else {
        Err(format!("{count} answers for {items} items").into())
    }
}
