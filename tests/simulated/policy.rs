//! A breaker and a retry around it: never more probes than may be, no place lost, and when whoever
//! is called is up again it closes, whoever was dropped on the way.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use mtaio::policy::{
    Attempt, BreakerConfig, BreakerError, BreakerState, CircuitBreaker, GaveUp, PolicyEvent, Retry,
    RetryBudget,
};
use mtaio::time::timeout;
use mtaio::{Runtime, RuntimeExt};

use crate::common::{Census, WORKER, done_or_dropped, ms, survives};

const PROBES: u32 = 2;

fn config() -> BreakerConfig {
    BreakerConfig::new().window(4).min_calls(2).open_for(ms(1_000)).probes(PROBES)
}

#[test]
fn probes_are_so_many_and_never_lost() {
    survives(|rt| async move {
        let breaker = CircuitBreaker::with_runtime(&rt, config()).expect("good settings");
        for _ in 0..2 {
            breaker.try_begin().expect("it is closed").failure();
        }
        rt.sleep(ms(1_000)).await;
        let census = Census::default();
        let workers: Vec<_> = (0..5_u64)
            .map(|number| {
                let (inner, breaker, census) = (rt.clone(), breaker.clone(), census.clone());
                rt.spawn_named(WORKER, async move {
                    inner.sleep(ms(number % 3)).await;
                    let call = breaker.run(async {
                        let _alive =
                            (breaker.state() == BreakerState::HalfOpen).then(|| census.enter());
                        inner.yield_now().await;
                        inner.sleep(ms(2)).await;
                        Ok::<_, ()>(number)
                    });
                    // Some give up before it is done.
                    match timeout(&inner, ms(1 + number), call).await {
                        Ok(Ok(answer)) => assert_eq!(answer, number),
                        Ok(Err(error)) => assert!(error.is_open()),
                        Err(_) => {}
                    }
                })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        assert!(census.most() <= PROBES as usize, "{} probes", census.most());
        assert_eq!(census.now(), 0);
        // All places are there, or it has closed: nothing has failed.
        while breaker.state() != BreakerState::Closed {
            breaker.try_begin().expect("there is a place").success();
        }
        let stats = breaker.stats();
        assert_eq!((stats.opened, stats.failures), (1, 0));
    });
}

/// What is heard, in the order of the states: closed, open, half-open, and back.
#[derive(Default)]
struct Heard(Mutex<Vec<PolicyEvent>>);

impl Heard {
    fn check(&self) {
        let heard = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut is_half_open = false;
        for event in heard.iter() {
            match event {
                PolicyEvent::HalfOpen => assert!(!is_half_open, "{heard:?}"),
                PolicyEvent::Closed => assert!(is_half_open, "{heard:?}"),
                PolicyEvent::Opened { .. } => {}
                other => panic!("{other:?}"),
            }
            is_half_open = *event == PolicyEvent::HalfOpen;
        }
    }
}

#[test]
fn it_closes_when_they_are_up_again() {
    survives(|rt| async move {
        let heard = Arc::new(Heard::default());
        let listener = Arc::clone(&heard);
        let config = config().open_for(ms(20)).listener(move |event: &PolicyEvent| {
            if !matches!(event, PolicyEvent::Limited) {
                listener.0.lock().unwrap_or_else(PoisonError::into_inner).push(*event);
            }
        });
        let breaker = CircuitBreaker::with_runtime(&rt, config).expect("good settings");
        let is_up = Arc::new(AtomicBool::new(false));
        let budget = RetryBudget::builder(2.0).build().expect("good settings");
        let workers: Vec<_> = (0..4_u64)
            .map(|number| {
                let (inner, breaker, is_up) = (rt.clone(), breaker.clone(), Arc::clone(&is_up));
                let budget = budget.clone();
                rt.spawn_named(WORKER, async move {
                    let retry = Retry::constant(ms(7)).max_attempts(4).budget(&budget);
                    let retry = retry.build().expect("good settings");
                    let begun = inner.now();
                    let answer = retry.run(&inner, async |_: Attempt| {
                        let call = async {
                            inner.sleep(ms(number)).await;
                            if is_up.load(Ordering::SeqCst) { Ok(number) } else { Err("down") }
                        };
                        breaker.run(call).await
                    });
                    match answer.await {
                        Ok(answer) => assert_eq!(answer, number),
                        Err(error) => {
                            assert!(matches!(error.reason, GaveUp::Attempts | GaveUp::Budget));
                            assert!(error.attempts <= 4);
                            let waited = ms(7) * (error.attempts - 1);
                            assert!(error.elapsed >= waited, "{error}");
                            assert!(error.elapsed <= inner.now() - begun, "{error}");
                        }
                    }
                })
            })
            .collect();
        let rescuer = rt.spawn({
            let (rt, is_up) = (rt.clone(), Arc::clone(&is_up));
            async move {
                rt.sleep(ms(10)).await;
                is_up.store(true, Ordering::SeqCst);
            }
        });
        for worker in workers {
            done_or_dropped(worker.await);
        }
        rescuer.await.expect("it ends");
        let stats = budget.stats();
        assert!(stats.granted + stats.saved <= 8, "{stats:?}");
        heard.check();

        // From now on every call succeeds: after at most two rounds of waiting it is closed.
        let mut rounds = 0;
        while breaker.state() != BreakerState::Closed {
            match breaker.run(async { Ok::<_, ()>(()) }).await {
                Ok(()) => {}
                Err(BreakerError::Failed(())) => unreachable!("it succeeds"),
                Err(_) => {
                    rounds += 1;
                    assert!(rounds <= 2, "it is wedged: {:?}", breaker.stats());
                    rt.sleep(ms(20)).await;
                }
            }
        }
        heard.check();
    });
}
