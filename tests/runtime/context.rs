//! What a task inherits from where it was spawned.

use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::{Ambient, Instant, Runtime, RuntimeExt, Task, TaskName};
use mtaio_smol::Smol;
use mtaio_tokio::Tokio;
use smol::Executor;
use smol::future::yield_now;
use tokio::runtime::Builder;
use tokio::sync::oneshot;

use crate::common::on_every_runtime;

on_every_runtime!(
    the_tighter_deadline_is_handed_on,
    an_attached_future_has_its_own_context,
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

async fn an_attached_future_has_its_own_context<R: Runtime>(rt: R) {
    let seen = Ambient::empty().with_deadline(HOUR).attach(async {
        let before = deadline();
        rt.sleep(Duration::from_millis(1)).await;
        (before, deadline(), rt.spawn(async { deadline() }).await.expect("it ends"))
    });
    assert_eq!(seen.await, (Some(HOUR), Some(HOUR), Some(HOUR)));
    assert_eq!(deadline(), None);
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

/// A future that tells by `told` which deadlines it sees, in its first poll and in a later one.
async fn look(told: oneshot::Sender<[Option<Instant>; 2]>) {
    let first = deadline();
    yield_now().await;
    let _ = told.send([first, deadline()]);
}

#[test]
fn who_drives_tokio_under_a_deadline_hands_nothing_on() {
    let runtime = Builder::new_current_thread().enable_time().build().expect("threads");
    let rt = Tokio::new(runtime.handle().clone()).expect("timers");
    let (told, seen) = oneshot::channel();
    rt.spawn_detached(TaskName::new("bare"), look(told));
    let (seen, outside) = under(HOUR, || runtime.block_on(async { (seen.await, deadline()) }));
    assert_eq!(seen, Ok([None, None]));
    assert_eq!(outside, Some(HOUR), "what tokio itself drives is in these surroundings");
}

#[test]
fn who_drives_smol_under_a_deadline_hands_nothing_on() {
    let executor = Arc::new(Executor::new());
    let (told, seen) = oneshot::channel();
    Smol::new(&executor).spawn_detached(TaskName::new("bare"), look(told));
    let seen = under(HOUR, || smol::block_on(executor.run(seen)));
    assert_eq!(seen, Ok([None, None]));
}

#[test]
fn a_main_inherits_nothing() {
    under(HOUR, || {
        let seen = |first| async move { (first, deadline()) };
        assert_eq!(mtaio_tokio::block_on(|_| seen(deadline())).expect("threads"), (None, None));
        assert_eq!(mtaio_smol::block_on(|_| seen(deadline())).expect("threads"), (None, None));
        assert_eq!(mtaio_sim::Sim::run(0, |_| seen(deadline())), (None, None));
    });
}
