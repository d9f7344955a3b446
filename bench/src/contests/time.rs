//! Timeouts, and deadlines in each other.

use std::future::{Future, Ready, ready};
use std::hint::black_box;
use std::time::Duration;

use mtaio::time::{Deadline, timeout};
use mtaio_runtime::{DynRuntime, Runtime};

use super::futures::YieldOnce;
use super::{Hosts, LONG};
use crate::harness::Aim::{Gate, Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Aim, Bound, Contest, Side, timed_on};
use crate::host::{Host, TokioHost};

const GROUP: &str = "time";

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let mut contests = Vec::new();
    for host in &hosts.tokio {
        contests.extend(timeouts(host, Gate));
        contests.extend(erased_timeouts(host));
        contests.extend(nested_deadlines(host));
    }
    contests.extend(timeouts(&hosts.tokio_task, Wish));
    contests
}

/// A timeout around a future that is ready at once, and around one that is pending once, so that a
/// timer is made and dropped.
fn timeouts(host: &TokioHost, aim: fn(Bound) -> Aim) -> [Contest; 2] {
    let rt = host.adapter();
    [
        contest("timeout-ready", host, rt.clone(), aim(Ratio(0.6)), at_once),
        contest("timeout-pending", host, rt, aim(Ratio(1.1)), after_a_yield),
    ]
}

/// The same on an erased runtime, for information.
fn erased_timeouts(host: &TokioHost) -> [Contest; 2] {
    let rt = DynRuntime::new(&host.adapter());
    [
        contest("timeout-ready-erased", host, rt.clone(), Open, at_once),
        contest("timeout-pending-erased", host, rt, Open, after_a_yield),
    ]
}

fn at_once() -> Ready<u64> {
    ready(black_box(1))
}

fn after_a_yield() -> YieldOnce {
    YieldOnce::default()
}

fn contest<R, F>(kind: &str, host: &TokioHost, rt: R, aim: Aim, inner: fn() -> F) -> Contest
where
    R: Runtime,
    F: Future<Output: Send> + Send + 'static,
{
    Contest::new(GROUP, format!("{kind}/{}", host.name())).ours(our_timeout(host, rt, inner)).peer(
        "tokio::time::timeout",
        aim,
        tokio_timeout(host, inner),
    )
}

fn our_timeout<R, F>(host: &TokioHost, rt: R, inner: fn() -> F) -> Side
where
    R: Runtime,
    F: Future<Output: Send> + Send + 'static,
{
    timed_on(host, move |times| {
        let rt = rt.clone();
        async move {
            for _ in 0..times {
                black_box(timeout(&rt, LONG, inner()).await?);
            }
            Ok(())
        }
    })
}

fn tokio_timeout<F>(host: &TokioHost, inner: fn() -> F) -> Side
where
    F: Future<Output: Send> + Send + 'static,
{
    timed_on(host, move |times| async move {
        for _ in 0..times {
            black_box(tokio::time::timeout(LONG, inner()).await?);
        }
        Ok(())
    })
}

/// Three deadlines in each other around a future that is pending once, with the tightest inside and
/// outside, against one of them, and against three timeouts.
fn nested_deadlines(host: &TokioHost) -> [Contest; 2] {
    let [tight, middle, loose] = [LONG, 2 * LONG, 3 * LONG];
    [
        nested("deadline-nested", host, [loose, middle, tight]),
        nested("deadline-nested-outer", host, [tight, middle, loose]),
    ]
}

fn nested(kind: &str, host: &TokioHost, limits: [Duration; 3]) -> Contest {
    Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .ours(our_three(host, limits))
        .peer("one deadline", Gate(Ratio(1.3)), our_one(host))
        .peer("three tokio timeouts", Wish(Ratio(1.0)), tokio_three(host, limits))
}

fn our_three(host: &TokioHost, [outer, middle, inner]: [Duration; 3]) -> Side {
    let rt = host.adapter();
    timed_on(host, move |times| {
        let rt = rt.clone();
        async move {
            for _ in 0..times {
                let outermost = Deadline::after(&rt, outer).run(&rt, async {
                    let around = Deadline::after(&rt, middle).run(&rt, async {
                        Deadline::after(&rt, inner).run(&rt, after_a_yield()).await
                    });
                    around.await
                });
                black_box(outermost.await???);
            }
            Ok(())
        }
    })
}

fn our_one(host: &TokioHost) -> Side {
    let rt = host.adapter();
    timed_on(host, move |times| {
        let rt = rt.clone();
        async move {
            for _ in 0..times {
                black_box(Deadline::after(&rt, LONG).run(&rt, after_a_yield()).await?);
            }
            Ok(())
        }
    })
}

fn tokio_three(host: &TokioHost, [outer, middle, inner]: [Duration; 3]) -> Side {
    use tokio::time::timeout;

    timed_on(host, move |times| async move {
        for _ in 0..times {
            let outermost = timeout(outer, async {
                timeout(middle, async { timeout(inner, after_a_yield()).await }).await
            });
            black_box(outermost.await???);
        }
        Ok(())
    })
}
