//! Cascades on every runtime.

use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mtaio::time::{CascadeError, Deadline, Elapsed, Step, TimeLimit, cascade};
use mtaio::{Runtime, RuntimeExt};

use crate::common::{Held, LONG, on_every_runtime, poll_once};
use crate::{HOUR, ms};

on_every_runtime!(seeds = 20;
    each_timeout_is_tried_in_turn,
    an_attempt_in_time_ends_it,
    an_error_ends_it_at_once,
    a_fallback_comes_last_and_hears_why,
    the_last_one_elapsed_is_told,
    the_deadline_around_cuts_the_attempt_and_no_other_begins,
    nothing_begins_when_the_deadline_is_over,
    an_attempt_is_gone_before_the_next,
    a_dropped_cascade_drops_its_attempt,
    what_makes_no_sense_is_refused,
);

async fn each_timeout_is_tried_in_turn<R: Runtime>(rt: R) {
    let tried = Arc::new(AtomicUsize::new(0));
    let limits = [ms(2), ms(2), ms(1), ms(3)];
    let ended = cascade(&rt, limits, {
        let tried = Arc::clone(&tried);
        async move |step: Step| {
            assert_eq!(tried.fetch_add(1, Ordering::SeqCst), step.index);
            assert_eq!(step.limit, limits[step.index]);
            pending::<Result<(), Infallible>>().await
        }
    });
    let start = rt.now();
    let error = ended.expect("they make sense").await.expect_err("it never ends");
    assert_eq!(tried.load(Ordering::SeqCst), 4);
    assert!(rt.now() - start >= ms(8));
    assert!(error.is_elapsed());
}

async fn an_attempt_in_time_ends_it<R: Runtime>(rt: R) {
    let sleeping = rt.clone();
    let quick_at_last = cascade(&rt, [ms(1), ms(2), LONG, ms(1)], async move |step: Step| {
        sleeping.sleep(if step.index == 2 { ms(5) } else { HOUR }).await;
        Ok::<_, Infallible>(step.index)
    });
    assert_eq!(quick_at_last.expect("they make sense").await, Ok(2));
}

async fn an_error_ends_it_at_once<R: Runtime>(rt: R) {
    let fails = cascade(&rt, [ms(1), HOUR, HOUR], async |step: Step| match step.index {
        0 => pending::<Result<(), _>>().await,
        index => Err(index),
    });
    let fails = fails.expect("they make sense").fallback(async |_: Elapsed| Ok(()));
    assert_eq!(fails.await, Err(CascadeError::Failed(1)));
}

async fn a_fallback_comes_last_and_hears_why<R: Runtime>(rt: R) {
    let never = || cascade(&rt, [ms(1), ms(4)], async |_: Step| pending::<Result<_, u8>>().await);
    let sleeping = rt.clone();
    let guess = never().expect("they make sense").fallback(async move |last: Elapsed| {
        sleeping.sleep(ms(3)).await;
        Ok(last.limit())
    });
    assert_eq!(guess.await, Ok(ms(4)));
    let refuses = never().expect("they make sense").fallback(async |_: Elapsed| Err(9));
    assert_eq!(refuses.await.map_err(CascadeError::into_failed), Err(Some(9)));
    assert_eq!(
        never().expect("they make sense").await.map_err(CascadeError::into_failed),
        Err(None)
    );
}

async fn the_last_one_elapsed_is_told<R: Runtime>(rt: R) {
    let never =
        cascade(&rt, [ms(1), ms(3)], async |_: Step| pending::<Result<(), Infallible>>().await);
    match never.expect("they make sense").await {
        Err(CascadeError::Elapsed(last)) => {
            assert_eq!((last.limit(), last.by()), (ms(3), TimeLimit::Timeout));
        }
        other => panic!("{other:?}"),
    }
}

async fn the_deadline_around_cuts_the_attempt_and_no_other_begins<R: Runtime>(rt: R) {
    let tried = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&tried);
    let never = cascade(&rt, [ms(2), HOUR, HOUR], async move |_: Step| {
        counted.fetch_add(1, Ordering::SeqCst);
        pending::<Result<(), Infallible>>().await
    });
    let never = never.expect("they make sense").fallback(async |_: Elapsed| panic!("too late"));
    let start = rt.now();
    let ended = Deadline::after(&rt, ms(30)).named("all").run(&rt, async { never.await }).await;
    match ended.expect("it ends by itself") {
        Err(CascadeError::Elapsed(last)) => {
            assert_eq!(last.by(), TimeLimit::Inherited(Some("all")));
        }
        other => panic!("{other:?}"),
    }
    assert!(rt.now() - start < LONG);
    assert!(tried.load(Ordering::SeqCst) <= 2, "on a slow machine the first was cut already");
}

async fn nothing_begins_when_the_deadline_is_over<R: Runtime>(rt: R) {
    let over = Deadline::at(rt.now());
    let never =
        cascade(&rt, [HOUR], async |_: Step| -> Result<(), Infallible> { panic!("it began") });
    let ended = over.run(&rt, async { never.expect("they make sense").await }).await;
    assert!(ended.expect("it is ready").expect_err("nothing was tried").is_elapsed());
}

async fn an_attempt_is_gone_before_the_next<R: Runtime>(rt: R) {
    let alive = Arc::new(());
    let kept = Arc::clone(&alive);
    let never = cascade(&rt, [ms(1), ms(1), ms(1)], async move |_: Step| {
        // The closure's own, this call's, and nobody else's.
        assert_eq!(Arc::strong_count(&kept), 3);
        pending::<Result<(), Infallible>>().await
    });
    let counted = Arc::clone(&alive);
    drop(counted);
    never.expect("they make sense").await.expect_err("it never ends");
}

async fn a_dropped_cascade_drops_its_attempt<R: Runtime>(rt: R) {
    let (held, dropped) = Held::new();
    let held = Arc::new(held);
    let never = cascade(&rt, [HOUR], async move |_: Step| {
        let _held = held;
        pending::<Result<(), Infallible>>().await
    });
    let mut trying = Box::pin(IntoFuture::into_future(never.expect("they make sense")));
    assert!(poll_once(&mut trying).await.is_pending());
    drop(trying);
    assert!(dropped());
}

async fn what_makes_no_sense_is_refused<R: Runtime>(rt: R) {
    let refused = |timeouts: &[Duration]| {
        let tries = async |_: Step| Ok::<_, Infallible>(());
        let error = cascade(&rt, timeouts.iter().copied(), tries).expect_err("it makes no sense");
        assert_eq!(error.field(), "timeouts");
        error.value().to_owned()
    };
    assert_eq!(refused(&[]), "empty");
    assert_eq!(refused(&[ms(1), Duration::ZERO]), "0ns");
    assert_eq!(refused(&[Duration::MAX]), format!("{:?}", Duration::MAX));
}
