//! A task a stage, and bounded channels between them.

use std::convert::Infallible;
use std::future::Future;
use std::hint::black_box;

use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _, stream};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_stream::wrappers::ReceiverStream;

use super::{LIMIT, Stage, at_once, complete};
use crate::harness::Outcome;

/// Room in each channel.
const ROOM: usize = 128;

/// Items on their way to a stage, or out of it.
type Items = BoxStream<'static, Result<u64, Infallible>>;

/// One of the channels, and the task that takes items from one into the next.
pub(super) trait Pump {
    /// Has a task of its own send the items of `source`, and gives what receives them.
    fn pump(tasks: &mut JoinSet<()>, source: Items) -> Items;
}

/// By the channels of tokio.
pub(super) struct Tokio;

impl Pump for Tokio {
    fn pump(tasks: &mut JoinSet<()>, mut source: Items) -> Items {
        let (sender, receiver) = mpsc::channel(ROOM);
        tasks.spawn(async move {
            while let Some(item) = source.next().await {
                if sender.send(item).await.is_err() {
                    return;
                }
            }
        });
        ReceiverStream::new(receiver).boxed()
    }
}

/// By those of async-channel.
pub(super) struct AsyncChannel;

impl Pump for AsyncChannel {
    fn pump(tasks: &mut JoinSet<()>, mut source: Items) -> Items {
        let (sender, receiver) = async_channel::bounded(ROOM);
        tasks.spawn(async move {
            while let Some(item) = source.next().await {
                if sender.send(item).await.is_err() {
                    return;
                }
            }
        });
        receiver.boxed()
    }
}

pub(super) async fn sequential<P: Pump, F>(stage: Stage<F>, items: u64) -> Outcome
where
    F: Future<Output = Result<u64, Infallible>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let mut flow: Items = stream::iter(0..items).map(Ok).boxed();
    for _ in 0..3 {
        flow = P::pump(&mut tasks, flow.and_then(stage).boxed());
    }
    deliver(flow, tasks, items).await
}

pub(super) async fn parallel<P: Pump, F>(stage: Stage<F>, items: u64) -> Outcome
where
    F: Future<Output = Result<u64, Infallible>> + Send + 'static,
{
    let mut tasks = JoinSet::new();
    let source = stream::iter(0..items).map(Ok);
    let flow = P::pump(&mut tasks, source.and_then(at_once).boxed());
    let flow = P::pump(&mut tasks, flow.map_ok(stage).try_buffered(LIMIT).boxed());
    let flow = P::pump(&mut tasks, flow.and_then(at_once).boxed());
    deliver(flow, tasks, items).await
}

/// Takes what comes out.
async fn deliver(mut flow: Items, mut tasks: JoinSet<()>, items: u64) -> Outcome {
    let mut delivered = 0;
    while let Some(item) = flow.try_next().await? {
        black_box(item);
        delivered += 1;
    }
    while let Some(ended) = tasks.join_next().await {
        ended?;
    }
    complete(delivered, items)
}
