//! Streams: calls at once, batches, windows, time, copies.

mod calls;
mod copies;
mod gather;
mod time;

use std::hint::black_box;
use std::pin::pin;

use futures::{Stream, StreamExt};

use super::Hosts;
use crate::harness::{Contest, Outcome};

const GROUP: &str = "stream";

/// Items a run.
const ITEMS: u64 = 100_000;

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    // Peers that make timers of tokio need its context: the flavor that is quicker to drive.
    let host = &hosts.tokio[0];
    let mut contests = calls::contests(host);
    contests.extend(gather::contests(host));
    contests.extend(time::contests(host));
    contests.extend(copies::contests(host));
    contests
}

/// Reads a stream to its end, with no more work than that takes, and refuses one of another length.
async fn read<T>(stream: impl Stream<Item = T>, expected: u64) -> Outcome {
    let mut stream = pin!(stream);
    let mut count = 0;
    while let Some(item) = stream.next().await {
        black_box(item);
        count += 1;
    }
    complete(count, expected)
}

fn complete(count: u64, expected: u64) -> Outcome {
    if count == expected {
        return Ok(());
    }
    Err(format!("{count} came out where it should have been {expected}").into())
}
