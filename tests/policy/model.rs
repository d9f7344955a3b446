//! Policies of random stages around calls with random outcomes, with callers dropped wherever they
//! can be: each call that ends has exactly one outcome, and it is one that its attempts came to;
//! attempts are bounded; nothing runs on, and permits, places and probes are all returned.

use std::sync::{Arc, Mutex};

use mtaio::limit::{AcquireError, ConcurrencyLimiter, Rate, RateLimiter};
use mtaio::policy::{
    Attempt, BoxPolicy, BreakerConfig, CircuitBreaker, Fallback, Hedge, Policy, PolicyError, Retry,
};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::{Census, WORKER, done_or_dropped, ms, survives};

const ATTEMPTS: u32 = 3;
const HEDGES: u32 = 2;
const FALLBACK: u64 = u64::MAX;

/// What all callers share.
#[derive(Clone)]
struct Shared {
    breaker: CircuitBreaker,
    permits: ConcurrencyLimiter,
    rate: RateLimiter,
}

impl Shared {
    fn new(rt: &Sim) -> Self {
        let config = BreakerConfig::new().window(4).min_calls(3).open_for(ms(20)).probes(1);
        Self {
            breaker: CircuitBreaker::new(rt, config).unwrap(),
            permits: ConcurrencyLimiter::new(rt, 2).unwrap().waiting_room(2),
            rate: RateLimiter::new(rt, Rate::per_second(500).unwrap(), 2).unwrap(),
        }
    }
}

/// What a policy may come to.
#[derive(Clone, Copy, Default)]
struct Shape {
    attempts: u32,
    calls: u32,
    times_out: bool,
    limits: bool,
    opens: bool,
    falls_back: bool,
}

fn below(rt: &Sim, n: u64) -> u64 {
    ((u128::from(rt.entropy()) * u128::from(n)) >> 64) as u64
}

/// One of the sensible orders, with each stage in it or not as the seed has it.
fn any_policy(rt: &Sim, shared: &Shared) -> (BoxPolicy<u64, u64>, Shape) {
    let retry = || Retry::constant(ms(2)).max_attempts(ATTEMPTS).build().unwrap();
    let hedge = || Hedge::after(ms(4)).unwrap().at_most(HEDGES).unwrap();
    let Shared { breaker, permits, rate } = shared;
    let new = || Policy::new(rt);
    let one = Shape { attempts: 1, calls: 1, ..Shape::default() };
    let many = Shape { attempts: ATTEMPTS, ..one };
    match below(rt, 8) {
        0 => (
            new()
                .fallback(Fallback::value(FALLBACK))
                .deadline(ms(40))
                .retry(retry())
                .hedge(hedge())
                .breaker(breaker)
                .permit(permits)
                .rate(rate)
                .timeout(ms(9))
                .build()
                .unwrap()
                .boxed(),
            Shape {
                calls: HEDGES,
                falls_back: true,
                times_out: true,
                limits: true,
                opens: true,
                ..many
            },
        ),
        1 => (
            new()
                .deadline(ms(30))
                .retry(retry())
                .permit(permits)
                .breaker(breaker)
                .build()
                .unwrap()
                .boxed(),
            Shape { times_out: true, limits: true, opens: true, ..many },
        ),
        2 => (
            new().permit(permits).rate(rate).retry(retry()).timeout(ms(6)).build().unwrap().boxed(),
            Shape { times_out: true, limits: true, ..many },
        ),
        3 => (
            new()
                .breaker(breaker)
                .timeout(ms(12))
                .permit(permits)
                .timeout(ms(7))
                .build()
                .unwrap()
                .boxed(),
            Shape { times_out: true, limits: true, opens: true, ..one },
        ),
        4 => (
            new()
                .deadline(ms(15))
                .hedge(hedge())
                .rate(rate)
                .permit(permits)
                .build()
                .unwrap()
                .boxed(),
            Shape { calls: HEDGES, times_out: true, limits: true, ..one },
        ),
        5 => (
            new().retry(retry()).hedge(hedge()).build().unwrap().boxed(),
            Shape { calls: HEDGES, ..many },
        ),
        6 => (
            new().fallback(Fallback::last_good()).breaker(breaker).build().unwrap().boxed(),
            Shape { opens: true, falls_back: true, ..one },
        ),
        _ => (new().rate(rate).build().unwrap().boxed(), Shape { limits: true, ..one }),
    }
}

/// One call, and what its attempts came to.
async fn one_call(rt: Sim, policy: BoxPolicy<u64, u64>, shape: Shape, census: Census) {
    let outcomes = Arc::new(Mutex::new(Vec::new()));
    let attempts = Arc::new(Mutex::new(Vec::<u32>::new()));
    let own = Census::default();
    let (clock, log, begun, alive) =
        (rt.clone(), Arc::clone(&outcomes), Arc::clone(&attempts), own.clone());
    let call = async move |attempt: Attempt| {
        let _alive = (census.enter(), alive.enter());
        begun.lock().unwrap().push(attempt.number());
        let number = clock.entropy() >> 1;
        match below(&clock, 4) {
            0 => {}
            1 => clock.yield_now().await,
            _ => clock.sleep(ms(below(&clock, 14))).await,
        }
        let outcome = if number % 3 == 0 { Err(number) } else { Ok(number) };
        log.lock().unwrap().push(outcome);
        outcome
    };
    let answer = policy.run(call).await;

    assert_eq!(own.now(), 0, "an attempt goes on after the answer");
    let (outcomes, attempts) = (outcomes.lock().unwrap(), attempts.lock().unwrap());
    assert!(attempts.len() <= (shape.attempts * shape.calls) as usize, "{attempts:?}");
    assert!(attempts.iter().all(|attempt| (1..=shape.attempts).contains(attempt)), "{attempts:?}");
    if shape.calls == 1 {
        assert!(attempts.is_sorted_by(|one, next| one < next), "{attempts:?}");
    }
    match answer {
        Ok(value) => assert!(
            shape.falls_back || outcomes.contains(&Ok(value)),
            "{value} was nobody's: {outcomes:?}"
        ),
        Err(error) => {
            assert!(error.attempts() <= shape.attempts);
            match error.last() {
                PolicyError::Failed(number) => assert!(outcomes.contains(&Err(*number))),
                PolicyError::Elapsed(_) => assert!(shape.times_out),
                PolicyError::Limited(AcquireError::Elapsed(_)) => assert!(shape.times_out),
                PolicyError::Limited(_) => assert!(shape.limits),
                PolicyError::Open(_) => assert!(shape.opens),
                other => panic!("{other}"),
            }
        }
    }
}

#[test]
fn every_call_has_one_outcome_and_all_that_was_held_is_returned() {
    survives(|rt| async move {
        let shared = Shared::new(&rt);
        let census = Census::default();
        let callers: Vec<_> = (0..5_u64)
            .map(|number| {
                let name = if number < 2 { WORKER } else { "other" };
                let (clock, shared, census) = (rt.clone(), shared.clone(), census.clone());
                rt.spawn_named(name, async move {
                    let (policy, shape) = any_policy(&clock, &shared);
                    for _ in 0..2 {
                        let (clock, policy) = (clock.clone(), policy.clone());
                        one_call(clock, policy, shape, census.clone()).await;
                    }
                })
            })
            .collect();
        for caller in callers {
            done_or_dropped(caller.await);
        }
        assert_eq!(census.now(), 0);
        let permits = shared.permits.stats();
        assert_eq!((permits.in_use, permits.waiting), (0, 0), "{permits:?}");
        assert!(shared.permits.try_acquire_many(2).is_ok());
        assert_eq!(shared.rate.stats().waiting, 0);

        // Whatever the breaker went through, a good call after its time closes it.
        rt.sleep(ms(25)).await;
        let policy = Policy::new(&rt).breaker(&shared.breaker).build().unwrap();
        assert_eq!(policy.run(async |_| Ok::<_, ()>(1)).await, Ok(1));
    });
}
