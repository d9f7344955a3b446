//! Tasks: what belongs to a task ends with it, what was let go does not.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mtaio::{JoinError, RuntimeExt};

use crate::common::{Census, WORKER, done_or_dropped, ms, survives};

#[test]
fn children_end_with_the_task_that_holds_them() {
    survives(|rt| async move {
        let census = Census::default();
        let worker = {
            let (rt, census) = (rt.clone(), census.clone());
            rt.clone().spawn_named(WORKER, async move {
                let children: Vec<_> = (0..4)
                    .map(|time| {
                        let (inner, alive) = (rt.clone(), census.enter());
                        rt.spawn(async move {
                            let _alive = alive;
                            inner.sleep(ms(time)).await;
                            time
                        })
                    })
                    .collect();
                let mut sum = 0;
                for child in children {
                    sum += child.await.expect("nobody aborts it");
                }
                sum
            })
        };
        if let Some(sum) = done_or_dropped(worker.await) {
            assert_eq!(sum, 6);
        }
        rt.run_until_stalled().await;
        assert_eq!(census.now(), 0);
    });
}

#[test]
fn what_was_detached_goes_on_to_its_end() {
    survives(|rt| async move {
        let (begun, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let worker = {
            let (rt, begun, ended) = (rt.clone(), Arc::clone(&begun), Arc::clone(&ended));
            rt.clone().spawn_named(WORKER, async move {
                for time in 0..3 {
                    let (inner, ended) = (rt.clone(), Arc::clone(&ended));
                    begun.fetch_add(1, Ordering::SeqCst);
                    let child = rt.spawn(async move {
                        inner.sleep(ms(5 * time)).await;
                        ended.fetch_add(1, Ordering::SeqCst);
                    });
                    child.detach();
                    rt.sleep(ms(1)).await;
                }
            })
        };
        done_or_dropped(worker.await);
        rt.advance(ms(30)).await;
        assert_eq!(ended.load(Ordering::SeqCst), begun.load(Ordering::SeqCst));
    });
}

#[test]
fn an_abort_answers_once_whatever_it_meets() {
    survives(|rt| async move {
        let census = Census::default();
        let (inner, alive) = (rt.clone(), census.enter());
        let target = rt.spawn(async move {
            let _alive = alive;
            inner.yield_now().await;
            inner.sleep(ms(2)).await;
            7
        });
        let aborting = target.abort_handle();
        let worker = {
            let rt = rt.clone();
            rt.clone().spawn_named(WORKER, async move {
                rt.sleep(ms(2)).await;
                aborting.abort();
                aborting.abort();
            })
        };
        let answer = target.await;
        assert_eq!(census.now(), 0, "it has been dropped when it answers");
        assert!(matches!(answer, Ok(7) | Err(JoinError::Cancelled)), "{answer:?}");
        done_or_dropped(worker.await);
    });
}
