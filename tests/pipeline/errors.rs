//! What becomes of errors.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream;
use mtaio::pipeline::{Letter, Parallel, PipelineError, RunEnd, Stage, pipeline};
use mtaio::policy::Retry;
use mtaio::{ConfigError, Retryable, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::assert_conserved;
use crate::common::{ms, on_every_runtime};

on_every_runtime!(
    seeds = 10;
    a_stage_is_tried_again,
    letters_carry_item_and_error,
    a_letter_that_can_not_be_handed_over_has_failed,
    a_body_that_panics_ends_the_run,
    a_setup_that_fails_is_the_report,
    stages_are_counted,
);

async fn a_stage_is_tried_again<R: Runtime>(rt: R) {
    let calls = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&calls);
    let flaky = async move |n: u32| match counted.fetch_add(1, Ordering::SeqCst) % 3 {
        2 => Ok(n),
        _ => Err("busy".to_owned()),
    };
    let retry =
        |attempts| Retry::constant(ms(1)).max_attempts(attempts).build().expect("it is fine");
    let patient = pipeline::<String>().then(flaky.clone()).retry(&rt, retry(3)).build();
    let report = patient.expect("it is fine").run(&rt, stream::iter([1, 2])).await;
    assert_eq!((report.delivered, calls.load(Ordering::SeqCst)), (2, 6));

    let hasty = pipeline::<String>()
        .map_async(Parallel::ordered(1), flaky)
        .retry(&rt, retry(2))
        .skip()
        .build()
        .expect("it is fine");
    let report = hasty.run(&rt, stream::iter([1, 2, 3])).await;
    assert_conserved(&report);
    // Busy twice; done at once, which is the third call; busy twice.
    assert_eq!((report.delivered, report.skipped), (1, 2));
}

async fn letters_carry_item_and_error<R: Runtime>(rt: R) {
    let letters = Arc::new(Mutex::new(Vec::new()));
    let sent = Arc::clone(&letters);
    let sink = async move |letter: Letter<u32, String>| {
        sent.lock().unwrap_or_else(PoisonError::into_inner).push((letter.item, letter.error));
    };
    let stage = async |n: u32| match n {
        1 => Err("one".to_owned()),
        2 => panic!("two"),
        n => Ok(n),
    };
    let pipeline = pipeline::<String>().then(stage).dead_letter(sink).build().expect("it is fine");
    let (out, report) = pipeline.run(&rt, stream::iter(0..4)).collect().await;
    assert_eq!((out, report.dead_lettered, report.end), (vec![0, 3], 2, RunEnd::Finished));
    let letters = letters.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(*letters, [(1, Some("one".to_owned())), (2, None)]);
}

async fn a_letter_that_can_not_be_handed_over_has_failed<R: Runtime>(rt: R) {
    let sink = async |_: Letter<u32, String>| panic!("the sink is full");
    let stage = async |_: u32| Err::<u32, _>("no".to_owned());
    let pipeline = pipeline::<String>().then(stage).dead_letter(sink).build().expect("it is fine");
    let report = pipeline.run(&rt, stream::iter(0..4)).await;
    assert_conserved(&report);
    assert_eq!((report.failed, report.end), (1, RunEnd::Failed));
    let error = report.error.expect("it ended the run").to_string();
    assert!(error.contains("the sink is full"), "{error}");
}

async fn a_body_that_panics_ends_the_run<R: Runtime>(rt: R) {
    let pipeline = pipeline::<String>().map(|n: u32| n).build().expect("it is fine");
    let run = pipeline.run(&rt, stream::iter(0..4));
    let report = run.for_each(async |n| assert!(n != 1, "on purpose")).await;
    assert_conserved(&report);
    assert_eq!((report.delivered, report.failed, report.end), (1, 1, RunEnd::Failed));
}

/// Can't be set up.
struct Broken;

impl Stage<u32> for Broken {
    type Out = u32;
    type Err = ConfigError;

    async fn process(&self, n: u32) -> Result<u32, ConfigError> {
        Ok(n)
    }

    async fn setup(&self) -> Result<(), ConfigError> {
        Err(ConfigError::new("url", "", "not empty"))
    }
}

async fn a_setup_that_fails_is_the_report<R: Runtime>(rt: R) {
    let pipeline = pipeline::<ConfigError>().then(Broken).build().expect("it is fine");
    let report = pipeline.run(&rt, stream::iter(0..4)).await;
    assert_eq!((report.taken, report.end), (0, RunEnd::Failed));
    let error = report.into_result().expect_err("it is broken");
    assert_eq!(error.to_string(), "`Broken`: `url` is , allowed is not empty");
    assert!(!error.is_retryable());
    let error = pipeline.open(&rt).await.expect_err("it is broken");
    assert!(matches!(error, PipelineError::Failed { .. }));
    assert!(!pipeline.is_open());
}

async fn stages_are_counted<R: Runtime>(rt: R) {
    struct Odd;

    impl Stage<u32> for Odd {
        type Out = u32;
        type Err = String;

        async fn process(&self, n: u32) -> Result<u32, String> {
            if n % 2 == 1 { Ok(n) } else { Err("even".to_owned()) }
        }
    }

    let pipeline =
        pipeline::<String>().then(Odd).skip().filter(|n| *n > 3).build().expect("it is fine");
    let report = pipeline.run(&rt, stream::iter(0..10)).await;
    let counts = report
        .stages
        .iter()
        .map(|stage| (stage.name.as_str(), stage.taken, stage.given, stage.errors));
    assert_eq!(counts.collect::<Vec<_>>(), [("Odd", 10, 5, 5), ("filter", 5, 3, 0)]);
    assert!(report.stages[0].longest_latency >= report.stages[0].mean_latency);
}

/// An error that can't be turned into the pipeline's, or not even be dropped, is an error.
/// Also where the source had ended by then, so that no more was to be taken in any case.
#[test]
fn a_failure_after_the_source_has_ended_is_how_the_run_ended() {
    Sim::run(0, |rt| async move {
        let clock = rt.clone();
        let late = async move |n: u32| {
            clock.sleep(ms(1)).await;
            if n == 2 { Err("late".to_owned()) } else { Ok(n) }
        };
        let pipeline = pipeline::<String>().map_async(Parallel::ordered(4), late).build();
        let report = pipeline.expect("it is fine").run(&rt, stream::iter(0..3)).await;
        assert_eq!((report.end, report.delivered, report.failed), (RunEnd::Failed, 2, 1));
        assert!(report.into_result().is_err());
    });
}

#[test]
fn errors_that_panic_are_contained() {
    struct Rude;

    impl From<Rude> for String {
        fn from(_: Rude) -> Self {
            panic!("no words")
        }
    }

    struct Clingy;

    impl Drop for Clingy {
        fn drop(&mut self) {
            panic!("it stays");
        }
    }

    impl From<Clingy> for String {
        fn from(clingy: Clingy) -> Self {
            std::mem::forget(clingy);
            "clingy".to_owned()
        }
    }

    Sim::run(0, |rt| async move {
        let rude = async |_: u32| Err::<u32, _>(Rude);
        let pipeline_of_rude = pipeline::<String>().then(rude).build().expect("it is fine");
        let report = pipeline_of_rude.run(&rt, stream::iter(0..4)).await;
        assert_conserved(&report);
        assert_eq!((report.failed, report.end), (1, RunEnd::Failed));
        assert!(matches!(report.error, Some(PipelineError::Panicked { .. })));

        let clingy = async |_: u32| Err::<u32, _>(Clingy);
        let skips = pipeline::<String>().then(clingy).skip().build().expect("it is fine");
        let report = skips.run(&rt, stream::iter(0..4)).await;
        assert_eq!((report.skipped, report.end), (4, RunEnd::Finished));
    });
}

#[test]
fn a_key_that_panics_ends_the_run() {
    Sim::run(0, |rt| async move {
        let key = |n: &u32| assert!(*n != 2, "no key");
        let stage = async |n: u32| Ok::<_, String>(n);
        let pipeline = pipeline::<String>()
            .map_async(Parallel::by_key(2, key), stage)
            .build()
            .expect("it is fine");
        let report = pipeline.run(&rt, stream::iter(0..100)).await;
        assert_conserved(&report);
        assert_eq!((report.unprocessed, report.stages[0].errors), (1, 1));
        assert_eq!(report.end, RunEnd::Failed);
    });
}
