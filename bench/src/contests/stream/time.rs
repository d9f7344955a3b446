//! Throttle and debounce, of items that are there.

use std::ops::Range;
use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use mtaio::StreamExt as _;

use super::super::futures::YieldOnce;
use super::{GROUP, ITEMS, read};
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, timed_on};
use crate::host::{Host, TokioHost};

/// Longer than a round: one item comes out.
const LONG: Duration = Duration::from_secs(60);

/// The time in which no further item comes, after a burst whose end is the source's.
const QUIET: Duration = Duration::from_millis(1);

/// One of the peers waits for [`QUIET`] after each item, also of those that are there.
const BURST: u64 = 100;

pub(super) fn contests(host: &TokioHost) -> Vec<Contest> {
    let ready = stream::iter::<Range<u64>>;
    let yielding = |items| {
        stream::iter(items).then(|item| async move {
            YieldOnce::default().await;
            item
        })
    };
    let of_ready = throttle("stream-throttle", host, ready);
    vec![
        of_ready.peer("futures-time", Open, timed_on(host, futures_time)),
        throttle("stream-throttle-yield", host, yielding),
        debounce(host),
    ]
}

/// Of items that are all there futures-time never asks its timer, and so lets no second one through
/// however long that takes: for information. Where one has to be waited for, it reads on only when its
/// period is over, and would take [`LONG`]: there it is no peer.
async fn futures_time(items: u64) -> Outcome {
    let period = futures_time::time::Duration::from(LONG);
    read(futures_time::stream::StreamExt::throttle(stream::iter(0..items), period), 1).await
}

fn throttle<S>(
    kind: &str,
    host: &TokioHost,
    source: impl Fn(Range<u64>) -> S + Copy + Send + 'static,
) -> Contest
where
    S: Stream<Item = u64> + Send + 'static,
{
    let rt = host.adapter();
    let ours = move |items| {
        let rt = rt.clone();
        async move { read(source(0..items).timed(&rt).throttle(LONG)?, 1).await }
    };
    let futures_rx =
        move |items| async move { read(RxStream::throttle(source(0..items)), 1).await };
    Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .items(ITEMS)
        .ours(timed_on(host, ours))
        .peer("futures-rx", Wish(Ratio(1.0)), timed_on(host, futures_rx))
}

fn debounce(host: &TokioHost) -> Contest {
    let rt = host.adapter();
    let ours = move |items| {
        let rt = rt.clone();
        async move { read(stream::iter(0..items).timed(&rt).debounce(QUIET)?, 1).await }
    };
    let futures_time = move |items| async move {
        let quiet = futures_time::time::Duration::from(QUIET);
        read(futures_time::stream::StreamExt::debounce(stream::iter(0..items), quiet), 1).await
    };
    let futures_rx = move |items| async move {
        let debounced = RxStream::debounce(stream::iter(0..items));
        read(debounced, 1).await
    };
    Contest::new(GROUP, format!("stream-debounce/{}", host.name()))
        .items(BURST)
        .ours(timed_on(host, ours))
        .peer("futures-time", Wish(Ratio(1.0)), timed_on(host, futures_time))
        .peer("futures-rx", Wish(Ratio(1.0)), timed_on(host, futures_rx))
}

/// The operators of futures-rx by tokio's timers; their names are those of futures-time.
struct RxStream;

impl RxStream {
    fn throttle(source: impl Stream<Item = u64>) -> impl Stream<Item = u64> {
        futures_rx::RxExt::throttle(source, |_| tokio::time::sleep(LONG))
    }

    fn debounce(source: impl Stream<Item = u64>) -> impl Stream<Item = u64> {
        futures_rx::RxExt::debounce(source, |_| tokio::time::sleep(QUIET))
    }
}
