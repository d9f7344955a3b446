//! Messages to so many subscribers, none of which is lost: a burst is published, and read by each,
//! in one task.

use mtaio::event::Topics;
use mtaio::queue::Overflow;

use super::GROUP;
use crate::harness::Aim::{Gate, Open};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, Side, timed_on};
use crate::host::TokioHost;

const ROOM: usize = 128;
const BURST: u64 = 64;
const MESSAGES: u64 = 64_000;

pub(super) fn contests(host: &TokioHost) -> Vec<Contest> {
    let mut contests: Vec<_> =
        [(1, 0.8), (8, 0.6)].map(|(readers, ratio)| contest(host, readers, ratio)).into();
    contests.push(one_stalled(host));
    contests
}

fn contest(host: &TokioHost, readers: usize, ratio: f64) -> Contest {
    Contest::new(GROUP, format!("topics/{readers}"))
        .items(MESSAGES)
        .ours(ours(host, readers))
        .peer("tokio broadcast", Gate(Ratio(ratio)), tokio_broadcast(host, readers))
        .peer("async-broadcast", Open, async_broadcast(host, readers))
}

fn ours(host: &TokioHost, readers: usize) -> Side {
    timed_on(host, move |messages| async move {
        let topics = Topics::new();
        let subscribe = |_| topics.subscribe("prices.*", Overflow::Block(ROOM));
        let mut all = (0..readers).map(subscribe).collect::<Result<Vec<_>, _>>()?;
        let (mut topic, mut sum) = (topics.topic("prices.eur"), 0);
        for first in (0..messages).step_by(BURST as usize) {
            for number in first..first + BURST {
                topic.publish(number).await?;
            }
            for reader in &mut all {
                for _ in 0..BURST {
                    sum += reader.recv().await.ok_or("closed")?.into_value();
                }
            }
        }
        complete(sum, messages, readers)
    })
}

/// Seven read, and an eighth that does not drops what it has no room for. It must not cost the
/// others more than a tenth of what they do beside one that reads.
fn one_stalled(host: &TokioHost) -> Contest {
    Contest::new(GROUP, "topics/8-one-stalled")
        .items(MESSAGES)
        .ours(seven_and(host, true))
        .peer("all eight read", Gate(Ratio(1.0 / 0.9)), seven_and(host, false))
        .peer("tokio broadcast, one stalled", Open, tokio_one_stalled(host))
}

fn seven_and(host: &TokioHost, stalled: bool) -> Side {
    timed_on(host, move |messages| async move {
        let topics = Topics::new();
        let subscribe = |_| topics.subscribe("prices.*", Overflow::Block(ROOM));
        let mut all = (0..7).map(subscribe).collect::<Result<Vec<_>, _>>()?;
        let mut eighth = topics.subscribe("prices.*", Overflow::DropOldest(ROOM))?;
        let (mut topic, mut sum) = (topics.topic("prices.eur"), 0);
        for first in (0..messages).step_by(BURST as usize) {
            for number in first..first + BURST {
                topic.publish(number).await?;
            }
            for reader in &mut all {
                for _ in 0..BURST {
                    sum += reader.recv().await.ok_or("closed")?.into_value();
                }
            }
            if !stalled {
                for _ in 0..BURST {
                    eighth.recv().await.ok_or("closed")?;
                }
            }
        }
        let missed = if stalled { messages.saturating_sub(ROOM as u64) } else { 0 };
        let known = eighth.stats().missed;
        if known != missed {
            return Err(format!("it knows of {known} that it missed, of {missed}").into());
        }
        complete(sum, messages, 7)
    })
}

fn tokio_one_stalled(host: &TokioHost) -> Side {
    timed_on(host, move |messages| async move {
        let (sender, _stalled) = tokio::sync::broadcast::channel(ROOM);
        let mut all: Vec<_> = (0..7).map(|_| sender.subscribe()).collect();
        let mut sum = 0;
        for first in (0..messages).step_by(BURST as usize) {
            for number in first..first + BURST {
                sender.send(number)?;
            }
            for reader in &mut all {
                for _ in 0..BURST {
                    sum += reader.recv().await?;
                }
            }
        }
        complete(sum, messages, 7)
    })
}

fn tokio_broadcast(host: &TokioHost, readers: usize) -> Side {
    timed_on(host, move |messages| async move {
        let (sender, _) = tokio::sync::broadcast::channel(ROOM);
        let mut all: Vec<_> = (0..readers).map(|_| sender.subscribe()).collect();
        let mut sum = 0;
        for first in (0..messages).step_by(BURST as usize) {
            for number in first..first + BURST {
                sender.send(number)?;
            }
            for reader in &mut all {
                for _ in 0..BURST {
                    sum += reader.recv().await?;
                }
            }
        }
        complete(sum, messages, readers)
    })
}

fn async_broadcast(host: &TokioHost, readers: usize) -> Side {
    timed_on(host, move |messages| async move {
        let (sender, first_reader) = async_broadcast::broadcast(ROOM);
        let mut all = vec![first_reader.clone(); readers];
        drop(first_reader);
        let mut sum = 0;
        for first in (0..messages).step_by(BURST as usize) {
            for number in first..first + BURST {
                sender.broadcast_direct(number).await?;
            }
            for reader in &mut all {
                for _ in 0..BURST {
                    sum += reader.recv_direct().await?;
                }
            }
        }
        complete(sum, messages, readers)
    })
}

fn complete(sum: u64, messages: u64, readers: usize) -> Outcome {
    let expected = messages * (messages - 1) / 2 * readers as u64;
    if sum == expected { Ok(()) } else { Err(format!("a sum of {sum}, not {expected}").into()) }
}
