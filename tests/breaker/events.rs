//! What is heard of a breaker.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use mtaio::policy::{BreakerConfig, BreakerState, CircuitBreaker, PolicyEvent};
use mtaio::{DynRuntime, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::on_every_runtime;
use crate::{SECOND, SMALL, call, ms, open};

on_every_runtime!(seeds = 10; who_listens_hears_each_change_of_its_state);

type Heard = Arc<Mutex<Vec<PolicyEvent>>>;

fn listened<R: Runtime>(rt: &R, config: BreakerConfig) -> (CircuitBreaker, Heard) {
    let heard = Heard::default();
    let config = config.listener({
        let heard = Arc::clone(&heard);
        move |event: &PolicyEvent| heard.lock().unwrap_or_else(PoisonError::into_inner).push(*event)
    });
    (CircuitBreaker::new(rt, config).expect("good settings"), heard)
}

fn take(heard: &Heard) -> Vec<PolicyEvent> {
    std::mem::take(&mut *heard.lock().unwrap_or_else(PoisonError::into_inner))
}

async fn who_listens_hears_each_change_of_its_state<R: Runtime>(rt: R) {
    use PolicyEvent::{Closed, HalfOpen, Limited, Opened};

    let (breaker, heard) = listened(&rt, SMALL.open_for(ms(20)));
    assert!(call(&breaker, true));
    assert_eq!(take(&heard), []);
    open(&breaker);
    let opened = Opened { open_for: Some(ms(20)) };
    assert_eq!(take(&heard), [opened]);
    breaker.force_open();
    assert!(!call(&breaker, true));
    assert_eq!(take(&heard), [Opened { open_for: None }, Limited]);
    breaker.reset();
    open(&breaker);
    rt.sleep(ms(20)).await;
    assert!(call(&breaker, false));
    rt.sleep(ms(20)).await;
    assert!(call(&breaker, true));
    assert_eq!(take(&heard), [Closed, opened, HalfOpen, opened, HalfOpen, Closed]);
    breaker.force_closed();
    assert_eq!(take(&heard), [Closed]);
}

/// It is called without any lock: whatever it does with the breaker, nobody waits for ever.
#[test]
fn who_listens_may_call_back_and_panic() {
    Sim::run(0, |rt| async move {
        let own = Arc::new(OnceLock::<CircuitBreaker<DynRuntime>>::new());
        let config = SMALL.listener({
            let own = Arc::clone(&own);
            move |event: &PolicyEvent| {
                let breaker = own.get().expect("it is there");
                let state = breaker.stats().state;
                match event {
                    PolicyEvent::Opened { .. } => assert!(breaker.try_begin().is_err()),
                    PolicyEvent::HalfOpen => assert_eq!(state, BreakerState::HalfOpen),
                    PolicyEvent::Closed => drop(breaker.try_begin()),
                    _ => {}
                }
                panic!("on purpose, at {event:?}");
            }
        });
        let breaker = own.get_or_init(|| CircuitBreaker::new(&rt, config).expect("good settings"));
        for _ in 0..3 {
            open(breaker);
            assert!(!call(breaker, true));
            rt.sleep(SECOND).await;
            assert!(call(breaker, true));
            breaker.reset();
        }
    });
}
