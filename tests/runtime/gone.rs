//! What a handle can do when its runtime is gone.
//!
//! Each scenario builds a runtime, takes something out of it, and looks at that after the runtime
//! was shut down. Smol's global executor is not among them: nobody can shut it down.

use std::future::pending;
use std::pin::pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use mtaio_runtime::{Instant, JoinError, Runtime, RuntimeExt, Sleep, TaskName};

use crate::common::{Gate, Held, Host, Wakes, block_on, poll_with};

/// Gives each scenario one `#[test]` a runtime that can go.
macro_rules! when_gone {
    ($($scenario:ident),+ $(,)?) => {
        when_gone! { @ [$($scenario)+]
            tokio_current_thread: TokioCurrentThread,
            tokio_multi_thread: TokioMultiThread,
            smol_own: SmolOwn,
            sim: Sim,
            dyn_tokio_current_thread: Dyn<TokioCurrentThread>,
            dyn_tokio_multi_thread: Dyn<TokioMultiThread>,
            dyn_smol_own: Dyn<SmolOwn>,
            dyn_sim: Dyn<Sim>,
        }
    };
    (@ $scenarios:tt $($runtime:ident: $host:ty,)+) => {
        $(when_gone! { @@ $scenarios $runtime: $host })+
    };
    (@@ [$($scenario:ident)+] $runtime:ident: $host:ty) => {
        mod $runtime {
            #[allow(unused_imports, reason = "one of them is used")]
            use crate::common::{
                Dyn, Sim, SmolOwn, TokioCurrentThread, TokioMultiThread, watched,
            };

            $(
                #[test]
                fn $scenario() {
                    let name = concat!(stringify!($runtime), "::", stringify!($scenario));
                    watched(name, super::$scenario::<$host>);
                }
            )+
        }
    };
}

when_gone!(
    a_pending_task_answers_gone,
    a_sleeping_task_answers_gone,
    a_task_that_never_ran_answers_gone,
    who_waits_meanwhile_hears_of_it,
    an_aborted_task_answers_cancelled,
    a_finished_task_answers_its_value,
    a_task_may_be_dropped_detached_and_aborted_after,
    spawn_answers_gone_and_drops_the_future,
    unblock_answers_gone_and_drops_the_job,
    a_sleep_from_before_stays_pending,
    a_sleep_from_after_stays_pending,
    the_clock_still_answers,
    a_task_that_holds_its_runtime_leaks_nothing,
    a_destructor_may_use_the_runtime_that_goes,
);

fn a_pending_task_answers_gone<H: Host>() {
    let (held, dropped) = Held::new();
    let task = H::run(|rt| async move {
        let started = Gate::default();
        let task = rt.spawn({
            let started = started.clone();
            async move {
                let _held = held;
                started.open();
                pending::<()>().await;
            }
        });
        started.passed().await;
        task
    });
    assert!(dropped());
    assert!(task.is_finished());
    let error = block_on(task).expect_err("it can't end");
    assert!(matches!(error, JoinError::RuntimeGone), "{error:?}");
    assert!(error.is_runtime_gone() && !error.is_cancelled() && !error.is_panicked());
}

fn a_sleeping_task_answers_gone<H: Host>() {
    let task = H::run(|rt| async move {
        let started = Gate::default();
        let task = rt.spawn({
            let (rt, started) = (rt.clone(), started.clone());
            async move {
                started.open();
                rt.sleep(Duration::from_secs(3_600)).await;
            }
        });
        started.passed().await;
        task
    });
    assert!(matches!(block_on(task), Err(JoinError::RuntimeGone)));
}

fn a_task_that_never_ran_answers_gone<H: Host>() {
    // Some of them will have run; all of them are pending.
    let tasks =
        H::run(|rt| async move { (0..50).map(|_| rt.spawn(pending::<()>())).collect::<Vec<_>>() });
    for task in tasks {
        assert!(matches!(block_on(task), Err(JoinError::RuntimeGone)));
    }
}

fn who_waits_meanwhile_hears_of_it<H: Host>() {
    let thread = H::run(|rt| async move {
        let started = Gate::default();
        let task = rt.spawn({
            let started = started.clone();
            async move {
                started.open();
                pending::<()>().await;
            }
        });
        started.passed().await;
        thread::spawn(move || block_on(task))
    });
    let error = thread.join().expect("awaiting does not panic").expect_err("it can't end");
    assert!(error.is_runtime_gone(), "{error:?}");
}

fn an_aborted_task_answers_cancelled<H: Host>() {
    let task = H::run(|rt| async move {
        let started = Gate::default();
        let task = rt.spawn({
            let started = started.clone();
            async move {
                started.open();
                pending::<()>().await;
            }
        });
        started.passed().await;
        task.abort();
        task
    });
    assert!(matches!(block_on(task), Err(JoinError::Cancelled)));
}

fn a_finished_task_answers_its_value<H: Host>() {
    let task = H::run(|rt| async move {
        let task = rt.spawn(async { 6 });
        while !task.is_finished() {
            rt.sleep(Duration::from_millis(1)).await;
        }
        task
    });
    task.abort();
    assert_eq!(block_on(task).expect("it had ended"), 6);
}

fn a_task_may_be_dropped_detached_and_aborted_after<H: Host>() {
    let [dropped, detached, aborted] =
        H::run(|rt| async move { [(); 3].map(|()| rt.spawn(pending::<()>())) });
    let handle = dropped.abort_handle();
    drop(dropped);
    handle.abort();
    assert!(handle.is_finished());
    detached.detach();
    aborted.abort();
    assert!(matches!(block_on(aborted), Err(JoinError::RuntimeGone)));
}

fn spawn_answers_gone_and_drops_the_future<H: Host>() {
    let rt = H::run(|rt| async move { rt });
    let ran = Arc::new(AtomicBool::new(false));
    for _ in 0..3 {
        let (held, dropped) = Held::new();
        let task = rt.spawn({
            let ran = Arc::clone(&ran);
            async move {
                let _held = held;
                ran.store(true, Ordering::SeqCst);
            }
        });
        assert!(dropped(), "kept for a runtime that is gone");
        assert!(matches!(block_on(task), Err(JoinError::RuntimeGone)));

        let (held, dropped) = Held::new();
        rt.spawn_detached(TaskName::new("bare"), async move { drop(held) });
        assert!(dropped(), "kept for a runtime that is gone");
    }
    let elsewhere = rt.clone();
    let thread = thread::spawn(move || block_on(elsewhere.spawn(async {})));
    let result = thread.join().expect("spawning does not panic");
    assert!(matches!(result, Err(JoinError::RuntimeGone)));
    assert!(!ran.load(Ordering::SeqCst));
}

fn unblock_answers_gone_and_drops_the_job<H: Host>() {
    let rt = H::run(|rt| async move {
        rt.unblock(|| ()).await.expect("it runs");
        rt
    });
    let ran = Arc::new(AtomicBool::new(false));
    let (held, dropped) = Held::new();
    let job = rt.unblock({
        let ran = Arc::clone(&ran);
        move || {
            ran.store(true, Ordering::SeqCst);
            drop(held);
        }
    });
    assert!(dropped(), "kept for a runtime that is gone");
    assert!(matches!(block_on(job), Err(JoinError::RuntimeGone)));

    let (held, dropped) = Held::new();
    rt.spawn_blocking(Box::new(move || drop(held)));
    assert!(dropped(), "kept for a runtime that is gone");
    assert!(!ran.load(Ordering::SeqCst));
}

/// Polls `sleep` whatever happens to it, which is nothing.
fn stays_pending<S: Sleep>(rt: &impl Runtime, sleep: S) {
    let mut sleep = pin!(sleep);
    let wakes = Wakes::new();
    for _ in 0..3 {
        assert!(poll_with(sleep.as_mut(), &wakes).is_pending());
        real_time_passes();
    }
    for deadline in [rt.now(), Instant::ZERO, rt.now() + Duration::from_millis(1), Instant::MAX] {
        sleep.as_mut().reset(deadline);
        real_time_passes();
        assert!(poll_with(sleep.as_mut(), &wakes).is_pending());
    }
}

/// Longer than the sleeps of these scenarios.
#[allow(clippy::disallowed_methods, reason = "no runtime is left to wait with")]
fn real_time_passes() {
    thread::sleep(Duration::from_millis(4));
}

fn a_sleep_from_before_stays_pending<H: Host>() {
    let (rt, sleeps) = H::run(|rt| async move {
        let sleeps = |polled: bool| {
            [0, 1, 3_600_000].map(|millis| {
                let mut sleep = Box::pin(rt.sleep(Duration::from_millis(millis)));
                if polled {
                    // It is the waker of nobody that the end of the runtime would wake.
                    let _ = poll_with(sleep.as_mut(), &Wakes::new());
                }
                sleep
            })
        };
        let sleeps = [sleeps(false), sleeps(true)];
        (rt, sleeps)
    });
    let [new, polled] = sleeps;
    for sleep in new {
        stays_pending(&rt, sleep);
    }
    let [_, brief, long] = polled;
    for sleep in [brief, long] {
        stays_pending(&rt, sleep);
    }
}

fn a_sleep_from_after_stays_pending<H: Host>() {
    let rt = H::run(|rt| async move { rt });
    for millis in [0, 1, 3_600_000] {
        stays_pending(&rt, rt.sleep(Duration::from_millis(millis)));
    }
    stays_pending(&rt, rt.sleep_until(Instant::ZERO));
    stays_pending(&rt, rt.sleep_until(Instant::MAX));
}

fn the_clock_still_answers<H: Host>() {
    let (rt, last) = H::run(|rt| async move {
        rt.sleep(Duration::from_millis(2)).await;
        let last = rt.now();
        (rt, last)
    });
    assert!(rt.now() >= last);
    assert!(rt.wall_clock() > std::time::UNIX_EPOCH);
    assert_ne!(rt.entropy(), rt.entropy());
}

fn a_task_that_holds_its_runtime_leaks_nothing<H: Host>() {
    let token = Arc::new(());
    let rt = H::run(|rt| {
        let token = Arc::clone(&token);
        async move {
            let started = Gate::default();
            rt.spawn({
                let (rt, token, started) = (rt.clone(), Arc::clone(&token), started.clone());
                async move {
                    started.open();
                    rt.sleep(Duration::from_secs(3_600)).await;
                    drop(token);
                }
            })
            .detach();
            started.passed().await;
            rt
        }
    });
    // With the runtime, though a handle of it is still here.
    assert_eq!(Arc::strong_count(&token), 1);
    drop(rt);
}

fn a_destructor_may_use_the_runtime_that_goes<H: Host>() {
    struct LastWords<R: Runtime>(R, Arc<Mutex<Vec<&'static str>>>);

    impl<R: Runtime> Drop for LastWords<R> {
        fn drop(&mut self) {
            let Self(rt, words) = self;
            let (held, _) = Held::new();
            let said = Arc::clone(words);
            rt.spawn(async move {
                let _held = held;
                pending::<()>().await;
                said.lock().expect("nobody panics").push("ran");
            })
            .detach();
            drop(rt.unblock(|| ()));
            let _ = poll_with(Box::pin(rt.sleep(Duration::ZERO)).as_mut(), &Wakes::new());
            let _ = (rt.now(), rt.entropy(), rt.wall_clock());
            words.lock().expect("nobody panics").push("said");
        }
    }

    let words = Arc::new(Mutex::new(Vec::new()));
    let task = H::run(|rt| {
        let words = Arc::clone(&words);
        async move {
            let started = Gate::default();
            let last_words = LastWords(rt.clone(), words);
            let task = rt.spawn({
                let started = started.clone();
                async move {
                    let _last_words = last_words;
                    started.open();
                    pending::<()>().await;
                }
            });
            started.passed().await;
            task
        }
    });
    assert!(matches!(block_on(task), Err(JoinError::RuntimeGone)));
    assert_eq!(*words.lock().expect("nobody panics"), ["said"]);
    assert_eq!(Arc::strong_count(&words), 1);
}
