//! What a retry costs: no look at the clock, no allocation where the first attempt succeeds.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use allocation_counter::measure;
use mtaio::policy::{Attempt, Retry, RetryBudget};
use mtaio::{DynRuntime, Runtime, RuntimeExt};

use crate::common::{Host, LONG, SmolGlobal, TokioCurrentThread, on_every_runtime};
use crate::ms;
use crate::probe::Probe;

on_every_runtime!(seeds = 3; a_first_attempt_that_succeeds_asks_nothing_of_the_runtime);

async fn a_first_attempt_that_succeeds_asks_nothing_of_the_runtime<R: Runtime>(rt: R) {
    let rt = Probe::new(&rt);
    let budget = RetryBudget::builder(0.1).min_per_second(1).build().expect("good settings");
    let retry = Retry::exponential(ms(1)).max_time(ms(1)).budget(&budget);
    let retry = retry.build().expect("good settings");
    for _ in 0..100 {
        assert_eq!(retry.run(&rt, async |_: Attempt| Ok::<_, ()>(1)).await, Ok(1));
    }
    let asked = rt.counts();
    assert_eq!((asked.now, asked.sleep, asked.entropy, asked.other), (0, 0, 0, 0));

    // And the count can fail.
    let failing = retry.run(&rt, async |_: Attempt| Err::<(), _>(())).await;
    assert!(failing.is_err() && rt.counts().now > 0);
}

/// Allocations of a call whose first attempt succeeds, and of one that is pending, fails, and waits
/// for the second.
fn allocations<R: Runtime>(rt: &R, fails: bool) -> u64 {
    let retry = Retry::constant(LONG).build().expect("good settings");
    let once = || {
        let mut run = pin!(retry.run(rt, async move |_: Attempt| {
            if fails {
                rt.yield_now().await;
                return Err(());
            }
            Ok(1)
        }));
        let mut cx = Context::from_waker(Waker::noop());
        let expected = if fails { Poll::Pending } else { Poll::Ready(Ok(1)) };
        assert!(black_box(run.as_mut()).poll(&mut cx) == expected);
        if fails {
            assert!(black_box(run.as_mut()).poll(&mut cx).is_pending());
        }
    };
    (0..100).map(|_| measure(once).count_total).min().expect("more than none")
}

#[test]
fn it_allocates_nothing() {
    for fails in [false, true] {
        let tokio = TokioCurrentThread::run(async |rt| allocations(&rt, fails));
        let smol = SmolGlobal::run(async |rt| allocations(&rt, fails));
        let erased = SmolGlobal::run(async |rt| allocations(&DynRuntime::new(&rt), fails));
        // An erased runtime's timer is an allocation.
        assert_eq!((tokio, smol, erased), (0, 0, u64::from(fails)), "fails at first: {fails}");
    }
}
