//! Policies as layers of tower.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio::limit::ConcurrencyLimiter;
use mtaio::policy::{
    BreakerConfig, BreakerState, CircuitBreaker, Fallback, Hedge, Limit, Policy, PolicyError,
    Retry, tower,
};
use mtaio::time::Deadline;
use mtaio::{DynRuntime, Runtime, RuntimeExt};
use tower_layer::Layer;
use tower_service::Service;

use crate::Count;
use crate::common::{LONG, ms, on_every_runtime};

/// Answers what is asked of it; a request says how long that takes, and whether it fails the first
/// time. It insists on having been ready, each clone for itself, and counts the places that it keeps
/// for those who are.
#[derive(Debug)]
struct Strict {
    rt: DynRuntime,
    is_ready: bool,
    asked: bool,
    calls: Count,
    ready: Count,
}

#[derive(Clone, Debug)]
struct Request {
    value: u32,
    failures: u32,
    millis: u64,
}

/// What can't be sent twice.
#[derive(Debug)]
struct Stream(Request);

impl Strict {
    fn new<R: Runtime>(rt: &R) -> Self {
        let (calls, ready) = (Count::default(), Count::default());
        Self { rt: DynRuntime::new(rt), is_ready: false, asked: false, calls, ready }
    }
}

impl Clone for Strict {
    fn clone(&self) -> Self {
        let (calls, ready) = (self.calls.clone(), self.ready.clone());
        Self { rt: self.rt.clone(), is_ready: false, asked: false, calls, ready }
    }
}

type Answer = Pin<Box<dyn Future<Output = Result<u32, String>> + Send>>;

impl Service<Request> for Strict {
    type Response = u32;
    type Error = String;
    type Future = Answer;

    /// Is ready when it is asked the second time.
    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        if !std::mem::replace(&mut self.asked, true) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        if !std::mem::replace(&mut self.is_ready, true) {
            self.ready.up();
        }
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Answer {
        assert!(std::mem::take(&mut self.is_ready), "it was not ready");
        self.asked = false;
        let (rt, call) = (self.rt.clone(), self.calls.up());
        Box::pin(async move {
            rt.sleep(ms(request.millis)).await;
            assert_eq!(Deadline::current().is_some(), request.value == 77);
            if call <= request.failures { Err(format!("call {call}")) } else { Ok(request.value) }
        })
    }
}

impl Service<Stream> for Strict {
    type Response = u32;
    type Error = String;
    type Future = Answer;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), String>> {
        Service::<Request>::poll_ready(self, cx)
    }

    fn call(&mut self, Stream(request): Stream) -> Answer {
        Service::<Request>::call(self, request)
    }
}

async fn ask<S: Service<Q>, Q>(service: &mut S, request: Q) -> Result<S::Response, S::Error> {
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(request).await
}

fn request(value: u32) -> Request {
    Request { value, failures: 0, millis: 0 }
}

async fn each_attempt_is_of_a_ready_service<R: Runtime>(rt: R) {
    let retry = Retry::constant(ms(1)).max_attempts(3).build().unwrap();
    let policy = Policy::new(&rt).retry(retry).timeout(LONG).build().unwrap();
    let inner = Strict::new(&rt);
    let (calls, ready) = (inner.calls.clone(), inner.ready.clone());
    let mut service = policy.layer().layer(inner);
    let flaky = Request { failures: 2, ..request(1) };
    assert_eq!(ask(&mut service, flaky).await, Ok(1));
    assert_eq!((calls.get(), ready.get()), (3, 3), "as many were ready as were called");
    assert_eq!(ask(&mut service.clone(), request(2)).await, Ok(2));

    let failing = Request { failures: 99, ..request(3) };
    let error = ask(&mut service, failing).await.unwrap_err();
    assert_eq!((error.attempts(), error.failed()), (3, Some(&"call 7".to_owned())));
}

async fn what_can_not_be_cloned_passes_where_nothing_calls_again<R: Runtime>(rt: R) {
    let breaker = CircuitBreaker::new(&rt, BreakerConfig::new()).unwrap();
    let permits = ConcurrencyLimiter::new(&rt, 1).unwrap();
    let policy = Policy::new(&rt).breaker(&breaker).permit(&permits).timeout(LONG).build().unwrap();
    let mut service = policy.layer().layer(Strict::new(&rt));
    assert_eq!(ask(&mut service, Stream(request(1))).await, Ok(1));
    assert_eq!((breaker.stats().calls, permits.stats().in_use), (1, 0));
}

async fn its_future_is_one_of_its_own<R: Runtime>(rt: R) {
    let permits = ConcurrencyLimiter::new(&rt, 2).unwrap();
    let policy = Policy::new(&rt).permit(&permits).build().unwrap();
    let mut service = policy.layer().layer(Strict::new(&rt));
    let mut tasks = Vec::new();
    for value in 0..6 {
        poll_fn(|cx| Service::<Request>::poll_ready(&mut service, cx)).await.unwrap();
        tasks.push(rt.spawn(service.call(Request { millis: 1, ..request(value) })));
    }
    drop(service);
    for (value, task) in (0..).zip(tasks) {
        assert_eq!(task.await.unwrap(), Ok(value));
    }
    assert_eq!(permits.stats().in_use, 0);
}

async fn parts_are_layers<R: Runtime>(rt: R) {
    let slow = Request { millis: 60_000, ..request(1) };
    let mut service = tower::timeout(&rt, ms(5)).unwrap().layer(Strict::new(&rt));
    let late = ask(&mut service, slow.clone()).await.unwrap_err();
    assert_eq!(late.elapsed().map(|elapsed| elapsed.limit()), Some(ms(5)));
    assert!(tower::timeout(&rt, ms(0)).is_err());

    let mut service = tower::deadline(&rt, LONG).unwrap().layer(Strict::new(&rt));
    assert_eq!(ask(&mut service, request(77)).await, Ok(77));

    let retry = Retry::constant(ms(1)).build().unwrap();
    let mut service = tower::retry(&rt, retry).layer(Strict::new(&rt));
    assert_eq!(ask(&mut service, Request { failures: 1, ..request(2) }).await, Ok(2));

    let config = BreakerConfig::new().window(1).min_calls(1).open_for(LONG);
    let breaker = CircuitBreaker::new(&rt, config).unwrap();
    let inner = Strict::new(&rt);
    let calls = inner.calls.clone();
    let mut service = tower::breaker(&breaker).layer(inner);
    assert!(ask(&mut service, Request { failures: 1, ..request(3) }).await.is_err());
    assert_eq!(breaker.state(), BreakerState::Open);
    let refused = ask(&mut service, request(3)).await;
    assert!(matches!(refused, Err(PolicyError::Open(_))), "{refused:?}");
    assert_eq!(calls.get(), 1);

    let permits = ConcurrencyLimiter::new(&rt, 4).unwrap();
    let limit = tower::limit(Limit::new(&permits).weight(4)).unwrap();
    assert_eq!(ask(&mut limit.layer(Strict::new(&rt)), request(4)).await, Ok(4));
    assert!(tower::limit(Limit::new(&permits).weight(0)).is_err());

    let mut service = tower::fallback(Fallback::value(9)).layer(Strict::new(&rt));
    assert_eq!(ask(&mut service, Request { failures: 1, ..request(5) }).await, Ok(9));

    let inner = Strict::new(&rt);
    let calls = inner.calls.clone();
    let mut service = tower::hedge(&rt, Hedge::after(ms(2)).unwrap()).layer(inner);
    assert_eq!(ask(&mut service, Request { millis: 30, ..request(6) }).await, Ok(6));
    assert_eq!(calls.get(), 2);
}

on_every_runtime!(
    seeds = 10;
    each_attempt_is_of_a_ready_service,
    what_can_not_be_cloned_passes_where_nothing_calls_again,
    its_future_is_one_of_its_own,
    parts_are_layers,
);
