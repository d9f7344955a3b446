//! Runs that end before their source.

use std::future::Future;
use std::time::Duration;

use futures_util::{StreamExt as _, stream};
use mtaio::pipeline::{Batch, Parallel, RunEnd, pipeline};
use mtaio::time::Deadline;
use mtaio::{CancellationToken, Runtime, RuntimeExt};
use mtaio_runtime::Ambient;
use mtaio_sim::{Explore, Sim};

use crate::assert_conserved;
use crate::common::ms;

#[track_caller]
fn simulated<F: Future<Output = ()>>(scenario: impl Fn(Sim) -> F) {
    Sim::explore(Explore::new().seeds(0..100), scenario);
}

#[test]
fn a_cancelled_run_drains() {
    simulated(|rt| async move {
        let (clock, token) = (rt.clone(), CancellationToken::new());
        let stop = token.clone();
        let slow = async move |n: u64| {
            clock.sleep(ms(10)).await;
            if n == 5 {
                stop.cancel();
            }
            Ok::<_, String>(n)
        };
        let pipeline = pipeline::<String>()
            .map_async(Parallel::ordered(4), slow)
            .batch(Batch::size(100), async |batch: Vec<u64>| Ok::<_, String>(batch))
            .build()
            .expect("it is fine");
        let mut source = stream::iter(0..1_000);
        let (out, report) = pipeline.run(&rt, &mut source).until(&token).collect().await;
        assert_eq!(report.end, RunEnd::Cancelled);
        assert_conserved(&report);
        assert_eq!(report.delivered, report.taken, "what was taken goes to its end");
        assert!((6..=10).contains(&report.taken), "{report:?}");
        assert_eq!(out.concat(), (0..report.taken).collect::<Vec<_>>(), "the tail goes out too");
        assert_eq!(source.next().await, Some(report.taken), "the rest is the source's");
    });
}

#[test]
fn a_cancelled_run_ends_also_when_its_source_never_does() {
    simulated(|rt| async move {
        let token = CancellationToken::new();
        let stop = token.clone();
        let clock = rt.clone();
        let canceller = rt.spawn(async move {
            clock.sleep(ms(50)).await;
            stop.cancel();
        });
        let pipeline = pipeline::<String>()
            .batch(Batch::size(10), async |batch: Vec<u64>| Ok::<_, String>(batch))
            .build()
            .expect("it is fine");
        let source = stream::iter(0..3).chain(stream::pending());
        let begun = rt.now();
        let (out, report) = pipeline.run(&rt, source).until(&token).collect().await;
        assert_eq!((out, report.end), (vec![vec![0, 1, 2]], RunEnd::Cancelled));
        assert_eq!(rt.now() - begun, ms(50));
        canceller.await.expect("it ends");
    });
}

#[test]
fn a_run_ends_in_its_time_and_at_the_ambient_deadline() {
    simulated(|rt| async move {
        let pipeline = pipeline::<String>().map(|n: u64| n).build().expect("it is fine");
        let source = || stream::iter(0..3).chain(stream::pending());
        let begun = rt.now();
        let report = pipeline.run(&rt, source()).within(ms(20)).await;
        assert_eq!((report.end, report.delivered), (RunEnd::TimeUp, 3));
        assert_eq!(rt.now() - begun, ms(20));

        let task_rt = rt.clone();
        let clone = pipeline.clone();
        let task = Deadline::after(&rt, ms(30)).run(&rt, async {
            let run = async move { clone.run(&task_rt, stream::pending()).await };
            Some(rt.spawn(run))
        });
        let task = task.await.expect("it only spawns").expect("that it does");
        let report = task.await.expect("it does not panic");
        assert_eq!((report.end, report.taken), (RunEnd::TimeUp, 0));

        // Of both, what comes first.
        for (within, deadline) in [(20, 30), (30, 20)] {
            let begun = rt.now();
            let run =
                async { Some(pipeline.run(&rt, stream::pending()).within(ms(within)).await.end) };
            let inherited = Deadline::after(&rt, ms(deadline));
            let end = Ambient::empty().with_deadline(inherited.instant()).attach(run).await;
            assert_eq!((end, rt.now() - begun), (Some(RunEnd::TimeUp), ms(20)));
        }
    });
}

#[test]
fn what_does_not_drain_in_time_is_unprocessed() {
    simulated(|rt| async move {
        let token = CancellationToken::new();
        let (clock, stop) = (rt.clone(), token.clone());
        let stuck = async move |n: u64| {
            if n == 2 {
                stop.cancel();
            }
            clock.sleep(if n < 3 { ms(10) } else { Duration::from_secs(3_600) }).await;
            Ok::<_, String>(n)
        };
        let pipeline = pipeline::<String>()
            .map_async(Parallel::unordered(4), stuck)
            .build()
            .expect("it is fine");
        let run = pipeline.run(&rt, stream::iter(0..4)).until(&token).drain_within(ms(100));
        let begun = rt.now();
        let report = run.await;
        assert!(rt.now() - begun <= ms(110), "{:?}", rt.now() - begun);
        assert_conserved(&report);
        assert_eq!(report.delivered, 3);
        assert_eq!(report.unprocessed, report.taken - 3);
    });
}

#[test]
fn a_stage_that_fails_ends_the_run_and_what_is_on_its_way_goes_on() {
    simulated(|rt| async move {
        let clock = rt.clone();
        let stage = async move |n: u64| {
            clock.sleep(ms(10 + n)).await;
            if n == 2 { Err("2 fails".to_owned()) } else { Ok(n) }
        };
        let pipeline = pipeline::<String>()
            .map_async(Parallel::unordered(4), stage)
            .build()
            .expect("it is fine");
        let (out, report) = pipeline.run(&rt, stream::iter(0..100)).collect().await;
        assert_eq!((report.end, report.failed), (RunEnd::Failed, 1));
        assert_conserved(&report);
        assert_eq!(report.delivered, out.len() as u64);
        assert!(report.taken < 10, "{report:?}");
        let error = report.into_result().expect_err("it failed");
        assert_eq!(error.into_failed().as_deref(), Some("2 fails"));
    });
}

#[test]
fn sources_without_items() {
    simulated(|rt| async move {
        let pipeline = pipeline::<String>()
            .batch(Batch::size(10), async |batch: Vec<u64>| Ok::<_, String>(batch))
            .build()
            .expect("it is fine");
        let (out, report) = pipeline.run(&rt, stream::empty()).collect().await;
        assert_eq!((out.len(), report.taken, report.end), (0, 0, RunEnd::Finished));
        let token = CancellationToken::new();
        token.cancel();
        let report = pipeline.run(&rt, stream::iter(0..9)).until(&token).await;
        assert_eq!((report.taken, report.end), (0, RunEnd::Cancelled));
    });
}

/// However long a stage takes, that no more is taken is seen at once, and the time to drain begins.
#[test]
fn a_stage_that_never_ends_does_not_keep_the_time_to_drain_from_beginning() {
    simulated(|rt| async move {
        let stuck = async |_: u64| std::future::pending::<Result<u64, String>>().await;
        let one = pipeline::<String>().then(stuck).build().expect("it is fine");
        let full = pipeline::<String>()
            .map_async(Parallel::ordered(2), stuck)
            .map(|n| n)
            .build()
            .expect("it is fine");
        let begun = rt.now();
        let report = one.run(&rt, stream::iter(0..9)).within(ms(20)).drain_within(ms(30)).await;
        assert_eq!((report.end, report.unprocessed), (RunEnd::TimeUp, 1));
        assert_eq!(rt.now() - begun, ms(50));

        let report = full.run(&rt, stream::iter(0..9)).within(ms(20)).drain_within(ms(30)).await;
        assert_eq!((report.end, report.unprocessed), (RunEnd::TimeUp, 2));
        assert_eq!(rt.now() - begun, ms(100));

        let token = CancellationToken::new();
        let (clock, stop) = (rt.clone(), token.clone());
        let canceller = rt.spawn(async move {
            clock.sleep(ms(5)).await;
            stop.cancel();
        });
        let run = one.run(&rt, stream::iter(0..9)).until(&token).drain_within(ms(30));
        let report = run.await;
        assert_eq!((report.end, report.unprocessed), (RunEnd::Cancelled, 1));
        assert_eq!(rt.now() - begun, ms(135));
        canceller.await.expect("it ends");
    });
}

/// A source that is always ready, and of which nothing comes out, leaves others their turn.
#[test]
fn a_run_of_which_nothing_comes_out_can_be_cancelled() {
    simulated(|rt| async move {
        let token = CancellationToken::new();
        let stop = token.clone();
        let canceller = rt.spawn(async move { stop.cancel() });
        let pipeline = pipeline::<String>().filter(|_: &u64| false).build().expect("it is fine");
        let report = pipeline.run(&rt, stream::repeat(1)).until(&token).await;
        assert_eq!((report.end, report.delivered), (RunEnd::Cancelled, 0));
        assert_conserved(&report);
        canceller.await.expect("it ends");
    });
}

#[test]
fn the_longest_times_are_no_trouble() {
    simulated(|rt| async move {
        let pipeline = pipeline::<String>().map(|n: u64| n).build().expect("it is fine");
        let run = pipeline.run(&rt, stream::iter(0..3));
        let report = run.within(Duration::MAX).drain_within(Duration::MAX).await;
        assert_eq!((report.end, report.delivered), (RunEnd::Finished, 3));
    });
}
