//! A closed breaker around a call that succeeds at once. None of the windows looks at a clock; that
//! of failsafe does, for it has no other.

use std::convert::Infallible;
use std::future::ready;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::{Duration, Instant};

use failsafe::CircuitBreaker as _;
use mtaio::policy::{BreakerConfig, CircuitBreaker};
use mtaio_runtime::Runtime;
use recloser::{AsyncRecloser, Recloser};

use super::GROUP;
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, Side, Unit, timed, timed_on};
use crate::host::{Host, TokioHost};

const WINDOW: u32 = 100;

pub(super) fn contests(host: &TokioHost) -> [Contest; 4] {
    [ok(host), awaited(host), on_two_threads(host), with_a_clock(host)]
}

type Ours = CircuitBreaker<<TokioHost as Host>::Runtime>;

fn ours(host: &TokioHost, config: BreakerConfig) -> Ours {
    let breaker = CircuitBreaker::with_runtime(&host.adapter(), config);
    breaker.unwrap_or_else(|refused| panic!("{refused}"))
}

fn theirs() -> Recloser {
    Recloser::custom().error_rate(0.5).closed_len(WINDOW as usize).build()
}

fn call<R: Runtime>(breaker: &CircuitBreaker<R>) -> u64 {
    match breaker.try_begin() {
        Ok(call) => {
            let answer = black_box(1);
            call.success();
            answer
        }
        Err(_) => 0,
    }
}

fn their_call(breaker: &Recloser) -> u64 {
    breaker.call(|| Ok::<_, Infallible>(black_box(1))).unwrap_or(0)
}

/// A call in place, on one thread.
fn ok(host: &TokioHost) -> Contest {
    let breaker = ours(host, BreakerConfig::new().window(WINDOW));
    let recloser = Arc::new(theirs());
    let failsafe = failsafe::Config::new().build();
    Contest::new(GROUP, "breaker-ok")
        .ours(timed(move || call(&breaker)))
        .peer("recloser", Wish(Ratio(1.0)), timed(move || their_call(&recloser)))
        .peer(
            "failsafe",
            Wish(Ratio(1.0)),
            timed(move || failsafe.call(|| Ok::<_, Infallible>(black_box(1))).unwrap_or(0)),
        )
}

/// A future that is ready at once.
fn awaited(host: &TokioHost) -> Contest {
    let breaker = ours(host, BreakerConfig::new().window(WINDOW));
    let recloser = AsyncRecloser::from(theirs());
    Contest::new(GROUP, "breaker-ok-awaited")
        .ours(timed_on(host, move |times| {
            let breaker = breaker.clone();
            async move {
                for _ in 0..times {
                    black_box(breaker.run(ready(Ok::<_, Infallible>(black_box(1)))).await?);
                }
                Ok(())
            }
        }))
        .peer(
            "recloser",
            Wish(Ratio(1.0)),
            timed_on(host, move |times| {
                let recloser = recloser.clone();
                async move {
                    for _ in 0..times {
                        let answer = recloser.call(ready(Ok::<_, Infallible>(black_box(1)))).await;
                        black_box(answer.map_err(|_| "the breaker is open")?);
                    }
                    Ok(())
                }
            }),
        )
}

/// Two threads that do nothing else.
fn on_two_threads(host: &TokioHost) -> Contest {
    let breaker = ours(host, BreakerConfig::new().window(WINDOW));
    let recloser = Arc::new(theirs());
    Contest::new(GROUP, "breaker-ok/threads").ours(both(move || call(&breaker))).peer(
        "recloser",
        Wish(Ratio(1.0)),
        both(move || their_call(&recloser)),
    )
}

fn both(call: impl Fn() -> u64 + Clone + Send + 'static) -> Side {
    Side::new(Unit::Nanos, move |times| {
        let begin = Arc::new(Barrier::new(2));
        let other = thread::spawn({
            let (call, begin) = (call.clone(), Arc::clone(&begin));
            move || {
                begin.wait();
                calls(&call, times / 2)
            }
        });
        begin.wait();
        let start = Instant::now();
        calls(&call, times - times / 2)?;
        other.join().map_err(|_| "the other thread panicked")??;
        Ok(start.elapsed().as_nanos() as f64)
    })
}

fn calls(call: impl Fn() -> u64, times: u64) -> Outcome {
    let answers: u64 = (0..times).map(|_| call()).sum();
    if answers == times { Ok(()) } else { Err("the breaker was open".into()) }
}

/// Windows of time, and slow calls: for information.
fn with_a_clock(host: &TokioHost) -> Contest {
    let second = Duration::from_secs(1);
    let timed_window = ours(host, BreakerConfig::new().time_window(second * 10));
    let failsafe = failsafe::Config::new().build();
    Contest::new(GROUP, "breaker-ok/clock").ours(timed(move || call(&timed_window))).peer(
        "failsafe",
        Open,
        timed(move || failsafe.call(|| Ok::<_, Infallible>(black_box(1))).unwrap_or(0)),
    )
}
