//! One stream for eight readers, who each get every item.

use std::hint::black_box;

use futures::future::join_all;
use futures::{Stream, StreamExt as _, stream};
use mtaio::StreamExt as _;
use mtaio::queue::Overflow;
use tokio::sync::broadcast::error::RecvError;
use tokio::task::yield_now;

use super::{GROUP, ITEMS, complete, read};
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, timed_on};
use crate::host::{Host, TokioHost};

const READERS: usize = 8;

const ROOM: usize = 128;

pub(super) fn contests(host: &TokioHost) -> Vec<Contest> {
    let contest = Contest::new(GROUP, format!("stream-broadcast-8/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("tokio broadcast", Wish(Ratio(0.6)), timed_on(host, tokio_broadcast))
        .peer("async-broadcast", Open, timed_on(host, async_broadcast));
    vec![contest]
}

async fn ours(items: u64) -> Outcome {
    let copies = stream::iter(0..items).broadcast(READERS, Overflow::Block(ROOM))?;
    all(copies, items).await
}

/// As tasks, as they will be.
async fn all<S: Stream + Send + 'static>(copies: Vec<S>, items: u64) -> Outcome {
    let readers = copies.into_iter().map(|copy| tokio::spawn(read(copy, items)));
    for outcome in join_all(readers).await {
        outcome??;
    }
    Ok(())
}

/// It is lossless as long as who sends looks how far the slowest is: whenever the room is used up the
/// readers have their turn.
async fn tokio_broadcast(items: u64) -> Outcome {
    let (sender, _) = tokio::sync::broadcast::channel(ROOM);
    let readers: Vec<_> = (0..READERS)
        .map(|_| {
            let mut receiver = sender.subscribe();
            tokio::spawn(async move {
                let mut count = 0;
                loop {
                    match receiver.recv().await {
                        Ok(item) => {
                            black_box(item);
                            count += 1;
                        }
                        Err(RecvError::Closed) => return complete(count, items),
                        Err(RecvError::Lagged(_)) => return Err("it lost items".into()),
                    }
                }
            })
        })
        .collect();
    let mut source = std::pin::pin!(stream::iter(0..items));
    let mut room = ROOM;
    while let Some(item) = source.next().await {
        sender.send(item)?;
        room -= 1;
        if room == 0 {
            while !sender.is_empty() {
                yield_now().await;
            }
            room = ROOM;
        }
    }
    drop(sender);
    for outcome in join_all(readers).await {
        outcome??;
    }
    Ok(())
}

async fn async_broadcast(items: u64) -> Outcome {
    let (sender, receiver) = async_broadcast::broadcast(ROOM);
    let copies: Vec<_> = (0..READERS).map(|_| receiver.new_receiver()).collect();
    drop(receiver);
    let readers = copies.into_iter().map(|copy| tokio::spawn(read(copy, items)));
    let readers: Vec<_> = readers.collect();
    for item in 0..items {
        sender.broadcast_direct(item).await?;
    }
    drop(sender);
    for outcome in join_all(readers).await {
        outcome??;
    }
    Ok(())
}
