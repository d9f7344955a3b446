//! The executor: the limit holds, everything ends with whom it belongs to, no permit is lost.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;

use mtaio::executor::{Drain, RunError};
use mtaio::{CancellationToken, Runtime, RuntimeExt, TaskExecutor};
use mtaio_sim::Sim;

use crate::common::{Census, WORKER, done_or_dropped, ms, survives};

const LIMIT: usize = 3;

fn limited(rt: &Sim) -> TaskExecutor {
    TaskExecutor::new(rt).limit(LIMIT).expect("a limit")
}

/// Every permit is there: as many run at once as may, and no more.
async fn all_permits_are_there(rt: &Sim, executor: &TaskExecutor) {
    let census = Census::default();
    let meeting = executor.map(0..2 * LIMIT, {
        let (rt, census) = (rt.clone(), census.clone());
        async move |_| {
            let _alive = census.enter();
            // Who waits for a full house would wait for ever if a permit were missing.
            while census.most() < LIMIT {
                rt.sleep(ms(1)).await;
            }
        }
    });
    meeting.values().await.expect("they all come");
    assert_eq!((census.most(), census.now()), (LIMIT, 0));
}

#[derive(Clone, Copy)]
enum How {
    Tasks,
    Unordered,
    Inline,
}

async fn map(rt: Sim, how: How) {
    let (executor, census) = (limited(&rt), Census::default());
    let done = Arc::new(AtomicUsize::new(0));
    let worker = {
        let (rt, executor, census, done) =
            (rt.clone(), executor.clone(), census.clone(), Arc::clone(&done));
        rt.clone().spawn_named(WORKER, async move {
            let call = async move |item: u64| {
                let _alive = census.enter();
                match item % 3 {
                    0 => rt.yield_now().await,
                    1 => rt.sleep(ms(item)).await,
                    _ => {}
                }
                done.fetch_add(1, Ordering::SeqCst);
                item * 2
            };
            match how {
                How::Tasks => executor.map(0..8, call).values().await.expect("none fails"),
                How::Unordered => {
                    let doubled = executor.map(0..8, call).unordered().values().await;
                    let mut doubled = doubled.expect("none fails");
                    doubled.sort_unstable();
                    doubled
                }
                How::Inline => {
                    executor.inline().map(0..8, call).values().await.expect("none fails")
                }
            }
        })
    };
    match done_or_dropped(worker.await) {
        Some(doubled) => {
            assert_eq!(doubled, [0, 2, 4, 6, 8, 10, 12, 14]);
            assert_eq!(done.load(Ordering::SeqCst), 8);
        }
        None => assert!(done.load(Ordering::SeqCst) <= 8),
    }
    assert!(census.most() <= LIMIT, "{} at once", census.most());
    rt.run_until_stalled().await;
    assert_eq!((census.now(), executor.stats().live), (0, 0), "all ended with the worker");
    all_permits_are_there(&rt, &executor).await;
}

#[test]
fn a_map_of_tasks() {
    survives(|rt| map(rt, How::Tasks));
}

#[test]
fn a_map_of_tasks_in_any_order() {
    survives(|rt| map(rt, How::Unordered));
}

#[test]
fn a_map_in_place() {
    survives(|rt| map(rt, How::Inline));
}

#[test]
fn a_gather_ends_at_its_first_error() {
    survives(|rt| async move {
        let (executor, census) = (limited(&rt), Census::default());
        let worker = {
            let (rt, executor, census) = (rt.clone(), executor.clone(), census.clone());
            rt.clone().spawn_named(WORKER, async move {
                let futures = (0..6_u64).map(|item| {
                    let (rt, census) = (rt.clone(), census.clone());
                    async move {
                        let _alive = census.enter();
                        rt.sleep(ms(item)).await;
                        if item == 2 { Err(item) } else { Ok(item) }
                    }
                });
                let error =
                    executor.gather(futures.collect::<Vec<_>>()).await.expect_err("2 fails");
                // The failing one has been told when all others have ended.
                assert_eq!(census.now(), 0);
                error.into_failed()
            })
        };
        if let Some(failed) = done_or_dropped(worker.await) {
            assert_eq!(failed, Some(2));
        }
        rt.run_until_stalled().await;
        assert_eq!((census.now(), executor.stats().live), (0, 0));
        all_permits_are_there(&rt, &executor).await;
    });
}

#[test]
fn a_run_with_a_time_limit() {
    survives(|rt| async move {
        let (executor, census) = (limited(&rt), Census::default());
        let workers = [1, 4, 9, 30].map(|time| {
            let (rt, executor, census) = (rt.clone(), executor.clone(), census.clone());
            rt.clone().spawn_named(WORKER, async move {
                let (begun, sleeping) = (rt.now(), rt.clone());
                let ran = executor.run(async move {
                    let _alive = census.enter();
                    sleeping.sleep(ms(time)).await;
                    time
                });
                match ran.timeout(ms(5)).await {
                    Ok(slept) => assert_eq!(slept, time),
                    Err(RunError::Elapsed(_)) => assert!(rt.now() >= begun + ms(5)),
                    Err(other) => panic!("{other}"),
                }
            })
        });
        for worker in workers {
            done_or_dropped(worker.await);
        }
        rt.run_until_stalled().await;
        assert_eq!((census.now(), executor.stats().live), (0, 0));
        all_permits_are_there(&rt, &executor).await;
    });
}

#[test]
fn a_shutdown_may_be_dropped_and_called_again() {
    survives(|rt| async move {
        let (executor, census) = (limited(&rt), Census::default());
        for time in [1, 3, 50, 70] {
            let (rt, census) = (rt.clone(), census.clone());
            let job = async move {
                let _alive = census.enter();
                rt.sleep(ms(time)).await;
            };
            executor.spawn(job).detach();
        }
        let worker = {
            let (executor, census) = (executor.clone(), census.clone());
            rt.spawn_named(WORKER, async move {
                let report = executor.shutdown(Drain::within(ms(20))).await;
                assert_eq!(census.now(), 0, "after an awaited shutdown nothing runs");
                assert_eq!(report.stuck, []);
                report.finished + report.cancelled
            })
        };
        match done_or_dropped(worker.await) {
            Some(ended) => assert_eq!(ended, 4),
            None => {
                executor.shutdown(Drain::now()).await;
            }
        }
        assert_eq!((census.now(), executor.stats().live), (0, 0));
        assert!(matches!(executor.run(async {}).await, Err(RunError::Closed)));
    });
}

#[test]
fn a_token_wakes_all_who_wait_and_only_when_it_is_cancelled() {
    survives(|rt| async move {
        let token = CancellationToken::new();
        let children = [token.child(), token.child(), token.clone()];
        let woken = Arc::new(AtomicUsize::new(0));
        let waiting: Vec<_> = children
            .iter()
            .cloned()
            .chain([token.child()])
            .enumerate()
            .map(|(number, token)| {
                let (rt, woken) = (rt.clone(), Arc::clone(&woken));
                let name = if number == 1 { WORKER } else { "waiter" };
                rt.clone().spawn_named(name, async move {
                    token.cancelled().await;
                    assert!(token.is_cancelled());
                    woken.fetch_add(1, Ordering::SeqCst);
                    // A second wait is over at once.
                    let mut again = Box::pin(token.cancelled());
                    poll_fn(|cx| {
                        assert!(again.as_mut().poll(cx).is_ready());
                        Poll::Ready(())
                    })
                    .await;
                    rt.yield_now().await;
                })
            })
            .collect();
        rt.sleep(ms(2)).await;
        assert_eq!(woken.load(Ordering::SeqCst), 0);
        token.cancel();
        for (number, waiting) in waiting.into_iter().enumerate() {
            let ended = done_or_dropped(waiting.await);
            assert!(ended.is_some() || number == 1);
        }
        assert!(woken.load(Ordering::SeqCst) >= 3);
    });
}
