//! What a task inherits from where it was spawned.

use std::time::Duration;

use mtaio_runtime::{Ambient, Instant, Runtime, RuntimeExt, Task};

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
