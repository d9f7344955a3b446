//! A whole policy around a call that succeeds at once: retry, breaker, rate, permit, timeout.
//!
//! The peers have less: seatbelt no rate and no permits, tower no breaker (and its rate limit only
//! outside of the retry, since that is not `Clone`). All look at the clock of std, but for ours where
//! it says so.

use std::fmt;
use std::future::{Future, Ready, poll_fn, ready};
use std::hint::black_box;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use layered::{Execute, Service as _, Stack};
use mtaio::limit::{ConcurrencyLimiter, Rate, RateLimiter};
use mtaio::policy::{
    Again, Attempt, BoxPolicy, BreakerConfig, CircuitBreaker, Policy, Retry, Stage,
};
use mtaio_runtime::Runtime;
use seatbelt::breaker::Breaker;
use seatbelt::retry::Retry as TheirRetry;
use seatbelt::timeout::Timeout as TheirTimeout;
use seatbelt::{RecoveryInfo, ResilienceContext};
use tick::Clock;
use tower::{BoxError, Layer, Service, ServiceBuilder, service_fn};

use super::GROUP;
use crate::contests::LONG;
use crate::harness::Aim::{Gate, Open};
use crate::harness::Bound::{Allocations, Nanos};
use crate::harness::{Aim, Contest, Outcome, Side, counted_within, timed_on};
use crate::host::{Host, TokioHost};

/// Never reached: so many a second, and at once.
const MANY: u32 = 1_000_000_000;
const PERMITS: u32 = 1_000;
const ATTEMPTS: u32 = 3;
const FIRST: Duration = Duration::from_millis(100);

/// Any error will do: nothing fails.
type Answer = Result<u64, fmt::Error>;

pub(super) fn contests(host: &TokioHost) -> Vec<Contest> {
    let rt = host.adapter();
    vec![
        timed(host, "policy-ok", Gate(Nanos(130.0)), ours(host, policy(&rt))),
        timed(
            host,
            "policy-ok-fast-clock",
            Open,
            ours(host, policy(&rt.clone().with_fast_clock())),
        ),
        timed(host, "policy-ok-boxed", Open, ours_boxed(host, policy(&rt).boxed())),
        timed(host, "policy-ok-tower", Open, ours_as_a_layer(host)),
        counted(host, "policy-ok-allocs", Gate(Allocations(0.0)), ours_counted(host)),
        counted(host, "policy-ok-boxed-allocs", Open, ours_boxed_counted(host)),
    ]
}

fn timed(host: &TokioHost, name: &str, aim: Aim, ours: Side) -> Contest {
    Contest::new(GROUP, name).ours(ours).peer("seatbelt", aim, seatbelt(host)).peer(
        "tower",
        aim,
        tower(host),
    )
}

fn counted(host: &TokioHost, name: &str, aim: Aim, ours: Side) -> Contest {
    Contest::new(GROUP, name).ours(ours).peer("seatbelt", aim, seatbelt_counted(host)).peer(
        "tower",
        aim,
        tower_counted(host),
    )
}

fn answer() -> Ready<Answer> {
    ready(Ok(black_box(1)))
}

/// What is ready at once.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(answer) => answer,
        Poll::Pending => panic!("it waits"),
    }
}

fn policy<R: Runtime>(
    rt: &R,
) -> Policy<impl Stage<u64, fmt::Error, Calls = Again> + Clone + use<R>> {
    let build = || -> Outcome<_> {
        let breaker = CircuitBreaker::with_runtime(rt, BreakerConfig::new())?;
        let rate = RateLimiter::with_runtime(rt, Rate::per_second(MANY)?, MANY)?;
        let permits = ConcurrencyLimiter::with_runtime(rt, PERMITS)?;
        let retry = Retry::exponential(FIRST).max_attempts(ATTEMPTS).build()?;
        let policy = Policy::with_runtime(rt).retry(retry).breaker(&breaker).rate(&rate);
        Ok(policy.permit(&permits).timeout(LONG).build()?)
    };
    build().unwrap_or_else(|refused| panic!("{refused}"))
}

fn ours<S>(host: &TokioHost, policy: Policy<S>) -> Side
where
    S: Stage<u64, fmt::Error> + Clone + 'static,
{
    timed_on(host, move |times| {
        let policy = policy.clone();
        async move {
            for _ in 0..times {
                black_box(policy.run(|_: Attempt| answer()).await?);
            }
            Ok(())
        }
    })
}

fn ours_counted(host: &TokioHost) -> Side {
    let policy = policy(&host.adapter());
    counted_within(host, move || at_once(policy.run(|_: Attempt| answer())))
}

fn ours_boxed(host: &TokioHost, policy: BoxPolicy<u64, fmt::Error>) -> Side {
    timed_on(host, move |times| {
        let policy = policy.clone();
        async move {
            for _ in 0..times {
                black_box(policy.run(|_: Attempt| answer()).await?);
            }
            Ok(())
        }
    })
}

fn ours_boxed_counted(host: &TokioHost) -> Side {
    let policy = policy(&host.adapter()).boxed::<u64, fmt::Error>();
    counted_within(host, move || at_once(policy.run(|_: Attempt| answer())))
}

fn ours_as_a_layer(host: &TokioHost) -> Side {
    let layer = policy(&host.adapter()).layer();
    timed_on(host, move |times| {
        let layer = layer.clone();
        async move {
            let mut service = layer.layer(service_fn(|()| answer()));
            for _ in 0..times {
                poll_fn(|cx| service.poll_ready(cx)).await?;
                black_box(service.call(()).await?);
            }
            Ok(())
        }
    })
}

/// Its retry, breaker and timeout.
fn their_pipeline() -> impl layered::Service<(), Out = Answer> {
    let context = ResilienceContext::new(Clock::new_tokio());
    let verdict = |answer: &Answer| match answer {
        Ok(_) => RecoveryInfo::never(),
        Err(_) => RecoveryInfo::retry(),
    };
    let stack = (
        TheirRetry::layer("retry", &context)
            .clone_input()
            .max_retry_attempts(ATTEMPTS - 1)
            .base_delay(FIRST)
            .recovery_with(move |answer, _args| verdict(answer)),
        Breaker::layer("breaker", &context)
            .recovery_with(move |answer, _args| verdict(answer))
            .rejected_input_error(|(), _args| fmt::Error),
        TheirTimeout::layer("timeout", &context).timeout(LONG).timeout_error(|_args| fmt::Error),
        Execute::new(|()| answer()),
    );
    stack.into_service()
}

fn seatbelt(host: &TokioHost) -> Side {
    timed_on(host, |times| async move {
        let service = their_pipeline();
        for _ in 0..times {
            black_box(service.execute(()).await?);
        }
        Ok(())
    })
}

fn seatbelt_counted(host: &TokioHost) -> Side {
    let made = host.drive(async { their_pipeline() });
    let service = Arc::new(made.unwrap_or_else(|error| panic!("{error}")));
    counted_within(host, move || at_once(service.execute(())))
}

/// Tries again what fails, at once: it has no failure to wait after.
#[derive(Clone)]
struct Again3(u32);

impl tower::retry::Policy<(), u64, BoxError> for Again3 {
    type Future = Ready<()>;

    fn retry(&mut self, _: &mut (), answer: &mut Result<u64, BoxError>) -> Option<Ready<()>> {
        if answer.is_ok() || self.0 == 1 {
            return None;
        }
        self.0 -= 1;
        Some(ready(()))
    }

    fn clone_request(&mut self, (): &()) -> Option<()> {
        Some(())
    }
}

/// Its rate limit, retry, concurrency limit and timeout.
fn their_stack() -> impl Service<(), Response = u64, Error = BoxError, Future: Send> + Send {
    ServiceBuilder::new()
        .rate_limit(MANY.into(), Duration::from_secs(1))
        .retry(Again3(ATTEMPTS))
        .concurrency_limit(PERMITS as usize)
        .timeout(LONG)
        .service(service_fn(|()| answer()))
}

fn tower(host: &TokioHost) -> Side {
    timed_on(host, |times| async move {
        let mut service = their_stack();
        for _ in 0..times {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            black_box(service.call(()).await?);
        }
        Ok(())
    })
}

fn tower_counted(host: &TokioHost) -> Side {
    let made = host.drive(async { their_stack() }).unwrap_or_else(|error| panic!("{error}"));
    let service = Arc::new(Mutex::new(made));
    counted_within(host, move || {
        let mut service = service.lock().unwrap_or_else(PoisonError::into_inner);
        at_once(async {
            poll_fn(|cx| service.poll_ready(cx)).await?;
            service.call(()).await
        })
    })
}
