//! Windows over a stream, by count and by time, and batches by time: what a service makes of the
//! delays that airports report.
//!
//! ```text
//! cargo run --example stream_windows -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

mod common;

use std::process::ExitCode;
use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use mtaio::time::sleep;
use mtaio::{ConfigError, Runtime, StreamExt};

/// Delays in minutes, as they come: three at once, two after a while, one after another while.
const BURSTS: [&[i64]; 3] = [&[4, 8, 12], &[60, 0], &[90]];

/// Between two bursts; far longer than a batch or a machine takes.
const PAUSE: Duration = Duration::from_millis(300);

fn delays<R: Runtime>(rt: &R) -> impl Stream<Item = i64> + use<R> {
    let rt = rt.clone();
    let bursts = stream::iter(BURSTS.into_iter().enumerate());
    let bursts = bursts.then(move |(number, burst)| {
        let rt = rt.clone();
        async move {
            if number > 0 {
                // Nobody has set a deadline here, so it is slept through.
                let _ = sleep(&rt, PAUSE).await;
            }
            stream::iter(burst.iter().copied())
        }
    });
    bursts.flatten()
}

/// The mean of the last three, each time that another comes.
async fn means<R: Runtime>(rt: &R) -> Result<Vec<i64>, ConfigError> {
    let windows = delays(rt).window(3, 1)?.without_tail();
    let means = windows.map(|window| window.iter().sum::<i64>() / 3);
    Ok(means.inspect(|mean| println!("mean of three: {mean} min")).collect().await)
}

/// Fours that share nothing; the last are fewer, and not lost.
async fn fours<R: Runtime>(rt: &R, sabotage: bool) -> Result<Vec<Vec<i64>>, ConfigError> {
    let slide = if sabotage { 3 } else { 4 };
    let fours = delays(rt).window(4, slide)?.with_tail();
    Ok(fours.inspect(|four| println!("up to four: {four:?}")).collect().await)
}

/// What comes within 50 ms is one batch, and it comes then, whether or not there is another.
async fn batches<R: Runtime>(rt: &R) -> Result<Vec<Vec<i64>>, ConfigError> {
    let batches = delays(rt).timed(rt).batch_by_time(Duration::from_millis(50))?;
    let mut batches = std::pin::pin!(batches);
    let mut all = Vec::new();
    let begun = rt.now();
    while let Some(batch) = batches.next().await {
        println!("batch: {batch:?} after {:?}", rt.now() - begun);
        // The next burst is not what it waited for.
        let number = u32::try_from(all.len()).unwrap_or(u32::MAX);
        if rt.now() - begun < PAUSE * (number + 1) {
            all.push(batch);
        }
    }
    Ok(all)
}

/// The worst of each half of a second.
async fn worst<R: Runtime>(rt: &R) -> Result<Vec<i64>, ConfigError> {
    let windows = delays(rt).timed(rt).tumbling(Duration::from_millis(500))?;
    let worst = windows.filter_map(async |window| window.items.into_iter().max());
    Ok(worst.inspect(|worst| println!("worst of a while: {worst} min")).collect().await)
}

async fn report<R: Runtime>(rt: R, sabotage: bool) -> Result<(), String> {
    let refused = |error: ConfigError| error.to_string();
    must_be("means", &means(&rt).await.map_err(refused)?, &[8, 26, 24, 50])?;
    let expected = [vec![4, 8, 12, 60], vec![0, 90]];
    must_be("fours", &fours(&rt, sabotage).await.map_err(refused)?, &expected)?;
    let bursts: Vec<Vec<i64>> = BURSTS.map(<[i64]>::to_vec).to_vec();
    must_be("batches", &batches(&rt).await.map_err(refused)?, &bursts)?;
    must_be("the worst", &worst(&rt).await.map_err(refused)?, &[60, 90])
}

fn must_be<T: PartialEq + std::fmt::Debug>(
    what: &str,
    is: &[T],
    expected: &[T],
) -> Result<(), String> {
    if is == expected {
        return Ok(());
    }
    Err(format!("{what} must be {expected:?}, and are {is:?}"))
}

fn main() -> ExitCode {
    common::run(report)
}
