//! Many calls as one.

use std::sync::{Arc, Mutex};

use mtaio::policy::{Bulk, BulkError, Policy, Retry};
use mtaio::time::Deadline;
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::Count;
use crate::common::{LONG, WORKER, done_or_dropped, eventually, ms, on_every_runtime, survives};

type Batches = Arc<Mutex<Vec<Vec<u32>>>>;

/// Doubles even numbers, and remembers what it was called with.
fn doubling<R: Runtime>(rt: &R, size: usize, batches: &Batches) -> Bulk<u32, u32, String> {
    let batches = Arc::clone(batches);
    let double = async move |numbers: Vec<u32>| {
        batches.lock().unwrap().push(numbers.clone());
        let double =
            |n: u32| if n.is_multiple_of(2) { Ok(2 * n) } else { Err(format!("{n} is odd")) };
        numbers.into_iter().map(double).collect()
    };
    Bulk::new(rt, double).max_size(size).max_delay(ms(5)).build().unwrap()
}

async fn each_caller_gets_its_own_result<R: Runtime>(rt: R) {
    let batches = Batches::default();
    let bulk = doubling(&rt, 3, &batches);
    let tasks: Vec<_> = (0..7).map(|n| (n, rt.spawn(bulk.call(n)))).collect();
    for (n, task) in tasks {
        match task.await.unwrap() {
            Ok(doubled) => assert_eq!((n % 2, doubled), (0, 2 * n)),
            Err(error) => assert_eq!(error, BulkError::Failed(format!("{n} is odd"))),
        }
    }
    let batches = batches.lock().unwrap();
    let mut all: Vec<u32> = batches.iter().flatten().copied().collect();
    all.sort_unstable();
    assert_eq!(all, [0, 1, 2, 3, 4, 5, 6]);
    assert!(batches.iter().all(|batch| (1..=3).contains(&batch.len())), "{batches:?}");
    let stats = bulk.stats();
    assert_eq!((stats.inputs, stats.batches), (7, batches.len() as u64));
    assert!(stats.largest <= 3);
}

async fn what_does_not_fill_up_goes_when_it_is_time<R: Runtime>(rt: R) {
    let bulk = doubling(&rt, 100, &Batches::default());
    let begun = rt.now();
    assert_eq!(bulk.call(2).await, Ok(4));
    assert!(rt.now() - begun >= ms(5));

    let bulk =
        Bulk::new(&rt, async |numbers: Vec<u32>| numbers.into_iter().map(Ok::<_, ()>).collect());
    let bulk = bulk.max_delay(LONG * 6).build().unwrap();
    let waiting = rt.spawn(bulk.call(1));
    eventually(&rt, "it was sent", || {
        bulk.flush();
        bulk.stats().batches == 1
    })
    .await;
    assert_eq!(waiting.await.unwrap(), Ok(1));
}

async fn a_batch_function_that_panics_costs_its_callers<R: Runtime>(rt: R) {
    let bulk = Bulk::new(&rt, async |numbers: Vec<u32>| {
        assert!(!numbers.contains(&13), "no 13");
        numbers.into_iter().map(Ok::<_, String>).collect()
    });
    let bulk = bulk.max_size(2).max_delay(ms(1)).build().unwrap();
    let unlucky = bulk.call(13).await.unwrap_err();
    assert_eq!(unlucky, BulkError::Panicked { message: "no 13".into() });
    assert_eq!(bulk.call(1).await, Ok(1));

    // Before there is a future, too.
    let bulk = Bulk::new(&rt, |numbers: Vec<u32>| {
        assert!(numbers.is_empty(), "at once");
        std::future::ready(Vec::<Result<u32, String>>::new())
    });
    let bulk = bulk.max_delay(ms(1)).build().unwrap();
    assert_eq!(bulk.call(1).await, Err(BulkError::Panicked { message: "at once".into() }));
}

async fn results_that_do_not_fit_are_nobodys<R: Runtime>(rt: R) {
    let bulk = Bulk::new(&rt, async |_: Vec<u32>| vec![Ok::<u32, String>(1); 3]);
    let bulk = bulk.max_delay(ms(1)).build().unwrap();
    let error = bulk.call(1).await.unwrap_err();
    assert_eq!(error, BulkError::Mismatched { inputs: 1, results: 3 });
}

async fn one_under_a_deadline_goes_alone<R: Runtime>(rt: R) {
    let bulk = doubling(&rt, 100, &Batches::default());
    let patient = rt.spawn(bulk.call(4));
    let late = Deadline::after(&rt, ms(1)).run(&rt, async { bulk.call(2).await }).await;
    match late {
        Ok(Err(BulkError::Elapsed(elapsed))) => assert!(elapsed.is_inherited()),
        Err(_) => {}
        other => assert_eq!(other, Ok(Ok(4)), "a machine that is busy is late itself"),
    }
    assert_eq!(patient.await.unwrap(), Ok(8));
}

async fn it_may_run_under_a_policy<R: Runtime>(rt: R) {
    let retry = Retry::constant(ms(1)).build().unwrap();
    let policy = Policy::new(&rt).retry(retry).build().unwrap().boxed();
    let tries = Count::default();
    let bulk = Bulk::new(&rt, async move |numbers: Vec<u32>| {
        let (tries, inputs) = (tries.clone(), numbers.clone());
        let sum = policy.run(async move |_| match tries.up() {
            1 => Err("busy"),
            _ => Ok(inputs.iter().sum::<u32>()),
        });
        let sum = sum.await.map_err(|error| error.to_string());
        numbers.iter().map(|_| sum.clone()).collect::<Vec<_>>()
    });
    let bulk = bulk.max_size(2).max_delay(LONG).build().unwrap();
    let other = rt.spawn(bulk.call(1));
    assert_eq!(bulk.call(2).await, Ok(3));
    assert_eq!(other.await.unwrap(), Ok(3));
}

on_every_runtime!(
    seeds = 20;
    each_caller_gets_its_own_result,
    what_does_not_fill_up_goes_when_it_is_time,
    a_batch_function_that_panics_costs_its_callers,
    results_that_do_not_fit_are_nobodys,
    one_under_a_deadline_goes_alone,
    it_may_run_under_a_policy,
);

/// A caller that is dropped costs the others nothing; nobody's input is taken twice or lost, and
/// no timer or task is left.
#[test]
fn a_dropped_caller_costs_nobody_else() {
    survives(|rt| async move {
        let batches = Batches::default();
        let bulk = doubling(&rt, 3, &batches);
        let names = [WORKER, "other", "other", WORKER, "other"];
        let callers: Vec<_> = (0_u32..)
            .zip(names)
            .map(|(number, name)| {
                let (clock, bulk) = (rt.clone(), bulk.clone());
                let caller = rt.spawn_named(name, async move {
                    clock.sleep(ms(clock.entropy() % 8)).await;
                    bulk.call(2 * number).await
                });
                (number, name, caller)
            })
            .collect();
        let mut answered = Vec::new();
        for (number, name, caller) in callers {
            if name == WORKER {
                let Some(answer) = done_or_dropped(caller.await) else { continue };
                assert_eq!(answer, Ok(4 * number));
            } else {
                assert_eq!(caller.await.unwrap(), Ok(4 * number));
            }
            answered.push(2 * number);
        }
        let batches = batches.lock().unwrap();
        let mut called: Vec<u32> = batches.iter().flatten().copied().collect();
        assert!(batches.iter().all(|batch| (1..=3).contains(&batch.len())), "{batches:?}");
        called.sort_unstable();
        let count = called.len();
        called.dedup();
        assert_eq!(called.len(), count, "twice: {batches:?}");
        assert!(answered.iter().all(|number| called.contains(number)));
    });
}

/// Where all who wait have gone, the function is not called, and neither its task nor its timer
/// stays, or the simulator would say so.
#[test]
fn nobody_is_no_batch() {
    Sim::run(0, async |rt| {
        let bulk = doubling(&rt, 3, &Batches::default());
        assert_eq!(bulk.call(2).await, Ok(4));
        let begun = rt.now();
        let waiting = rt.spawn(bulk.call(1));
        rt.run_until_stalled().await;
        drop(waiting);
        rt.run_until_stalled().await;
        assert_eq!((rt.now(), bulk.stats().batches), (begun, 1));
    });
}
