//! Batches and windows, of items that are there.

use std::collections::VecDeque;
use std::future::ready;
use std::pin::pin;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use mtaio::StreamExt as _;
use std::hint::black_box;

use super::{GROUP, ITEMS, complete, read};
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, timed_on};
use crate::host::{Host, TokioHost};

const SECOND: Duration = Duration::from_secs(1);

pub(super) fn contests(host: &TokioHost) -> Vec<Contest> {
    let mut contests = Vec::new();
    for size in [100, 10] {
        contests.push(batch(host, size));
        contests.push(batch_within(host, size));
    }
    contests.push(sliding(host));
    contests.push(side_by_side(host));
    contests
}

fn batch(host: &TokioHost, size: usize) -> Contest {
    let ours = move |items| async move {
        read(stream::iter(0..items).batch(size)?, items / size as u64).await
    };
    let chunks = move |items| async move {
        read(stream::iter(0..items).chunks(size), items / size as u64).await
    };
    Contest::new(GROUP, format!("stream-batch-{size}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("futures chunks", Wish(Ratio(1.2)), timed_on(host, chunks))
}

fn batch_within(host: &TokioHost, size: usize) -> Contest {
    let rt = host.adapter();
    let ours = move |items| {
        let rt = rt.clone();
        async move {
            let batches = stream::iter(0..items).timed(&rt).batch_within(size, SECOND)?;
            read(batches, items / size as u64).await
        }
    };
    let tokio = move |items| async move {
        let items_of = stream::iter(0..items);
        let batches = tokio_stream::StreamExt::chunks_timeout(items_of, size, SECOND);
        read(batches, items / size as u64).await
    };
    let futures_batch = move |items| async move {
        let items_of = stream::iter(0..items);
        let batches = futures_batch::ChunksTimeoutStreamExt::chunks_timeout(items_of, size, SECOND);
        read(batches, items / size as u64).await
    };
    Contest::new(GROUP, format!("stream-batch-within-{size}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("tokio chunks_timeout", Open, timed_on(host, tokio))
        .peer("futures-batch", Wish(Ratio(1.0)), timed_on(host, futures_batch))
}

/// A window of a hundred at each item. No peer has these: by hand they are a deque that is copied.
fn sliding(host: &TokioHost) -> Contest {
    let ours = move |items| async move {
        read(stream::iter(0..items).window(100, 1)?.without_tail(), items - 99).await
    };
    let by_hand = move |items| async move {
        let mut window = VecDeque::with_capacity(100);
        let mut source = pin!(stream::iter(0..items));
        let mut count = 0;
        while let Some(item) = source.next().await {
            if window.len() == 100 {
                window.pop_front();
            }
            window.push_back(item);
            if window.len() == 100 {
                black_box(window.iter().copied().collect::<Vec<u64>>());
                count += 1;
            }
        }
        complete(count, items - 99)
    };
    Contest::new(GROUP, format!("stream-window-100-1/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("a deque, by hand", Wish(Ratio(1.0)), timed_on(host, by_hand))
}

/// Windows that share nothing.
fn side_by_side(host: &TokioHost) -> Contest {
    let ours = move |items| async move {
        read(stream::iter(0..items).window(100, 100)?.with_tail(), items / 100).await
    };
    let futures_rx = move |items| async move {
        let items_of = stream::iter(0..items);
        let windows = futures_rx::RxExt::buffer(items_of, |_, count| ready(count == 100));
        read(windows, items / 100).await
    };
    Contest::new(GROUP, format!("stream-window-100-100/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("futures-rx buffer", Wish(Ratio(1.0)), timed_on(host, futures_rx))
}
