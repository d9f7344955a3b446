//! What a timeout allocates. Only the calling thread's allocations are counted.

use std::future::{Future, pending};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Waker};

use allocation_counter::measure;
use mtaio::time::timeout;
use mtaio::{DynRuntime, Runtime};

use crate::HOUR;
use crate::common::{Host, Sim, SmolGlobal, SmolOwn, TokioCurrentThread, TokioMultiThread};

/// Allocations of a timeout that is made, polled in vain and dropped, on `rt`.
///
/// Timers share a queue with those of other threads, and now and then it falls to one of them to
/// sort it: the least of many is what a timeout itself allocates.
fn allocations<R: Runtime>(rt: &R) -> u64 {
    let once = || {
        let mut late = pin!(timeout(rt, HOUR, pending::<()>()));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(black_box(late.as_mut()).poll(&mut cx).is_pending());
    };
    (0..100).map(|_| measure(once).count_total).min().expect("more than none")
}

fn static_and_erased<H: Host>() -> (u64, u64) {
    H::run(async |rt| (allocations(&rt), allocations(&DynRuntime::new(&rt))))
}

#[test]
fn a_static_timeout_allocates_nothing_and_an_erased_one_its_timer() {
    assert_eq!(static_and_erased::<TokioCurrentThread>(), (0, 1), "tokio, one thread");
    assert_eq!(static_and_erased::<TokioMultiThread>(), (0, 1), "tokio, many threads");
    assert_eq!(static_and_erased::<SmolGlobal>(), (0, 1), "smol, global");
    assert_eq!(static_and_erased::<SmolOwn>(), (0, 1), "smol, own");
}

/// The count can fail: what does allocate is seen.
#[test]
fn allocations_are_counted() {
    let (sim, erased) = static_and_erased::<Sim>();
    assert!(erased > sim, "{erased} and {sim}");
    assert_eq!(measure(|| drop(black_box(Box::new(1)))).count_total, 1);
}
