//! A poll of a future that is pending, and a span from its making to its end. No runtime takes part, so
//! that what is seen is the recording alone.

use std::future::{Future, poll_fn, ready};
use std::hint::black_box;
use std::pin::pin;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use await_tree::{Config, Registry};
use mtaio::monitor::Profiler;
use mtaio_runtime::{DynRuntime, Runtime};
use tokio_metrics::TaskMonitor;

use super::{GROUP, Hosts};
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::{Above, Nanos, Ratio};
use crate::harness::{Aim, Contest, Side, Unit, timed};
use crate::host::Host;

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let rt = hosts.tokio[0].adapter();
    let fast = rt.clone().with_fast_clock();
    vec![
        on("on-fast-clock", &fast, Wish(Nanos(60.0))),
        on("on-std-clock", &rt, Open),
        on("on-erased", &DynRuntime::new(&fast), Open),
        off(&fast),
        span(&fast),
    ]
}

fn on<R: Runtime>(kind: &str, rt: &R, aim: Aim) -> Contest {
    let profiler = Profiler::with_runtime(rt);
    Contest::new(GROUP, format!("profile-poll/{kind}"))
        .ours(polls(move || profiler.span("waits").trace(waits())))
        .peer("tokio-metrics", Wish(Ratio(1.0)), polls(|| TaskMonitor::new().instrument(waits())))
        .peer("await-tree", Open, await_tree_polls())
        .peer("bare", aim, polls(waits))
}

fn off<R: Runtime>(rt: &R) -> Contest {
    let profiler = Profiler::with_runtime(rt);
    profiler.set_on(false);
    Contest::new(GROUP, "profile-poll/off")
        .ours(polls(move || profiler.span("waits").trace(waits())))
        .peer("bare", Wish(Above(1.0)), polls(waits))
}

/// Made, polled once, which is its end, and dropped.
fn span<R: Runtime>(rt: &R) -> Contest {
    let profiler = Profiler::with_runtime(rt);
    let monitor = TaskMonitor::new();
    let tree = Registry::new(Config::default());
    Contest::new(GROUP, "profile-span/fast-clock")
        .ours(timed(move || once(profiler.span("works").trace(ready(black_box(1_u64))))))
        .peer(
            "tokio-metrics",
            Open,
            timed(move || once(monitor.instrument(ready(black_box(1_u64))))),
        )
        .peer(
            "await-tree",
            Open,
            timed(move || {
                let root = tree.register_anonymous("root");
                once(root.instrument(ready(black_box(1_u64))))
            }),
        )
}

/// Pending at each poll. A black box keeps a poll from being left out.
fn waits() -> impl Future<Output = ()> {
    poll_fn(|_| black_box(Poll::Pending))
}

/// Polls a future again and again.
fn polls<F: Future>(make: impl Fn() -> F + 'static) -> Side {
    Side::new(Unit::Nanos, move |times| {
        let mut future = pin!(make());
        let mut cx = Context::from_waker(Waker::noop());
        // The first poll is the beginning of a span.
        let _ = future.as_mut().poll(&mut cx);
        let start = Instant::now();
        for _ in 0..times {
            let _ = black_box(future.as_mut().poll(&mut cx));
        }
        Ok(start.elapsed().as_nanos() as f64)
    })
}

/// A task of await-tree, which is the least that it has.
fn await_tree_polls() -> Side {
    let tree = Registry::new(Config::default());
    polls(move || tree.register_anonymous("root").instrument(waits()))
}

fn once<F: Future<Output = u64>>(future: F) -> u64 {
    let mut future = pin!(future);
    match future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => 0,
    }
}
