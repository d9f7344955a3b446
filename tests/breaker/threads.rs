//! Many threads at one breaker: what the simulator's one thread can't show.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

use mtaio::Runtime;
use mtaio::policy::{BreakerConfig, BreakerState, PolicyEvent};
use mtaio_tokio::Tokio;

use crate::common::{Host, TokioCurrentThread, watched};
use crate::{breaker, call};

const THREADS: u64 = 4;
const NANO: Duration = Duration::from_nanos(1);
const HOUR: Duration = Duration::from_secs(3_600);

/// Runs `body` on each of several threads, which begin together.
fn at_once(body: impl Fn(u64) + Sync) {
    let begin = Barrier::new(THREADS as usize);
    thread::scope(|scope| {
        for thread in 0..THREADS {
            let (begin, body) = (&begin, &body);
            scope.spawn(move || {
                begin.wait();
                body(thread);
            });
        }
    });
}

fn on_a_runtime(name: &'static str, body: impl FnOnce(Tokio) + Send + 'static) {
    watched(name, || TokioCurrentThread::run(async |rt| body(rt)));
}

#[test]
fn what_it_counts_is_what_was_recorded() {
    on_a_runtime("counts", |rt| {
        // A call under way is counted as the one before it at its place. Four threads can so fill a
        // window of 7 with failures, as rare as that is, but not one of 16.
        for window in [16, 64, 1_000] {
            let breaker = breaker(&rt, BreakerConfig::new().window(window).failure_rate(1.0));
            for _ in 0..20 {
                // A third fails; then none, for as long as the window is.
                at_once(|thread| {
                    for number in 0..5_000 {
                        assert!(call(&breaker, (number + thread) % 3 != 0));
                    }
                });
                let stats = breaker.stats();
                assert_eq!((stats.calls, stats.state), (window.into(), BreakerState::Closed));
                let expected = f64::from(window) / 3.0;
                let off = stats.failures as f64 - expected;
                assert!(off.abs() <= expected * 0.5 + 2.0 * THREADS as f64, "{stats:?}");
                // Now one after the other: every place is written, and nothing is left over.
                for _ in 0..window {
                    assert!(call(&breaker, true));
                }
                assert_eq!(breaker.stats().failures, 0);
            }
        }
    });
}

#[test]
fn it_opens_with_the_failure_that_is_one_too_many_and_once() {
    on_a_runtime("opens once", |rt| {
        for _ in 0..300 {
            let opened = std::sync::Arc::new(AtomicU32::new(0));
            let config = BreakerConfig::new().window(100).failure_rate(0.5).open_for(HOUR);
            let counted = std::sync::Arc::clone(&opened);
            let config = config.listener(move |event: &PolicyEvent| {
                if let PolicyEvent::Opened { .. } = event {
                    counted.fetch_add(1, Ordering::SeqCst);
                }
            });
            let breaker = mtaio::policy::CircuitBreaker::with_runtime(&rt, config);
            let breaker = breaker.expect("good settings");
            for _ in 0..100 {
                assert!(call(&breaker, true));
            }
            let failed = AtomicU64::new(0);
            at_once(|_| {
                while call(&breaker, false) {
                    failed.fetch_add(1, Ordering::SeqCst);
                }
            });
            let failed = failed.load(Ordering::SeqCst);
            // Those that had begun when it opened are not in the window any more.
            assert!((50..50 + THREADS).contains(&failed), "{failed}");
            assert_eq!((opened.load(Ordering::SeqCst), breaker.stats().opened), (1, 1));
        }
    });
}

#[test]
fn no_more_probes_than_may_be_and_it_is_never_wedged() {
    on_a_runtime("probes", |rt| {
        const PROBES: u32 = 3;
        for round in 0..200 {
            let config = BreakerConfig::new().window(10).probes(PROBES).failure_rate(1.0);
            let breaker = breaker(&rt, config.open_for(Duration::from_millis(1)));
            crate::open(&breaker);
            while breaker.try_begin().map(drop).is_err() {
                thread::yield_now();
            }
            // Half-open now, and for long enough no place is lent twice.
            let (alive, most) = (AtomicU32::new(0), AtomicU32::new(0));
            let begun = rt.now();
            at_once(|_| {
                for _ in 0..200 {
                    if let Ok(probe) = breaker.try_begin() {
                        most.fetch_max(alive.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                        thread::yield_now();
                        alive.fetch_sub(1, Ordering::SeqCst);
                        drop(probe);
                    }
                }
            });
            if rt.now() - begun < Duration::from_millis(1) {
                assert!(most.load(Ordering::SeqCst) <= PROBES, "round {round}");
            }
            assert_eq!(breaker.state(), BreakerState::HalfOpen);
            assert!(call(&breaker, true));
            assert_eq!(breaker.state(), BreakerState::Closed);
        }
    });
}

/// It opens, tries and closes as quickly as it can, while calls of all ages end: none of an earlier
/// time is ever counted, so after a reset with nobody there it is exact again.
#[test]
fn calls_of_all_ages() {
    on_a_runtime("ages", |rt| {
        for is_timed in [false, true] {
            let config =
                BreakerConfig::new().failure_rate(0.3).min_calls(4).probes(2).open_for(NANO);
            let config = if is_timed { config.time_window(HOUR) } else { config.window(16) };
            let breaker = breaker(&rt, config);
            let is_up = AtomicBool::new(true);
            at_once(|thread| {
                let mut old = Vec::new();
                let mut draw = thread + 1;
                for number in 0..50_000 {
                    draw = draw.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                    if number % 64 == 0 {
                        is_up.store(draw >> 60 & 1 == 0, Ordering::SeqCst);
                    }
                    if let Ok(call) = breaker.try_begin() {
                        old.push(call);
                    }
                    if old.len() > (draw >> 40) as usize % 16 {
                        let old = old.swap_remove((draw >> 33) as usize % old.len());
                        match draw >> 61 {
                            0 => drop(old),
                            _ if is_up.load(Ordering::SeqCst) => old.success(),
                            _ => old.failure(),
                        }
                    }
                    if thread == 0 && number % 1_000 == 0 {
                        breaker.reset();
                    }
                }
            });
            let stats = breaker.stats();
            assert!(stats.opened > 100, "{stats:?}");
            assert!(stats.failures <= stats.calls, "{stats:?}");
            breaker.reset();
            assert_eq!((breaker.stats().calls, breaker.stats().failures), (0, 0));
            for failure in 1..4 {
                assert!(call(&breaker, false));
                assert_eq!((breaker.stats().calls, breaker.stats().failures), (failure, failure));
            }
            assert_eq!(breaker.state(), BreakerState::Closed);
            assert!(call(&breaker, false));
            assert_eq!(breaker.stats().opened, stats.opened + 1);
        }
    });
}
