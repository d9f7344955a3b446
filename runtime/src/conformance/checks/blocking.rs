//! Jobs that block their thread.

use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use crate::conformance::check::{Entry, Outcome, Reason, check, ensure};
use crate::conformance::probes::{Held, LONG, eventually, ms};
use crate::conformance::{Capability, Host};
use crate::{JoinError, Runtime, RuntimeExt};

pub(super) fn entries<H: Host>() -> Vec<Entry<H>> {
    vec![
        check(
            "blocking_answers_the_value",
            "a job's task answers what the job returned, once the closure has been dropped",
            |host: &H| host.run(answers_the_value),
        ),
        check("blocking_runs_unawaited", "a job runs though nobody waits for it", |host: &H| {
            host.run(runs_unawaited)
        }),
        check(
            "blocking_runs_nothing_in_the_call",
            "`spawn_blocking` returns without running the job in the call: its caller is a task",
            |host: &H| host.run(runs_nothing_in_the_call),
        ),
        check(
            "blocking_holds_up_no_task",
            "while a job blocks its thread, tasks run and sleeps end",
            |host: &H| host.run(holds_up_no_task),
        )
        .needs(&[Capability::ParallelJobs]),
        check("blocking_by_the_dozen", "many jobs at once all run, each once", |host| {
            host.run(by_the_dozen)
        }),
        check("blocking_spawns_tasks", "a job may use the handle of its runtime", |host| {
            host.run(spawns_tasks)
        }),
        check("blocking_panic_is_told", "a job's task answers the panic of the job", |host| {
            host.run(panic_is_told)
        }),
        check(
            "blocking_panic_of_a_bare_job",
            "the panic of a bare job ends it, and everything else goes on",
            |host: &H| host.run(panic_of_a_bare_job),
        ),
    ]
}

async fn answers_the_value<R: Runtime>(rt: R) -> Outcome {
    let (held, dropped) = Held::slow();
    let value = rt.unblock(move || {
        let _held = held;
        6 * 7
    });
    let value = value.await?;
    ensure!(value == 42, "it answered {value}, not 42");
    ensure!(dropped(), "it answered while the closure was alive");
    Ok(())
}

async fn runs_unawaited<R: Runtime>(rt: R) -> Outcome {
    let ran = [(); 2].map(|()| Arc::new(AtomicBool::new(false)));
    let [task, bare] = ran.each_ref().map(Arc::clone);
    rt.unblock(move || task.store(true, Ordering::SeqCst)).detach();
    rt.spawn_blocking(Box::new(move || bare.store(true, Ordering::SeqCst)));
    let both = move || ran.iter().all(|ran| ran.load(Ordering::SeqCst));
    eventually(&rt, "both jobs run", both).await
}

thread_local! {
    /// Whether this thread is in the call that must not run the job.
    static SPAWNING: Cell<bool> = const { Cell::new(false) };
}

async fn runs_nothing_in_the_call<R: Runtime>(rt: R) -> Outcome {
    for _ in 0..5 {
        SPAWNING.set(true);
        let job = rt.unblock(|| SPAWNING.get());
        SPAWNING.set(false);
        ensure!(!job.await?, "the job ran in the call");
    }
    Ok(())
}

async fn holds_up_no_task<R: Runtime>(rt: R) -> Outcome {
    let (go_on, told) = mpsc::channel();
    let job = rt.unblock(move || told.recv_timeout(LONG).is_ok());
    let inside = rt.clone();
    let task = rt.spawn(async move {
        inside.sleep(ms(2)).await;
        // Fails only when the job has given up.
        go_on.send(()).is_ok()
    });
    let told = job.await?;
    ensure!(told, "a job waited for a task, and the task did not run before the job ended");
    ensure!(task.await?, "the task ran after the job had ended");
    Ok(())
}

async fn by_the_dozen<R: Runtime>(rt: R) -> Outcome {
    let jobs: Vec<_> = (0..64).map(|number| rt.unblock(move || number)).collect();
    for (number, job) in jobs.into_iter().enumerate() {
        let value = job.await?;
        ensure!(value == number, "the job {number} answered {value}");
    }
    Ok(())
}

async fn spawns_tasks<R: Runtime>(rt: R) -> Outcome {
    let inside = rt.clone();
    let job = rt.unblock(move || {
        let start = inside.now();
        let later = inside.clone();
        inside.spawn(async move {
            later.sleep(ms(1)).await;
            later.now() - start
        })
    });
    let waited = job.await?.await?;
    ensure!(waited >= ms(1), "the task of a job slept {waited:?}, not 1 ms");
    Ok(())
}

async fn panic_is_told<R: Runtime>(rt: R) -> Outcome {
    match rt.unblock(|| -> u32 { panic!("in a job") }).await {
        Err(JoinError::Panicked(panic)) if panic.message() == "in a job" => {}
        other => {
            return Err(Reason::new(format_args!("in place of its panic it answered {other:?}")));
        }
    }
    let value = rt.unblock(|| 1).await?;
    ensure!(value == 1, "the next job answered {value}, not 1");
    Ok(())
}

async fn panic_of_a_bare_job<R: Runtime>(rt: R) -> Outcome {
    for _ in 0..5 {
        let (held, dropped) = Held::new();
        rt.spawn_blocking(Box::new(move || {
            let _held = held;
            panic!("nobody listens");
        }));
        eventually(&rt, "the job is dropped that panicked", dropped).await?;
    }
    let value = rt.unblock(|| 1).await?;
    ensure!(value == 1, "the next job answered {value}, not 1");
    let value = rt.spawn(async { 2 }).await?;
    ensure!(value == 2, "the next task answered {value}, not 2");
    Ok(())
}
