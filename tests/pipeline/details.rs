//! What is easily forgotten: in which order stages are closed, whose error is told, who has room.

use std::future::{Future, ready};
use std::panic::panic_any;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use futures_util::stream;
use mtaio::RuntimeExt;
use mtaio::pipeline::{Batch, Emit, Letter, Parallel, Stage, StageList, Transform, pipeline};
use mtaio_sim::Sim;

use crate::assert_conserved;
use crate::common::ms;

type Log = Arc<Mutex<Vec<String>>>;

fn told(log: &Log) -> Vec<String> {
    log.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect()
}

/// Says what is done with it; can't be set up if it is called `broken`.
struct Noted(&'static str, Log);

impl Noted {
    fn note(&self, what: &str) {
        let line = format!("{what} {}", self.0);
        self.1.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

impl Stage<u32> for Noted {
    type Out = u32;
    type Err = String;

    async fn process(&self, n: u32) -> Result<u32, String> {
        Ok(n)
    }

    async fn setup(&self) -> Result<(), String> {
        self.note("setup");
        if self.0 == "broken" { Err("it is broken".to_owned()) } else { Ok(()) }
    }

    async fn close(&self) -> Result<(), String> {
        self.note("close");
        Ok(())
    }
}

#[test]
fn the_last_that_was_set_up_is_closed_first() {
    Sim::run(0, |rt| async move {
        let log = Log::default();
        let noted = |name| Noted(name, Arc::clone(&log));
        let whole = pipeline::<String>().then(noted("a")).then(noted("b")).then(noted("c")).build();
        whole.expect("it is fine").run(&rt, stream::iter([1])).await;
        assert_eq!(told(&log), ["setup a", "setup b", "setup c", "close c", "close b", "close a"]);

        let broken =
            pipeline::<String>().then(noted("a")).then(noted("b")).then(noted("broken")).build();
        let report = broken.expect("it is fine").run(&rt, stream::iter([1])).await;
        assert_eq!(report.taken, 0);
        assert_eq!(told(&log), ["setup a", "setup b", "setup broken", "close b", "close a"]);

        let mut list = StageList::<u32, String>::new();
        ["a", "b", "broken", "c"].into_iter().for_each(|name| list.push(noted(name)));
        let listed = pipeline::<String>().then(list).build().expect("it is fine");
        let report = listed.run(&rt, stream::iter([1])).await;
        assert_eq!(report.into_result().expect_err("broken").stage(), Some("StageList"));
        assert_eq!(told(&log), ["setup a", "setup b", "setup broken", "close b", "close a"]);
    });
}

#[test]
fn of_several_errors_the_first_is_told() {
    Sim::run(0, |rt| async move {
        let clock = rt.clone();
        let fails = async move |n: u64| {
            clock.sleep(ms(3 - n)).await;
            Err::<u64, _>(format!("{n} fails"))
        };
        let pipeline = pipeline::<String>().map_async(Parallel::ordered(3), fails).build();
        let report = pipeline.expect("it is fine").run(&rt, stream::iter(0..3)).await;
        assert_eq!((report.failed, report.stages[0].errors), (3, 3));
        let error = report.into_result().expect_err("it failed").into_failed();
        assert_eq!(error.as_deref(), Some("2 fails"));
    });
}

/// Says what is done with it, and panics where it is told to.
struct Hasty(&'static str, Noted);

impl Hasty {
    fn note(&self, what: &str) {
        self.1.note(what);
        assert_ne!(self.0, what, "{} panics", self.1.0);
    }
}

impl Stage<u32> for Hasty {
    type Out = u32;
    type Err = String;

    async fn process(&self, n: u32) -> Result<u32, String> {
        Ok(n)
    }

    async fn setup(&self) -> Result<(), String> {
        self.note("setup");
        Ok(())
    }

    async fn close(&self) -> Result<(), String> {
        self.note("close");
        Ok(())
    }
}

#[test]
fn a_panic_in_a_list_keeps_no_stage_open() {
    Sim::run(0, |rt| async move {
        let log = Log::default();
        for (panics, lines) in [
            ("setup", ["setup a", "setup b", "close a"].as_slice()),
            ("close", &["setup a", "setup b", "setup c", "close c", "close b", "close a"]),
        ] {
            let mut list = StageList::<u32, String>::new();
            list.push(Noted("a", Arc::clone(&log)));
            list.push(Hasty(panics, Noted("b", Arc::clone(&log))));
            list.push(Noted("c", Arc::clone(&log)));
            let listed = pipeline::<String>().then(list).build().expect("it is fine");
            let report = listed.run(&rt, stream::iter([1])).await;
            let error = report.into_result().expect_err("it panics").to_string();
            assert!(
                error.contains("`StageList` panicked") && error.contains("b panics"),
                "{error}"
            );
            assert_eq!(told(&log), lines);
        }
    });
}

/// Ready at once, and not to be dropped; what it comes to is no better.
struct Twice;

impl Future for Twice {
    type Output = Result<Rude, String>;

    fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
        Poll::Ready(Ok(Rude))
    }
}

impl Drop for Twice {
    fn drop(&mut self) {
        panic_any("it stays");
    }
}

struct Rude;

impl Drop for Rude {
    fn drop(&mut self) {
        panic_any("so does this");
    }
}

/// (Two panics at once would end the process.)
#[test]
fn neither_a_call_nor_what_it_came_to_can_be_dropped() {
    Sim::run(0, |rt| async move {
        let one = pipeline::<String>().then(|_: u32| Twice).skip().build().expect("it is fine");
        let report = one.run(&rt, stream::iter(0..3)).await;
        assert_conserved(&report);
        assert_eq!(report.skipped, 3);
        let many = pipeline::<String>().map_async(Parallel::ordered(2), |_: u32| Twice).skip();
        let report = many.build().expect("it is fine").run(&rt, stream::iter(0..3)).await;
        assert_eq!(report.skipped, 3);
    });
}

/// What is left of a call that panicked is dropped before its letter is sent.
#[test]
fn a_call_that_panicked_is_gone() {
    struct Panicking(Arc<AtomicU64>);

    impl Future for Panicking {
        type Output = Result<u32, String>;

        fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<Self::Output> {
            panic_any("on purpose")
        }
    }

    impl Drop for Panicking {
        fn drop(&mut self) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    Sim::run(0, |rt| async move {
        let gone = Arc::new(AtomicU64::new(0));
        let (calls, seen) = (Arc::clone(&gone), Arc::clone(&gone));
        let stage = move |_: u32| Panicking(Arc::clone(&calls));
        let sink = move |letter: Letter<u32, String>| {
            assert_eq!(seen.load(Ordering::SeqCst), u64::from(letter.item) + 1);
            ready(())
        };
        let pipeline = pipeline::<String>().then(stage).dead_letter(sink).build().expect("fine");
        let report = pipeline.run(&rt, stream::iter(0..3)).await;
        assert_eq!((report.dead_lettered, gone.load(Ordering::SeqCst)), (3, 3));
    });
}

/// Takes all and gives nothing.
#[derive(Clone)]
struct Hole;

impl Transform<u32> for Hole {
    type Out = u32;
    type Err = String;

    async fn push(&mut self, _n: u32, _out: &mut Emit<u32>) -> Result<(), String> {
        Ok(())
    }

    async fn finish(&mut self, _out: &mut Emit<u32>) -> Result<(), String> {
        Ok(())
    }
}

#[test]
fn what_a_transform_keeps_is_filtered() {
    Sim::run(0, |rt| async move {
        let hole = pipeline::<String>().transform(Hole).build().expect("it is fine");
        let report = hole.run(&rt, stream::iter(0..5)).await;
        assert_eq!((report.filtered, report.delivered, report.unprocessed), (5, 0, 0));
        assert_eq!((report.stages[0].taken, report.stages[0].given), (5, 0));
    });
}

#[test]
fn a_buffer_has_the_room_that_it_says() {
    Sim::run(0, |rt| async move {
        let first = Arc::new(AtomicU64::new(0));
        let (counted, seen) = (Arc::clone(&first), Arc::clone(&first));
        let quick = async move |n: u32| {
            counted.fetch_add(1, Ordering::SeqCst);
            Ok::<_, String>(n)
        };
        let clock = rt.clone();
        let slow = async move |n: u32| {
            clock.sleep(ms(10)).await;
            Ok::<_, String>(n)
        };
        let pipeline =
            pipeline::<String>().then(quick).buffer(5).then(slow).build().expect("it is fine");
        let watcher = rt.spawn({
            let rt = rt.clone();
            async move {
                rt.sleep(ms(5)).await;
                seen.load(Ordering::SeqCst)
            }
        });
        let (out, _) = pipeline.run(&rt, stream::iter(0..20)).collect().await;
        assert_eq!(out, (0..20).collect::<Vec<_>>());
        // One that is worked on, five in the buffer, and one that is held ready before it.
        assert_eq!(watcher.await.expect("it ends"), 7);
    });
}

/// Batches by time look at the clock also while items are always there.
#[test]
fn a_late_batch_goes_on_though_items_are_there() {
    Sim::run(0, |rt| async move {
        let clock = crate::turns::Ticking::new(&rt, ms(1));
        let lengths = async |batch: Vec<u32>| Ok::<_, String>(batch.len());
        let batches =
            pipeline::<String>().batch(Batch::size(1_000).within(ms(10)), lengths).build();
        let (out, report) =
            batches.expect("it is fine").run(&clock, stream::iter(0..60)).collect().await;
        assert_eq!(report.delivered, 60);
        assert!(out.iter().all(|length| *length <= 10), "{out:?}");
    });
}
