//! What the adapters of real runtimes offer beyond the trait, and offer alike.

use std::future::pending;
use std::thread;
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime, RuntimeExt};
use mtaio_smol::Smol;
use mtaio_tokio::Tokio;
use smol::Executor;

use crate::common::{
    Held, Host, SmolGlobal, SmolOwn, TokioCurrentThread, TokioMultiThread, block_on, eventually,
    watched,
};

mod fast_clock {
    use super::*;

    async fn stays_close<R: Runtime>(exact: R, fast: R) {
        let mut last = fast.now();
        let end = exact.now() + Duration::from_millis(300);
        while exact.now() < end {
            let (before, now, after) = (exact.now(), fast.now(), exact.now());
            assert!(now >= last, "{now:?} after {last:?}");
            last = now;
            // Both are the time since one epoch.
            let slack = Duration::from_millis(20);
            assert!(now + slack >= before && now <= after + slack, "{before:?} {now:?} {after:?}");
            exact.sleep(Duration::from_millis(1)).await;
        }
    }

    #[test]
    fn it_stays_close_to_the_exact_one() {
        watched("it_stays_close_to_the_exact_one", || {
            TokioCurrentThread::run(|rt| stays_close(rt.clone(), rt.with_fast_clock()));
            SmolOwn::run(|rt| stays_close(rt.clone(), rt.with_fast_clock()));
        });
    }
}

#[test]
fn real_runtimes_share_one_epoch() {
    let (smol, tokio) = TokioMultiThread::run(|rt| async move { (Smol::global().now(), rt.now()) });
    let apart = (smol - tokio).max(tokio - smol);
    assert!(apart < Duration::from_secs(5), "{apart:?} apart");
}

#[test]
fn instants_convert_to_those_of_the_runtime_and_back() {
    TokioCurrentThread::run(|rt| async move {
        let native = tokio::time::Instant::now();
        let ours = Tokio::from_native(native);
        assert_eq!(Tokio::to_native(ours), native);
        assert!(rt.now() >= ours);
        let hour = Duration::from_secs(3_600);
        assert_eq!(Tokio::from_native(native + hour), ours + hour);
        assert_eq!(Smol::to_native(ours), native.into_std());
        assert_eq!(Smol::from_native(native.into_std()), ours);
        assert!(Tokio::to_native(Instant::MAX) > native + hour);
        assert!(Smol::to_native(Instant::MAX) > native.into_std() + hour);
    });
}

#[test]
fn a_static_executor_serves() {
    static EXECUTOR: Executor<'_> = Executor::new();

    watched("a_static_executor_serves", || {
        let rt = Smol::from_static(&EXECUTOR);
        let (held, dropped) = Held::new();
        let task = rt.spawn({
            let rt = rt.clone();
            async move {
                let deadline = rt.now() + Duration::from_millis(2);
                rt.sleep_until(deadline).await;
                assert!(rt.now() >= deadline);
                rt.unblock(|| 3).await.expect("it ends")
            }
        });
        drop(rt.spawn(async move {
            let _held = held;
            pending::<()>().await;
        }));
        // Nobody drives it yet.
        assert!(!task.is_finished() && !dropped());
        let value = smol::block_on(EXECUTOR.run(task));
        assert_eq!(value.expect("it ends"), 3);
        assert!(dropped());
    });
}

/// The `block_on` of both adapters: for mains, examples and tests.
mod block_on_helper {
    use super::*;

    async fn leaves_something_behind<R: Runtime>(rt: R, held: Held) -> (R, u32) {
        let later = rt.clone();
        rt.spawn(async move {
            let _held = held;
            later.sleep(Duration::from_secs(3_600)).await;
        })
        .detach();
        let value = rt.spawn(async { 4 }).await.expect("it ends");
        (rt, value)
    }

    fn is_left_behind<R: Runtime>(rt: R, dropped: impl FnMut() -> bool) {
        // What main left is dropped by the runtime's threads, which end by themselves.
        SmolGlobal::run(|clock| async move {
            eventually(&clock, "what main left is dropped", dropped).await;
        });
        let error = block_on(rt.spawn(async {})).expect_err("it has been shut down");
        assert!(error.is_runtime_gone(), "{error:?}");
    }

    #[test]
    fn of_tokio() {
        watched("block_on_helper::of_tokio", || {
            let (held, dropped) = Held::new();
            let main = mtaio_tokio::block_on(|rt| leaves_something_behind(rt, held));
            let (rt, value) = main.expect("the system has threads");
            assert_eq!(value, 4);
            is_left_behind(rt, dropped);
        });
    }

    #[test]
    fn of_smol() {
        watched("block_on_helper::of_smol", || {
            let (held, dropped) = Held::new();
            let main = mtaio_smol::block_on(|rt| leaves_something_behind(rt, held));
            let (rt, value) = main.expect("the system has threads");
            assert_eq!(value, 4);
            is_left_behind(rt, dropped);
        });
    }

    #[test]
    fn a_panic_of_main_comes_out() {
        watched("block_on_helper::a_panic_of_main_comes_out", || {
            let tokio = thread::spawn(|| {
                mtaio_tokio::block_on(|_| async { panic!("main") }).map(|(): ()| ())
            });
            let smol = thread::spawn(|| {
                mtaio_smol::block_on(|_| async { panic!("main") }).map(|(): ()| ())
            });
            for thread in [tokio, smol] {
                let panic = thread.join().expect_err("it is not swallowed");
                assert_eq!(panic.downcast_ref::<&str>(), Some(&"main"));
            }
        });
    }
}
