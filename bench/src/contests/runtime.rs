//! What the runtime trait costs over the runtime itself: tasks, timers, the clock.

use std::future::Future;
use std::hint::black_box;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use mtaio_runtime::{DynRuntime, Runtime, RuntimeExt};

use super::{Hosts, LONG};
use crate::harness::Aim::{Gate, Open, Wish};
use crate::harness::Bound::{Allocations, Nanos, Ratio};
use crate::harness::{
    Aim, Bound, Contest, Operation, Side, counted_within, timed, timed_on, timed_within,
};
use crate::host::{GlobalSmolHost, Host, SmolHost, TokioHost};

const GROUP: &str = "runtime";

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let mut contests = spawn_joins(hosts);
    for host in &hosts.tokio {
        let native = || poll_and_drop(tokio::time::sleep(LONG));
        contests.extend(sleeps(host, "tokio::time::sleep", native));
    }
    let native = || poll_and_drop(async_io::Timer::after(LONG));
    contests.extend(sleeps(&hosts.smol, "async_io::Timer", native));

    let (tokio, smol) = (hosts.tokio[0].adapter(), hosts.smol.adapter());
    contests.push(now("now/tokio", tokio.clone(), Wish(Ratio(1.15))));
    contests.push(now("now/smol", smol.clone(), Wish(Ratio(1.15))));
    contests.push(now("now-fast/tokio", tokio.with_fast_clock(), Wish(Nanos(15.0))));
    contests.push(now("now-fast/smol", smol.with_fast_clock(), Wish(Nanos(15.0))));
    contests
}

/// A task that is ready at once, spawned and joined.
fn spawn_joins(hosts: &Hosts) -> Vec<Contest> {
    let mut contests = Vec::new();
    for host in &hosts.tokio {
        contests.push(spawn_join(host, "tokio::spawn", Gate, tokio_spawn));
        contests.push(erased_spawn_join(host, "tokio::spawn", tokio_spawn));
    }
    contests.push(spawn_join(&hosts.tokio_task, "tokio::spawn", Wish, tokio_spawn));
    contests.push(spawn_join(&hosts.smol, "Executor::spawn", Gate, smol_spawn));
    contests.push(erased_spawn_join(&hosts.smol, "Executor::spawn", smol_spawn));
    contests.push(global_spawn_join());
    contests
}

fn spawn_join<H: Host>(
    host: &H,
    peer: &'static str,
    aim: fn(Bound) -> Aim,
    native: fn(&H) -> Side,
) -> Contest {
    Contest::new(GROUP, format!("spawn-join/{}", host.name()))
        .ours(our_spawn(host, host.adapter()))
        .peer(peer, aim(Ratio(1.1)), native(host))
}

/// The same on an erased runtime, for information.
fn erased_spawn_join<H: Host>(host: &H, peer: &'static str, native: fn(&H) -> Side) -> Contest {
    Contest::new(GROUP, format!("spawn-join-erased/{}", host.name()))
        .ours(our_spawn(host, DynRuntime::new(&host.adapter())))
        .peer(peer, Open, native(host))
}

/// The same on smol's global executor, whose tasks run on another thread than the one that joins
/// them: for information.
fn global_spawn_join() -> Contest {
    let native = timed_on(&GlobalSmolHost, async |times| {
        for _ in 0..times {
            black_box(smol::spawn(async { black_box(1) }).await);
        }
        Ok(())
    });
    Contest::new(GROUP, "spawn-join/smol-global")
        .ours(our_spawn(&GlobalSmolHost, GlobalSmolHost.adapter()))
        .peer("smol::spawn", Open, native)
}

fn our_spawn<R: Runtime>(host: &impl Host, rt: R) -> Side {
    timed_on(host, move |times| {
        let rt = rt.clone();
        async move {
            for _ in 0..times {
                black_box(rt.spawn(async { black_box(1) }).await?);
            }
            Ok(())
        }
    })
}

fn tokio_spawn(host: &TokioHost) -> Side {
    timed_on(host, async |times| {
        for _ in 0..times {
            black_box(tokio::spawn(async { black_box(1) }).await?);
        }
        Ok(())
    })
}

fn smol_spawn(host: &SmolHost) -> Side {
    let executor = Arc::clone(host.executor());
    timed_on(host, move |times| {
        let executor = Arc::clone(&executor);
        async move {
            for _ in 0..times {
                black_box(executor.spawn(async { black_box(1) }).await);
            }
            Ok(())
        }
    })
}

/// A timer that is made, polled once and dropped, as by a timeout that did not come to pass: how
/// long it takes and what it allocates, static and erased.
fn sleeps<H, T>(host: &H, peer: &'static str, native: impl Operation<T>) -> [Contest; 4]
where
    H: Host,
{
    let (name, rt) = (host.name(), host.adapter());
    let erased = DynRuntime::new(&rt);
    let ours = move || poll_and_drop(rt.sleep(LONG));
    let ours_erased = move || poll_and_drop(erased.sleep(LONG));
    [
        Contest::new(GROUP, format!("sleep/{name}")).ours(timed_within(host, ours.clone())).peer(
            peer,
            Wish(Ratio(1.3)),
            timed_within(host, native.clone()),
        ),
        Contest::new(GROUP, format!("sleep-erased/{name}"))
            .ours(timed_within(host, ours_erased.clone()))
            .peer(peer, Wish(Ratio(1.4)), timed_within(host, native.clone())),
        Contest::new(GROUP, format!("sleep-allocs/{name}")).ours(counted_within(host, ours)).peer(
            peer,
            Wish(Allocations(0.0)),
            counted_within(host, native.clone()),
        ),
        Contest::new(GROUP, format!("sleep-erased-allocs/{name}"))
            .ours(counted_within(host, ours_erased))
            .peer(peer, Wish(Allocations(1.0)), counted_within(host, native)),
    ]
}

fn poll_and_drop<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// What time it is.
fn now<R: Runtime>(name: &str, rt: R, aim: Aim) -> Contest {
    Contest::new(GROUP, name).ours(timed(move || rt.now())).peer(
        "std Instant::now",
        aim,
        timed(Instant::now),
    )
}
