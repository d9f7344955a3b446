//! What a task inherits from where it was spawned, and what it does not.

use std::future::pending;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::conformance::check::{Entry, Outcome, check, ensure};
use crate::conformance::probes::{Gate, elsewhere, eventually, lock, ms};
use crate::conformance::{Capability, Host};
use crate::{Ambient, Instant, Runtime, RuntimeExt, TaskName};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check(
            "context_is_inherited",
            "a task sees the deadline of where it was spawned, in all its polls, and hands it on",
            |host: &H| host.run(is_inherited),
        ),
        check(
            "context_is_inherited_by_jobs",
            "a job sees the deadline of where it was made",
            |host: &H| host.run(is_inherited_by_jobs),
        ),
        check(
            "context_of_a_bare_future_is_empty",
            "a bare future inherits nothing from where it was spawned",
            |host: &H| host.run(of_a_bare_future_is_empty),
        ),
        check(
            "context_is_that_of_the_spawn",
            "who awaits a task has no say in its deadline",
            |host: &H| host.run(is_that_of_the_spawn),
        ),
        check(
            "context_is_kept_apart",
            "tasks under different deadlines, poll by poll, see their own only",
            |host: &H| host.run(is_kept_apart),
        ),
        check(
            "context_is_there_in_destructors",
            "what a future owns is dropped in the future's context",
            |host: &H| host.run(is_there_in_destructors),
        ),
        check(
            "context_ends_with_a_panic",
            "a task that panics leaves its deadline to nobody",
            |host: &H| host.run(ends_with_a_panic),
        ),
        check(
            "context_stays_off_foreign_threads",
            "a task that is spawned on a foreign thread inherits from that thread alone",
            |host: &H| host.run(stays_off_foreign_threads),
        )
        .needs(&[Capability::ForeignCalls]),
    ]
}

const LUNCH: Instant = Instant::from_nanos(12 * 3_600_000_000_000);
const NIGHT: Instant = Instant::from_nanos(24 * 3_600_000_000_000);

fn deadline() -> Option<Instant> {
    Ambient::current().deadline()
}

/// Runs `f` where the deadline is `deadline`.
fn under<T>(deadline: Instant, f: impl FnOnce() -> T) -> T {
    Ambient::empty().with_deadline(deadline).enter(f)
}

async fn is_inherited<R: Runtime>(rt: R) -> Outcome {
    let inside = rt.clone();
    let task = under(LUNCH, || {
        rt.spawn(async move {
            let first = deadline();
            inside.yield_now().await;
            let second = deadline();
            inside.sleep(ms(2)).await;
            let child = inside.spawn(async { deadline() }).await?;
            Outcome::Ok([first, second, deadline(), child])
        })
    });
    ensure!(deadline().is_none(), "the caller is left with a deadline");
    let seen = task.await??;
    ensure!(seen == [Some(LUNCH); 4], "not the inherited deadline: {seen:?}");
    let seen = rt.spawn(async { deadline() }).await?;
    ensure!(seen.is_none(), "a deadline out of nowhere: {seen:?}");
    Ok(())
}

async fn is_inherited_by_jobs<R: Runtime>(rt: R) -> Outcome {
    let seen = under(LUNCH, || rt.unblock(deadline)).await?;
    ensure!(seen == Some(LUNCH), "not the inherited deadline: {seen:?}");
    let seen = rt.unblock(deadline).await?;
    ensure!(seen.is_none(), "a deadline out of nowhere: {seen:?}");
    Ok(())
}

/// What bare futures see, a poll each before and after a yield.
type Seen = Arc<Mutex<Vec<Option<Instant>>>>;

/// Spawns a bare future that notes its deadline twice.
fn spawn_bare<R: Runtime>(rt: &R, seen: &Seen) {
    let (inside, seen) = (rt.clone(), Arc::clone(seen));
    rt.spawn_detached(TaskName::new("bare"), async move {
        lock(&seen).push(deadline());
        inside.yield_now().await;
        lock(&seen).push(deadline());
    });
}

async fn saw_nothing<R: Runtime>(rt: &R, seen: &Seen) -> Outcome {
    eventually(rt, "the bare future runs", || lock(seen).len() == 2).await?;
    let seen = lock(seen).clone();
    ensure!(seen == [None, None], "a bare future has a deadline: {seen:?}");
    Ok(())
}

async fn of_a_bare_future_is_empty<R: Runtime>(rt: R) -> Outcome {
    let seen = Seen::default();
    under(LUNCH, || spawn_bare(&rt, &seen));
    saw_nothing(&rt, &seen).await?;

    // Also from within a task, whose context is set while it spawns.
    let seen = Seen::default();
    let (inside, bare) = (rt.clone(), Arc::clone(&seen));
    under(LUNCH, || rt.spawn(async move { spawn_bare(&inside, &bare) })).await?;
    saw_nothing(&rt, &seen).await
}

async fn is_that_of_the_spawn<R: Runtime>(rt: R) -> Outcome {
    let task = under(LUNCH, || rt.spawn(async { deadline() }));
    let seen = Ambient::empty().with_deadline(NIGHT).attach(task).await?;
    ensure!(seen == Some(LUNCH), "not the inherited deadline: {seen:?}");
    Ok(())
}

async fn is_kept_apart<R: Runtime>(rt: R) -> Outcome {
    let tasks = [Some(LUNCH), None, Some(NIGHT), None].map(|own| {
        let inside = rt.clone();
        let task = async move {
            for round in 0..40 {
                let seen = deadline();
                ensure!(seen == own, "{seen:?} in place of {own:?}, in round {round}");
                if round % 10 == 0 {
                    inside.sleep(Duration::from_micros(10)).await;
                } else {
                    inside.yield_now().await;
                }
            }
            Ok(())
        };
        match own {
            Some(own) => under(own, || rt.spawn(task)),
            None => rt.spawn(task),
        }
    });
    for task in tasks {
        task.await??;
        ensure!(deadline().is_none(), "who awaits a task is left with its deadline");
    }
    Ok(())
}

/// Notes the deadline under which it is dropped.
struct Notes(Seen);

impl Drop for Notes {
    fn drop(&mut self) {
        lock(&self.0).push(deadline());
    }
}

async fn is_there_in_destructors<R: Runtime>(rt: R) -> Outcome {
    let seen = Seen::default();
    let (ends, waits) = (Notes(Arc::clone(&seen)), Notes(Arc::clone(&seen)));
    let (ended, cancelled) = under(LUNCH, || {
        let ended = rt.spawn(async move { drop(ends) });
        let cancelled = rt.spawn(async move {
            let _waits = waits;
            pending::<()>().await;
        });
        (ended, cancelled)
    });
    ended.await?;
    cancelled.abort();
    ensure!(cancelled.await.is_err(), "a future that never ends has ended");
    let seen = lock(&seen).clone();
    ensure!(seen == [Some(LUNCH); 2], "not the inherited deadline: {seen:?}");
    Ok(())
}

async fn ends_with_a_panic<R: Runtime>(rt: R) -> Outcome {
    for _ in 0..10 {
        let task = under(LUNCH, || rt.spawn(async { panic!("under a deadline") }));
        let result: Result<(), _> = task.await;
        ensure!(result.is_err(), "a task that panicked has a value");
        let seen = Seen::default();
        spawn_bare(&rt, &seen);
        saw_nothing(&rt, &seen).await?;
    }
    Ok(())
}

async fn stays_off_foreign_threads<R: Runtime>(rt: R) -> Outcome {
    let gate = Gate::default();
    let (inside, opened) = (rt.clone(), gate.clone());
    let task = under(LUNCH, || {
        rt.spawn(async move {
            // While this task's own deadline is set, a thread spawns with another, and without.
            let tasks = elsewhere(move || {
                let plain = inside.spawn(async { deadline() });
                let under_one = under(NIGHT, || inside.spawn(async { deadline() }));
                [plain, under_one]
            });
            opened.open();
            tasks
        })
    });
    gate.passed().await;
    let [plain, under_one] = task.await??;
    let (plain, under_one) = (plain.await?, under_one.await?);
    ensure!(plain.is_none(), "a deadline out of nowhere: {plain:?}");
    ensure!(under_one == Some(NIGHT), "not the inherited deadline: {under_one:?}");
    Ok(())
}
