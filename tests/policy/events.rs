//! What who listens to a policy hears.

use std::sync::{Arc, Mutex};

use mtaio::RuntimeExt;
use mtaio::limit::ConcurrencyLimiter;
use mtaio::policy::{Attempt, GaveUp, Policy, PolicyEvent, Retry};
use mtaio_sim::Sim;

use crate::common::ms;

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<PolicyEvent>>>);

impl Heard {
    fn listener(&self) -> impl Fn(&PolicyEvent) + Send + Sync + Clone + use<> {
        let heard = Arc::clone(&self.0);
        move |event: &PolicyEvent| heard.lock().unwrap().push(*event)
    }

    fn take(&self) -> Vec<PolicyEvent> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

fn second_attempt(events: &[PolicyEvent]) -> Attempt {
    let mut attempts = events.iter().filter_map(|event| match event {
        PolicyEvent::Attempt(attempt) if !attempt.is_first() => Some(*attempt),
        _ => None,
    });
    attempts.next_back().unwrap()
}

#[test]
fn each_stage_is_heard_and_the_retrys_own_listener_too() {
    Sim::run(0, async |rt| {
        let (all, own) = (Heard::default(), Heard::default());
        let permits = ConcurrencyLimiter::new(&rt, 1).unwrap().waiting_room(0);
        let retry = Retry::constant(ms(10)).max_attempts(2).listener(own.listener());
        let policy = Policy::new(&rt)
            .listener(all.listener())
            .retry(retry.build().unwrap())
            .permit(&permits)
            .timeout(ms(5))
            .build()
            .unwrap();

        let clock = rt.clone();
        let late = policy.run(async move |_| {
            clock.sleep(ms(60)).await;
            Ok::<_, String>(())
        });
        assert_eq!(late.await.unwrap_err().attempts(), 2);
        let heard = all.take();
        let (first, second) = (Attempt::FIRST, second_attempt(&heard));
        let timed_out = PolicyEvent::TimedOut { limit: ms(5) };
        let expected = [
            PolicyEvent::Attempt(first),
            timed_out,
            PolicyEvent::Retry { attempt: first, delay: ms(10) },
            PolicyEvent::Attempt(second),
            timed_out,
            PolicyEvent::GaveUp { attempt: second, reason: GaveUp::Attempts },
        ];
        assert_eq!(heard, expected);
        let of_retry: Vec<_> = expected.into_iter().filter(|event| *event != timed_out).collect();
        assert_eq!(own.take(), of_retry);

        let _held = permits.try_acquire().unwrap();
        assert!(policy.run(async |_| Ok::<_, String>(())).await.unwrap_err().is_refused());
        let limited = all.take().into_iter().filter(|event| *event == PolicyEvent::Limited);
        assert_eq!(limited.count(), 2);
    });
}

/// A listener that panics costs its own call of it: neither the policy's nor the other's.
#[test]
fn a_listener_that_panics_is_heard_of_nowhere() {
    Sim::run(0, async |rt| {
        let own = Heard::default();
        let retry = Retry::constant(ms(1)).listener(own.listener()).build().unwrap();
        let policy = Policy::new(&rt)
            .listener(|_: &PolicyEvent| panic!("on purpose"))
            .retry(retry)
            .build()
            .unwrap();
        assert_eq!(policy.run(async |_| Ok::<_, String>(1)).await, Ok(1));
        assert_eq!(own.take(), [PolicyEvent::Attempt(Attempt::FIRST)]);
    });
}
