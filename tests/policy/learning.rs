//! What limiters and breakers are told of a call.

use std::future::{Future, pending, ready};
use std::sync::{Arc, Mutex};

use mtaio::RuntimeExt;
use mtaio::limit::{
    AcquireError, ConcurrencyLimiter, Limiter, Outcome, TryAcquireError, WeightError,
};
use mtaio::policy::{Attempt, BreakerConfig, CircuitBreaker, Limit, Policy, Retry};
use mtaio::time::Deadline;
use mtaio_sim::Sim;

use crate::common::{LONG, ms};

/// Admits everything up to a weight of 3, and writes down what it is told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<Entry>>>);

#[derive(Clone, Copy, Debug, PartialEq)]
enum Entry {
    Completed(Outcome),
    Refunded(u32),
    Dropped,
}

struct Held(Option<Told>);

impl Told {
    fn write(&self, entry: Entry) {
        self.0.lock().unwrap().push(entry);
    }

    fn take(&self) -> Vec<Entry> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if let Some(told) = self.0.take() {
            told.write(Dropped);
        }
    }
}

impl Limiter for Told {
    type Permit<'a> = Held;

    fn try_acquire_many(&self, weight: u32) -> Result<Held, TryAcquireError> {
        WeightError::check(weight, 3)?;
        Ok(Held(Some(self.clone())))
    }

    fn acquire_many(&self, weight: u32) -> impl Future<Output = Result<Held, AcquireError>> + Send {
        let held = Held(Some(self.clone()));
        ready(WeightError::check(weight, 3).map(|()| held).map_err(AcquireError::from))
    }

    fn refund(&self, mut permit: Held, weight: u32) {
        permit.0.take();
        self.write(Refunded(weight));
    }

    fn complete(&self, mut permit: Held, outcome: Outcome) {
        permit.0.take();
        self.write(Completed(outcome));
    }
}

use Entry::{Completed, Dropped, Refunded};

#[test]
fn a_limiter_hears_how_each_attempt_went() {
    Sim::run(0, async |rt| {
        let told = Told::default();
        let limit = Limit::new(&told).learning(|status: &u16| match status {
            503 => Outcome::Overload,
            _ => Outcome::Ignore,
        });
        let retry = Retry::constant(ms(1)).max_attempts(4).build().unwrap();
        let policy = Policy::new(&rt).retry(retry).limit(limit).timeout(ms(5)).build().unwrap();
        let answer = policy.run(async |attempt: Attempt| match attempt.number() {
            1 => Err(503),
            2 => Err(404),
            3 => pending().await,
            _ => Ok(()),
        });
        assert_eq!(answer.await, Ok(()));
        let outcomes = [Outcome::Overload, Outcome::Ignore, Outcome::Overload, Outcome::Success];
        assert_eq!(told.take(), outcomes.map(Completed));
    });
}

#[test]
fn unless_said_nothing_is_known_of_an_error() {
    Sim::run(0, async |rt| {
        let told = Told::default();
        let policy = Policy::new(&rt).permit(&told).build().unwrap();
        assert!(policy.run(async |_| Err::<(), _>("busy")).await.is_err());
        assert_eq!(told.take(), [Completed(Outcome::Ignore)]);
    });
}

#[test]
fn what_is_not_called_is_given_back_with_its_weight() {
    Sim::run(0, async |rt| {
        let told = Told::default();
        let permits = ConcurrencyLimiter::new(&rt, 1).unwrap().waiting_room(0);
        let limit = Limit::new(&told).weight(2);
        let policy = Policy::new(&rt).limit(limit).permit(&permits).build().unwrap();
        let held = permits.try_acquire().unwrap();
        assert!(policy.run(async |_| Ok::<_, ()>(())).await.is_err());
        assert_eq!(told.take(), [Refunded(2)]);
        drop(held);
        assert!(policy.run(async |_| Ok::<_, ()>(())).await.is_ok());
        assert_eq!(told.take(), [Completed(Outcome::Success)]);

        let heavy = Policy::new(&rt).limit(Limit::new(&told).weight(4)).build().unwrap();
        assert!(heavy.run(async |_| Ok::<_, ()>(())).await.unwrap_err().is_refused());
    });
}

/// A caller who gives up, or whose own deadline ends, says nothing of who was called.
#[test]
fn a_callers_own_deadline_tells_of_the_caller() {
    Sim::run(0, async |rt| {
        let told = Told::default();
        let breaker = CircuitBreaker::new(&rt, BreakerConfig::new()).unwrap();
        let policy =
            Policy::new(&rt).breaker(&breaker).permit(&told).timeout(LONG).build().unwrap();
        for _ in 0..2 {
            let call = policy.run(async |_| pending::<Result<(), ()>>().await);
            let late = Deadline::after(&rt, ms(5)).run(&rt, call).await;
            assert!(late.is_err() || late.is_ok_and(|answer| answer.is_err()));
        }
        assert_eq!(breaker.stats().calls, 0);
        let entries = told.take();
        assert!(entries.iter().all(|entry| matches!(entry, Completed(Outcome::Ignore) | Dropped)));
        assert_eq!(entries.len(), 2);

        let dropped = rt.spawn({
            let policy = policy.clone();
            async move { policy.run(async |_| pending::<Result<(), ()>>().await).await }
        });
        rt.run_until_stalled().await;
        drop(dropped);
        rt.run_until_stalled().await;
        assert_eq!((told.take(), breaker.stats().calls), (vec![Dropped], 0));

        // But what a stage inside gave up is a failure.
        let short =
            Policy::new(&rt).breaker(&breaker).permit(&told).timeout(ms(5)).build().unwrap();
        assert!(short.run(async |_| pending::<Result<(), ()>>().await).await.is_err());
        assert_eq!(told.take(), [Completed(Outcome::Overload)]);
        assert_eq!((breaker.stats().calls, breaker.stats().failures), (1, 1));
    });
}
