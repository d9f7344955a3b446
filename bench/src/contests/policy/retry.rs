//! A retry of what succeeds at once.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::hint::black_box;
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use mtaio::policy::{Attempt, Retry};

use super::GROUP;
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Above;
use crate::harness::{Contest, timed_on};
use crate::host::{Host, TokioHost};

const FIRST: Duration = Duration::from_millis(100);

pub(super) fn contests(host: &TokioHost) -> [Contest; 1] {
    [first_try(host)]
}

fn answer() -> Ready<Result<u64, Infallible>> {
    ready(Ok(black_box(1)))
}

fn first_try(host: &TokioHost) -> Contest {
    let rt = host.adapter();
    let ours = timed_on(host, move |times| {
        let rt = rt.clone();
        async move {
            let retry = Retry::exponential(FIRST).max_attempts(3).build()?;
            for _ in 0..times {
                black_box(retry.run(&rt, |_: Attempt| answer()).await?);
            }
            Ok(())
        }
    });
    let bare = timed_on(host, |times| async move {
        for _ in 0..times {
            black_box(answer().await?);
        }
        Ok(())
    });
    let backon = timed_on(host, |times| async move {
        let backoff = ExponentialBuilder::default().with_min_delay(FIRST).with_max_times(2);
        for _ in 0..times {
            black_box(answer.retry(backoff).sleep(tokio::time::sleep).await?);
        }
        Ok(())
    });
    Contest::new(GROUP, "retry-first-try")
        .ours(ours)
        .peer("bare", Wish(Above(2.0)), bare)
        .peer("backon", Open, backon)
}
