//! Panics anywhere: each costs the item that it met, and is told of the stage whose it is.

use std::future::{Future, poll_fn, ready};
use std::panic::{AssertUnwindSafe, panic_any};
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::{FutureExt as _, StreamExt as _, stream};
use mtaio::pipeline::{Batch, Letter, Parallel, PipelineError, RunEnd, Stage, pipeline};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::assert_conserved;
use crate::common::{ms, on_every_runtime};

on_every_runtime!(
    seeds = 10;
    a_call_that_can_not_be_dropped_has_panicked,
    a_stage_that_panics_before_it_begins_is_settled_as_any,
    an_item_that_can_not_be_cloned_has_failed,
    a_sink_that_can_not_be_cloned_has_failed,
    a_panic_of_the_source_is_its_own,
    a_filter_that_panics_fails_all_that_the_item_stands_for,
    a_panic_beside_others_in_flight_is_that_of_one,
    a_panic_while_the_body_waits_is_settled_meanwhile,
    a_body_that_panics_at_once_or_later_is_told,
);

/// Ready at its second poll, and not to be dropped.
struct Clingy {
    polled: bool,
    result: Option<Result<u32, String>>,
}

impl Clingy {
    fn new(result: Result<u32, String>) -> Self {
        Self { polled: false, result: Some(result) }
    }
}

impl Future for Clingy {
    type Output = Result<u32, String>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        if !self.polled {
            self.polled = true;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        Poll::Ready(self.result.take().expect("it is polled to its end"))
    }
}

impl Drop for Clingy {
    fn drop(&mut self) {
        if self.result.is_none() {
            panic_any("it stays");
        }
    }
}

/// What is also not to be dropped, while another panic goes on.
struct Rude;

impl Drop for Rude {
    fn drop(&mut self) {
        panic_any("so does this");
    }
}

async fn a_call_that_can_not_be_dropped_has_panicked<R: Runtime>(rt: R) {
    let clings = |n: u32| Clingy::new(if n == 7 { Err("seven".to_owned()) } else { Ok(n) });
    let fails = pipeline::<String>().then(clings).build().expect("it is fine");
    let report = fails.run(&rt, stream::iter(0..4)).await;
    assert_conserved(&report);
    assert_eq!((report.taken, report.failed, report.end), (1, 1, RunEnd::Failed));
    let error = report.into_result().expect_err("it panicked").to_string();
    assert!(error.contains("panicked: it stays"), "{error}");
    let report = fails.run(&rt, stream::iter([7])).await;
    assert_eq!(report.failed, 1);
    assert_eq!(
        report.into_result().expect_err("it failed").into_failed().as_deref(),
        Some("seven")
    );

    let letters = Arc::new(Mutex::new(Vec::new()));
    let sent = Arc::clone(&letters);
    let sink = async move |letter: Letter<u32, String>| {
        sent.lock().unwrap_or_else(PoisonError::into_inner).push((letter.item, letter.error));
    };
    let clings = |n: u32| Clingy::new(if n == 7 { Err("seven".to_owned()) } else { Ok(n) });
    let hands = pipeline::<String>().then(clings).dead_letter(sink).build().expect("it is fine");
    let report = hands.run(&rt, stream::iter([1, 7])).await;
    assert_conserved(&report);
    assert_eq!((report.dead_lettered, report.end), (2, RunEnd::Finished));
    assert_eq!(
        (report.stages[0].taken, report.stages[0].errors, report.stages[0].given),
        (2, 2, 0)
    );
    let letters = std::mem::take(&mut *letters.lock().unwrap_or_else(PoisonError::into_inner));
    assert_eq!(letters, [(1, None), (7, Some("seven".to_owned()))]);

    // What came of it is dropped without harm.
    let rude = |_: u32| {
        let clingy = Clingy::new(Ok(1));
        async move { clingy.await.map(|_| Rude) }.boxed()
    };
    let skips = pipeline::<String>().then(rude).skip().build().expect("it is fine");
    let report = skips.run(&rt, stream::iter(0..3)).await;
    assert_conserved(&report);
    assert_eq!((report.skipped, report.end), (3, RunEnd::Finished));
}

async fn a_stage_that_panics_before_it_begins_is_settled_as_any<R: Runtime>(rt: R) {
    fn hasty(n: u32) -> impl Future<Output = Result<u32, String>> + Send {
        assert!(n % 3 != 1, "hasty");
        ready(Ok(n))
    }
    let letters = Arc::new(Mutex::new(Vec::new()));
    let sent = Arc::clone(&letters);
    let sink = async move |letter: Letter<u32, String>| {
        sent.lock().unwrap_or_else(PoisonError::into_inner).push(letter.item);
    };
    let one = pipeline::<String>().then(hasty).dead_letter(sink.clone()).build();
    let (out, report) = one.expect("it is fine").run(&rt, stream::iter(0..9)).collect().await;
    assert_eq!((out, report.dead_lettered), (vec![0, 2, 3, 5, 6, 8], 3));
    let many =
        pipeline::<String>().map_async(Parallel::ordered(3), hasty).dead_letter(sink).build();
    let (out, report) = many.expect("it is fine").run(&rt, stream::iter(0..9)).collect().await;
    assert_eq!((out, report.dead_lettered), (vec![0, 2, 3, 5, 6, 8], 3));
    let letters = letters.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(*letters, [1, 4, 7, 1, 4, 7]);
}

/// Can't be cloned where it is 2; its clones can't be dropped where it is 4.
struct Fragile(u32, bool);

impl Clone for Fragile {
    fn clone(&self) -> Self {
        assert!(self.0 != 2, "fragile");
        Self(self.0, true)
    }
}

impl Drop for Fragile {
    fn drop(&mut self) {
        if self.0 == 4 && self.1 {
            panic_any("in pieces");
        }
    }
}

async fn an_item_that_can_not_be_cloned_has_failed<R: Runtime>(rt: R) {
    let letters = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&letters);
    let sink = async move |letter: Letter<Fragile, String>| {
        counted.fetch_add(u64::from(letter.item.0), Ordering::SeqCst);
    };
    let stage = async |item: Fragile| match item.0 {
        1 => Err("one".to_owned()),
        _ => Ok(item.0),
    };
    let pipeline = pipeline::<String>().then(stage).dead_letter(sink).build().expect("it is fine");
    for (items, told) in [([0, 1, 2, 3], "fragile"), ([0, 1, 4, 3], "in pieces")] {
        let items = stream::iter(items).map(|n| Fragile(n, false));
        let (out, report) = pipeline.run(&rt, items).collect().await;
        assert_conserved(&report);
        assert_eq!((out, report.dead_lettered, report.failed), (vec![0], 1, 1));
        let error = report.into_result().expect_err("it panicked").to_string();
        assert!(error.contains(told), "{error}");
    }
    assert_eq!(letters.load(Ordering::SeqCst), 2, "of no other item");
}

async fn a_sink_that_can_not_be_cloned_has_failed<R: Runtime>(rt: R) {
    #[derive(Debug)]
    struct Unique;

    impl Clone for Unique {
        fn clone(&self) -> Self {
            panic_any("there is one")
        }
    }

    let unique = Unique;
    let sink = move |_: Letter<u32, String>| {
        let _unique = &unique;
        ready(())
    };
    let stage = async |_: u32| Err::<u32, _>("no".to_owned());
    let pipeline = pipeline::<String>().then(stage).dead_letter(sink).build().expect("it is fine");
    let report = pipeline.run(&rt, stream::iter(0..4)).await;
    assert_conserved(&report);
    assert_eq!((report.failed, report.end), (1, RunEnd::Failed));
    let error = report.into_result().expect_err("it panicked").to_string();
    assert!(error.contains("there is one"), "{error}");
}

async fn a_panic_of_the_source_is_its_own<R: Runtime>(rt: R) {
    struct Counted(Arc<AtomicU64>);

    impl Stage<u32> for Counted {
        type Out = u32;
        type Err = String;

        async fn process(&self, n: u32) -> Result<u32, String> {
            Ok(n)
        }

        async fn close(&self) -> Result<(), String> {
            self.0.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
    }

    let closed = Arc::new(AtomicU64::new(0));
    let pipeline = pipeline::<String>()
        .then(Counted(Arc::clone(&closed)))
        .skip()
        .map(|n| n)
        .map_async(Parallel::ordered(2), async |n: u32| Ok::<_, String>(n))
        .skip()
        .buffer(2)
        .batch(Batch::size(2), async |batch: Vec<u32>| Ok::<_, String>(batch))
        .skip()
        .build()
        .expect("it is fine");
    let source = stream::iter(0..9).inspect(|n| assert!(*n != 5, "dry"));
    let run = AssertUnwindSafe(pipeline.run(&rt, source).collect()).catch_unwind().await;
    let panic = run.expect_err("it panics");
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"dry"));
    while pipeline.is_open() || closed.load(Ordering::SeqCst) == 0 {
        rt.sleep(ms(1)).await;
    }
    assert_eq!(closed.load(Ordering::SeqCst), 1);
}

async fn a_filter_that_panics_fails_all_that_the_item_stands_for<R: Runtime>(rt: R) {
    let whole = async |batch: Vec<u32>| Ok::<_, String>(batch);
    let pipeline = pipeline::<String>()
        .batch(Batch::size(3), whole)
        .filter(|batch| {
            assert!(!batch.contains(&4), "four");
            !batch.contains(&1)
        })
        .build()
        .expect("it is fine");
    let (out, report) = pipeline.run(&rt, stream::iter(0..20)).collect().await;
    assert_conserved(&report);
    assert_eq!((out.len(), report.filtered, report.failed), (0, 3, 3));
    assert_eq!((report.taken, report.unprocessed), (6, 0));
    let [batches, filter] = &report.stages[..] else { panic!("there are two") };
    assert_eq!((batches.taken, batches.given, batches.errors), (2, 2, 0));
    assert_eq!((filter.taken, filter.given, filter.errors), (2, 0, 1));
    assert_eq!(report.error.as_ref().and_then(PipelineError::stage), Some("filter"));
}

async fn a_panic_beside_others_in_flight_is_that_of_one<R: Runtime>(rt: R) {
    let clock = rt.clone();
    let stage = async move |n: u64| {
        clock.sleep(ms(n % 3)).await;
        assert!(n % 4 != 3, "three");
        Ok::<_, String>(n)
    };
    let pipeline = pipeline::<String>()
        .map_async(Parallel::unordered(5), stage)
        .skip()
        .then(async |n: u64| {
            assert!(!n.is_multiple_of(5), "five");
            Ok::<_, String>(n)
        })
        .skip()
        .build()
        .expect("it is fine");
    let (mut out, report) = pipeline.run(&rt, stream::iter(0..20)).collect().await;
    out.sort_unstable();
    let expected: Vec<_> = (0..20).filter(|n| n % 4 != 3 && n % 5 != 0).collect();
    assert_eq!(out, expected);
    assert_conserved(&report);
    assert_eq!((report.skipped, report.unprocessed, report.end), (8, 0, RunEnd::Finished));
    let [first, second] = &report.stages[..] else { panic!("there are two") };
    assert_eq!((first.taken, first.given, first.errors), (20, 15, 5));
    assert_eq!((second.taken, second.given, second.errors), (15, 12, 3));
}

async fn a_panic_while_the_body_waits_is_settled_meanwhile<R: Runtime>(rt: R) {
    let seen = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&seen);
    let stage = async move |n: u32| {
        counted.fetch_add(1, Ordering::SeqCst);
        assert!(n == 0 || n == 3, "{n}");
        Ok::<_, String>(n)
    };
    let pipeline = pipeline::<String>().then(stage).skip().build().expect("it is fine");
    let mut out = Vec::new();
    let body = async |n| {
        // Those behind go on.
        while seen.load(Ordering::SeqCst) < 4 {
            rt.yield_now().await;
        }
        out.push(n);
    };
    let report = pipeline.run(&rt, stream::iter(0..4)).for_each(body).await;
    assert_eq!((out, report.skipped, report.delivered), (vec![0, 3], 2, 2));
    assert_conserved(&report);
}

async fn a_body_that_panics_at_once_or_later_is_told<R: Runtime>(rt: R) {
    let pipeline = pipeline::<String>().map(|n: u32| n).build().expect("it is fine").boxed();
    for waits in [false, true] {
        let clock = rt.clone();
        let run = pipeline.run(&rt, stream::iter(0..9)).for_each(move |n| {
            assert!(waits || n != 2, "at once");
            let clock = clock.clone();
            async move {
                clock.yield_now().await;
                assert!(!waits || n != 2, "later");
            }
        });
        let report = run.await;
        assert_conserved(&report);
        assert_eq!((report.delivered, report.failed, report.taken), (2, 1, 3));
        let error = report.into_result().expect_err("it panicked").to_string();
        assert_eq!(error, format!("`body` panicked: {}", if waits { "later" } else { "at once" }));
    }
}

/// One stage panics and the one behind it waits: the panic is that of the one that ran.
#[test]
fn who_waits_is_not_who_panicked() {
    Sim::explore(Explore::new().seeds(0..50), |rt| async move {
        let clock = rt.clone();
        let waits = async move |n: u64| {
            clock.sleep(ms(10)).await;
            Ok::<_, String>(n)
        };
        let clock = rt.clone();
        let panics = async move |n: u64| {
            clock.sleep(ms(1)).await;
            assert!(n != 1, "one");
            Ok::<_, String>(n)
        };
        let pipeline =
            pipeline::<String>().then(panics).map(|n| n).then(waits).build().expect("it is fine");
        let (out, report) = pipeline.run(&rt, stream::iter(0..9)).collect().await;
        assert_eq!(out, [0]);
        assert_conserved(&report);
        assert_eq!((report.taken, report.failed, report.unprocessed), (2, 1, 0));
        assert_eq!((report.stages[0].errors, report.stages[2].errors), (1, 0));
        assert_eq!(rt.now() - mtaio::Instant::ZERO, ms(11));
    });
}

/// A panic that comes out of a poll for nothing leaves what waits where it was.
#[test]
fn a_call_that_panics_at_a_later_poll_is_settled() {
    Sim::run(0, |rt| async move {
        let stage = |n: u32| {
            let mut polls = 0;
            poll_fn(move |cx| {
                polls += 1;
                assert!(polls < 3 || n.is_multiple_of(2), "odd");
                if polls < 3 || n % 2 == 1 {
                    cx.waker().wake_by_ref();
                    return Poll::Pending;
                }
                Poll::Ready(Ok::<_, String>(n))
            })
        };
        let one = pipeline::<String>().then(stage).skip().build().expect("it is fine");
        let (out, report) = one.run(&rt, stream::iter(0..6)).collect().await;
        assert_eq!((out, report.skipped), (vec![0, 2, 4], 3));
        let many = pipeline::<String>().map_async(Parallel::ordered(4), stage).skip().build();
        let (out, report) = many.expect("it is fine").run(&rt, stream::iter(0..6)).collect().await;
        assert_eq!((out, report.skipped), (vec![0, 2, 4], 3));
    });
}
