//! What a simulation has another word on: it can't order foreign threads that wait for its clock, and
//! a panic that nobody hears of is its finding.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mtaio_runtime::{Runtime, RuntimeExt, Sleep, TaskName};

use crate::common::{Held, block_on, eventually, on_every_real_runtime};

on_every_real_runtime!(
    a_foreign_thread_sleeps,
    the_clock_is_monotonic_across_threads,
    a_bare_future_that_panics_harms_nothing_else,
);

async fn a_foreign_thread_sleeps<R: Runtime>(rt: R) {
    let elsewhere = rt.clone();
    let task = rt.unblock(move || {
        // One that `unblock` runs on may know its runtime; this one does not.
        let thread = thread::spawn(move || {
            let deadline = elsewhere.now() + Duration::from_millis(5);
            block_on(elsewhere.sleep_until(deadline));
            assert!(elsewhere.now() >= deadline);
            let mut sleep = Box::pin(elsewhere.sleep(Duration::from_secs(3_600)));
            sleep.as_mut().reset(elsewhere.now() + Duration::from_millis(2));
            block_on(sleep);
        });
        thread.join().expect("it wakes in time");
    });
    task.await.expect("it ends");
}

async fn the_clock_is_monotonic_across_threads<R: Runtime>(rt: R) {
    let shared = Arc::new(Mutex::new(rt.now()));
    let jobs = [0, 1, 2].map(|_| {
        let (rt, shared) = (rt.clone(), Arc::clone(&shared));
        rt.clone().unblock(move || {
            for _ in 0..20_000 {
                let mut last = shared.lock().expect("nobody panics");
                let now = rt.now();
                assert!(now >= *last, "{now:?} after {last:?}");
                *last = now;
            }
        })
    });
    for job in jobs {
        job.await.expect("it never goes back");
    }
}

async fn a_bare_future_that_panics_harms_nothing_else<R: Runtime>(rt: R) {
    for _ in 0..10 {
        let (held, dropped) = Held::new();
        rt.spawn_detached(TaskName::new("panics"), async move {
            let _held = held;
            panic!("nobody listens");
        });
        eventually(&rt, "the future is dropped", dropped).await;
    }
    let ran = Arc::new(AtomicBool::new(false));
    rt.spawn_detached(TaskName::new("runs"), {
        let ran = Arc::clone(&ran);
        async move { ran.store(true, Ordering::SeqCst) }
    });
    eventually(&rt, "another one runs", || ran.load(Ordering::SeqCst)).await;
}
