//! What a breaker costs: while it is closed, no look at the clock and no allocation.

use allocation_counter::measure;
use futures_util::FutureExt;
use mtaio::Runtime;
use mtaio::policy::BreakerConfig;

use crate::common::{Host, SmolGlobal, TokioCurrentThread, on_every_runtime};
use crate::probe::Probe;
use crate::{SECOND, breaker, call};

on_every_runtime!(seeds = 3; the_clock_is_looked_at_only_for_what_is_told_in_time);

async fn the_clock_is_looked_at_only_for_what_is_told_in_time<R: Runtime>(rt: R) {
    let looks = |config: BreakerConfig| {
        let rt = Probe::new(&rt);
        let breaker = breaker(&rt, config);
        for _ in 0..100 {
            assert!(call(&breaker, true));
        }
        assert!(call(&breaker, false));
        let asked = rt.counts();
        assert_eq!((asked.sleep, asked.entropy, asked.other), (0, 0, 0));
        asked.now
    };
    assert_eq!(looks(BreakerConfig::new()), 0);
    assert_eq!(looks(BreakerConfig::new().time_window(SECOND)), 101);
    assert_eq!(looks(BreakerConfig::new().slow_calls(SECOND, 0.5)), 202);
}

#[test]
fn it_allocates_nothing() {
    async fn allocations<R: Runtime>(rt: R) -> u64 {
        let breaker = breaker(&rt, BreakerConfig::new().window(10));
        let once = || {
            assert!(call(&breaker, true));
            assert!(breaker.run(async { Ok::<_, ()>(1) }).now_or_never().is_some());
            assert!(call(&breaker, false));
        };
        (0..100).map(|_| measure(once).count_total).min().expect("more than none")
    }
    assert_eq!(TokioCurrentThread::run(allocations), 0);
    assert_eq!(SmolGlobal::run(allocations), 0);
    assert_eq!(measure(|| drop(std::hint::black_box(Box::new(1)))).count_total, 1);
}
