//! Pipelines that handlers share: set up by the first, closed after the last.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use mtaio::pipeline::{Pipeline, Stage, pipeline};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::{WORKER, Wakes, done_or_dropped, ms, on_every_runtime, poll_with, survives};

#[derive(Clone, Default)]
struct Seen {
    open: Arc<AtomicI64>,
    setups: Arc<AtomicU64>,
}

struct Connection<R> {
    rt: R,
    seen: Seen,
    breaks: bool,
}

impl<R: Runtime> Stage<u64> for Connection<R> {
    type Out = u64;
    type Err = String;

    async fn process(&self, n: u64) -> Result<u64, String> {
        assert_eq!(self.seen.open.load(Ordering::SeqCst), 1, "it is set up, once");
        self.rt.sleep(ms(1)).await;
        assert_eq!(self.seen.open.load(Ordering::SeqCst), 1, "it stays so");
        Ok(n)
    }

    async fn setup(&self) -> Result<(), String> {
        self.rt.sleep(ms(2)).await;
        self.seen.setups.fetch_add(1, Ordering::SeqCst);
        assert_eq!(self.seen.open.fetch_add(1, Ordering::SeqCst), 0);
        Ok(())
    }

    async fn close(&self) -> Result<(), String> {
        self.rt.sleep(ms(2)).await;
        assert_eq!(self.seen.open.fetch_sub(1, Ordering::SeqCst), 1);
        if self.breaks { Err("it does not close".to_owned()) } else { Ok(()) }
    }
}

#[test]
fn overlapping_handlers_share_it() {
    survives(|rt: Sim| async move {
        let seen = Seen::default();
        let connection = Connection { rt: rt.clone(), seen: seen.clone(), breaks: false };
        let pipeline = pipeline::<String>().then(connection).build().expect("it is fine");
        let handlers: Vec<_> = (0..4_u64)
            .map(|handler| {
                let (rt, pipeline) = (rt.clone(), pipeline.clone());
                rt.clone().spawn_named(if handler == 1 { WORKER } else { "handler" }, async move {
                    for n in 0..2 {
                        rt.sleep(ms(handler)).await;
                        let open = pipeline.open(&rt).await.expect("it sets up");
                        assert_eq!(open.process(n).await.expect("it is fine"), n);
                        if handler == 2 {
                            open.close().await.expect("it closes");
                        }
                    }
                })
            })
            .collect();
        for handler in handlers {
            done_or_dropped(handler.await);
        }
        rt.sleep(ms(50)).await;
        assert_eq!(seen.open.load(Ordering::SeqCst), 0, "the last has closed it");
        assert!((1..=8).contains(&seen.setups.load(Ordering::SeqCst)));
        assert!(!pipeline.is_open());
    });
}

on_every_runtime!(seeds = 10; it_is_set_up_again_and_tells_who_waits_that_it_did_not_close);

async fn it_is_set_up_again_and_tells_who_waits_that_it_did_not_close<R: Runtime>(rt: R) {
    let seen = Seen::default();
    let connection = Connection { rt: rt.clone(), seen: seen.clone(), breaks: true };
    let pipeline = pipeline::<String>().then(connection).build().expect("it is fine");
    for setups in 1..=3 {
        let open = open(&rt, &pipeline).await;
        let error = open.close().await.expect_err("it does not close");
        assert_eq!(error.into_failed().as_deref(), Some("it does not close"));
        assert_eq!(seen.setups.load(Ordering::SeqCst), setups);
    }
    let (first, second) = (open(&rt, &pipeline).await, open(&rt, &pipeline).await);
    first.close().await.expect("the second keeps it open");
    assert_eq!(second.process(1).await.expect("it is open"), 1);
    assert_eq!(seen.setups.load(Ordering::SeqCst), 4);
    second.close().await.expect_err("it does not close");
}

async fn open<In: Send + 'static, Out: Send, C, A, R: Runtime>(
    rt: &R,
    pipeline: &Pipeline<In, Out, String, C, A>,
) -> mtaio::pipeline::Opened<In, Out, String, C, A>
where
    C: mtaio::pipeline::Link<In, String, Out = Out> + 'static,
{
    pipeline.open(rt).await.expect("it sets up")
}

/// Who comes when the runtime is gone is told, and does not wait.
#[test]
fn without_a_runtime_there_is_no_setup() {
    let (rt, pipeline) = Sim::run(0, |rt| async move {
        let connection = Connection { rt: rt.clone(), seen: Seen::default(), breaks: false };
        (rt.clone(), pipeline::<String>().then(connection).build().expect("it is fine"))
    });
    for _ in 0..2 {
        let opened = futures_util::future::FutureExt::now_or_never(pipeline.open(&rt));
        let error = opened.expect("it does not wait").expect_err("the runtime is gone");
        assert!(matches!(error, mtaio::pipeline::PipelineError::RuntimeGone), "{error}");
        assert!(!pipeline.is_open());
    }
}

/// Stages that can't be closed any more are not said to be.
#[test]
fn without_a_runtime_there_is_no_close() {
    let opened = Sim::run(0, |rt| async move {
        let connection = Connection { rt: rt.clone(), seen: Seen::default(), breaks: false };
        let pipeline = pipeline::<String>().then(connection).build().expect("it is fine");
        open(&rt, &pipeline).await
    });
    let closed = futures_util::future::FutureExt::now_or_never(opened.close());
    let error = closed.expect("it does not wait").expect_err("the runtime is gone");
    assert!(matches!(error, mtaio::pipeline::PipelineError::RuntimeGone), "{error}");
}

/// What a close came to is for those who wait for it, and not for who comes later.
#[test]
fn nobody_is_told_of_a_close_that_was_anothers() {
    Sim::run(0, |rt| async move {
        let connection = Connection { rt: rt.clone(), seen: Seen::default(), breaks: true };
        let pipeline = pipeline::<String>().then(connection).build().expect("it is fine");
        for is_begun in [false, true] {
            let first = open(&rt, &pipeline).await;
            if is_begun {
                let left = mtaio::time::timeout(&rt, ms(1), first.close()).await;
                assert!(left.is_err(), "it gave up waiting");
            } else {
                drop(first);
            }
            rt.sleep(ms(10)).await;
            assert!(!pipeline.is_open());

            let (one, other) = (open(&rt, &pipeline).await, open(&rt, &pipeline).await);
            one.close().await.expect("the other keeps it open");
            other.close().await.expect_err("it does not close");
        }
    });
}

/// Nor who leaves while the one that it is for has not looked yet.
#[test]
fn who_keeps_it_open_hears_of_no_close() {
    Sim::run(0, |rt| async move {
        let connection = Connection { rt: rt.clone(), seen: Seen::default(), breaks: true };
        let pipeline = pipeline::<String>().then(connection).build().expect("it is fine");
        let mut closes = Box::pin(open(&rt, &pipeline).await.close());
        assert!(poll_with(closes.as_mut(), &Wakes::new()).is_pending());
        rt.sleep(ms(10)).await;
        let (one, other) = (open(&rt, &pipeline).await, open(&rt, &pipeline).await);
        one.close().await.expect("the other keeps it open");
        closes.await.expect_err("it did not close");
        other.close().await.expect_err("it does not close");
    });
}
