//! What a task inherits from where it was spawned.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtaio_runtime::{Ambient, Instant, JoinError, Runtime, RuntimeExt, Task, TaskName};

use crate::common::{Gate, eventually, on_every_runtime};

on_every_runtime!(
    spawn_inherits_the_deadline,
    unblock_inherits_the_deadline,
    spawn_detached_inherits_nothing,
    the_deadline_is_that_of_the_spawn,
    the_tighter_deadline_is_handed_on,
    each_poll_has_its_own_context,
    an_attached_future_has_its_own_context,
    destructors_see_the_context,
    a_panic_leaves_no_context_behind,
    no_task_ends_by_its_deadline,
);

const HOUR: Instant = Instant::from_nanos(3_600_000_000_000);
const DAY: Instant = Instant::from_nanos(24 * 3_600_000_000_000);

fn deadline() -> Option<Instant> {
    Ambient::current().deadline()
}

/// Runs `f` where the deadline is `deadline`.
fn under<T>(deadline: Instant, f: impl FnOnce() -> T) -> T {
    Ambient::empty().with_deadline(deadline).enter(f)
}

async fn spawn_inherits_the_deadline<R: Runtime>(rt: R) {
    let task = under(HOUR, || {
        rt.spawn({
            let rt = rt.clone();
            async move {
                let before = deadline();
                rt.sleep(Duration::from_millis(2)).await;
                let grandchild = rt.spawn(async { deadline() });
                (before, deadline(), grandchild.await.expect("it ends"))
            }
        })
    });
    assert_eq!(deadline(), None);
    assert_eq!(task.await.expect("it ends"), (Some(HOUR), Some(HOUR), Some(HOUR)));
    assert_eq!(rt.spawn(async { deadline() }).await.expect("it ends"), None);
}

async fn unblock_inherits_the_deadline<R: Runtime>(rt: R) {
    let job = under(HOUR, || rt.unblock(deadline));
    assert_eq!(job.await.expect("it ends"), Some(HOUR));
    assert_eq!(rt.unblock(deadline).await.expect("it ends"), None);
}

async fn spawn_detached_inherits_nothing<R: Runtime>(rt: R) {
    let seen = Arc::new(Mutex::new(None));
    let child = {
        let seen = Arc::clone(&seen);
        async move { *seen.lock().expect("nobody panics") = Some(deadline()) }
    };
    under(HOUR, || rt.spawn_detached(TaskName::new("bare"), child));
    let seen = || *seen.lock().expect("nobody panics");
    eventually(&rt, "it ran", || seen().is_some()).await;
    assert_eq!(seen(), Some(None));

    // Also from within a task, whose context is set while it spawns.
    let gate = Gate::default();
    let bare = Arc::new(Mutex::new(None));
    let task = under(HOUR, || {
        rt.spawn({
            let (rt, gate, bare) = (rt.clone(), gate.clone(), Arc::clone(&bare));
            async move {
                rt.spawn_detached(TaskName::new("bare"), async move {
                    *bare.lock().expect("nobody panics") = deadline();
                    gate.open();
                });
            }
        })
    });
    task.await.expect("it ends");
    gate.passed().await;
    assert_eq!(*bare.lock().expect("nobody panics"), None);
}

async fn the_deadline_is_that_of_the_spawn<R: Runtime>(rt: R) {
    let task = under(HOUR, || rt.spawn(async { deadline() }));
    // Who awaits it has no say.
    let seen = Ambient::empty().with_deadline(DAY).attach(task).await;
    assert_eq!(seen.expect("it ends"), Some(HOUR));
}

async fn the_tighter_deadline_is_handed_on<R: Runtime>(rt: R) {
    let nested = |outer: Instant, inner: Instant| -> Task<Option<Instant>> {
        under(outer, || {
            let ambient = Ambient::current().with_deadline(inner);
            ambient.enter(|| rt.spawn(async { deadline() }))
        })
    };
    assert_eq!(nested(HOUR, DAY).await.expect("it ends"), Some(HOUR));
    assert_eq!(nested(DAY, HOUR).await.expect("it ends"), Some(HOUR));
}

async fn each_poll_has_its_own_context<R: Runtime>(rt: R) {
    let deadlines = [Some(HOUR), None, Some(DAY), None, Some(HOUR + Duration::from_secs(1))];
    let tasks = deadlines.map(|expected| {
        let spawn = || {
            let rt = rt.clone();
            rt.clone().spawn(async move {
                for round in 0..50 {
                    assert_eq!(deadline(), expected, "in round {round}");
                    if round % 10 == 0 {
                        rt.sleep(Duration::from_micros(10)).await;
                    } else {
                        rt.yield_now().await;
                    }
                }
            })
        };
        match expected {
            Some(deadline) => under(deadline, spawn),
            None => spawn(),
        }
    });
    for task in tasks {
        task.await.expect("it sees its own context only");
        assert_eq!(deadline(), None);
    }
}

async fn an_attached_future_has_its_own_context<R: Runtime>(rt: R) {
    let seen = Ambient::empty().with_deadline(HOUR).attach(async {
        let before = deadline();
        rt.sleep(Duration::from_millis(1)).await;
        (before, deadline(), rt.spawn(async { deadline() }).await.expect("it ends"))
    });
    assert_eq!(seen.await, (Some(HOUR), Some(HOUR), Some(HOUR)));
    assert_eq!(deadline(), None);
}

async fn destructors_see_the_context<R: Runtime>(rt: R) {
    struct Sees(Arc<Mutex<Vec<Option<Instant>>>>);

    impl Drop for Sees {
        fn drop(&mut self) {
            self.0.lock().expect("nobody panics").push(deadline());
        }
    }

    let seen = Arc::new(Mutex::new(Vec::new()));
    let (ends, waits) = (Sees(Arc::clone(&seen)), Sees(Arc::clone(&seen)));
    let (ended, cancelled) = under(HOUR, || {
        let ended = rt.spawn(async move { drop(ends) });
        let cancelled = rt.spawn(async move {
            let _waits = waits;
            pending::<()>().await;
        });
        (ended, cancelled)
    });
    ended.await.expect("it ends");
    cancelled.abort();
    assert!(matches!(cancelled.await, Err(JoinError::Cancelled)));
    assert_eq!(*seen.lock().expect("nobody panics"), [Some(HOUR), Some(HOUR)]);
}

async fn a_panic_leaves_no_context_behind<R: Runtime>(rt: R) {
    for _ in 0..20 {
        let task = under(HOUR, || rt.spawn(async { panic!("under a deadline") }));
        let result: Result<(), _> = task.await;
        assert!(result.expect_err("it panics").is_panicked());
        let seen = Arc::new(Mutex::new(None));
        rt.spawn_detached(TaskName::new("bare"), {
            let seen = Arc::clone(&seen);
            async move { *seen.lock().expect("nobody panics") = Some(deadline()) }
        });
        let seen = || *seen.lock().expect("nobody panics");
        eventually(&rt, "it ran", || seen().is_some()).await;
        assert_eq!(seen(), Some(None));
    }
}

async fn no_task_ends_by_its_deadline<R: Runtime>(rt: R) {
    let passed = rt.now();
    let task = under(passed, || {
        rt.spawn({
            let rt = rt.clone();
            async move {
                rt.sleep(Duration::from_millis(2)).await;
                8
            }
        })
    });
    assert_eq!(task.await.expect("a deadline is for waits to honour"), 8);
}
