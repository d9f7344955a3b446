//! The operators of time against the reference, to the nanosecond.

use std::fmt::Debug;
use std::pin::pin;

use futures::{Stream, StreamExt as _};
use mtaio::stream::TimeWindow;
use mtaio::{Instant, Runtime, StreamExt};
use mtaio_sim::{Explore, Sim};

use crate::common::ms;
use crate::script::{Script, below};
use crate::time_reference::{self as reference, Out};

/// Runs scripts with what `operate` makes of them and checks what comes out against `expect`.
fn equals_reference<T, S>(
    settings: fn(&Sim) -> (u64, u64),
    operate: impl Fn(&Sim, &Script, (u64, u64)) -> S + Copy,
    expect: impl Fn(&Script, (u64, u64)) -> Out<T> + Copy,
) where
    T: Debug + PartialEq,
    S: Stream<Item = T>,
{
    Sim::explore(Explore::new().seeds(0..60), |rt| async move {
        for _ in 0..10 {
            let (script, settings) = (Script::draw(&rt), settings(&rt));
            // Each script has a clock that begins with it.
            let begun = rt.now();
            let script_now = shifted(&script, begun);
            let mut stream = pin!(operate(&rt, &script_now, settings));
            let mut out = Vec::new();
            while let Some(item) = stream.next().await {
                out.push((rt.now() - begun, item));
            }
            let expected: Vec<_> =
                expect(&script, settings).into_iter().map(|(at, item)| (ms(at), item)).collect();
            assert_eq!(out, expected, "{script:?} with {settings:?}");
            assert_eq!(rt.now() - begun, ms(script.end), "{script:?} ends");
            assert!(stream.next().await.is_none(), "the end is the end");
        }
    });
}

fn shifted(script: &Script, begun: Instant) -> Script {
    let by = (begun - Instant::ZERO).as_millis() as u64;
    let events = script.events.iter().map(|(at, item)| (at + by, *item)).collect();
    Script { events, end: script.end + by }
}

fn one(rt: &Sim) -> (u64, u64) {
    (5 * below(rt, 12) + 5, 1 + below(rt, 6))
}

/// As start and end since `begun`, and items.
fn plain(window: TimeWindow<u32>, begun: Instant) -> reference::Window {
    let millis = |at: Instant| (at - begun).as_millis() as u64;
    (millis(window.start), millis(window.end), window.items)
}

#[test]
fn batch_within() {
    equals_reference(
        one,
        |rt, script, (within, size)| {
            script.source(rt).timed(rt).batch_within(size as usize, ms(within)).expect("settings")
        },
        |script, (within, size)| reference::batches(script, size as usize, within),
    );
}

#[test]
fn batch_by_time() {
    equals_reference(
        one,
        |rt, script, (time, _)| {
            script.source(rt).timed(rt).batch_by_time(ms(time)).expect("a time")
        },
        |script, (time, _)| reference::batches(script, usize::MAX, time),
    );
}

#[test]
fn tumbling() {
    equals_reference(
        one,
        |rt, script, (length, _)| {
            let begun = rt.now();
            let windows = script.source(rt).timed(rt).tumbling(ms(length)).expect("a length");
            windows.map(move |window| plain(window, begun))
        },
        |script, (length, _)| reference::windows(script, length, length),
    );
}

#[test]
fn sliding() {
    // Shorter, equal and longer steps, and such as don't divide the length.
    let settings = |rt: &Sim| (5 * below(rt, 12) + 5, 5 * below(rt, 12) + 5);
    equals_reference(
        settings,
        |rt, script, (length, step)| {
            let begun = rt.now();
            let timed = script.source(rt).timed(rt);
            let windows = timed.sliding(ms(length), ms(step)).expect("settings");
            windows.map(move |window| plain(window, begun))
        },
        |script, (length, step)| reference::windows(script, length, step),
    );
}

#[test]
fn debounce() {
    equals_reference(
        one,
        |rt, script, (quiet, _)| script.source(rt).timed(rt).debounce(ms(quiet)).expect("a time"),
        |script, (quiet, _)| reference::debounced(script, quiet),
    );
}

#[test]
fn throttle() {
    equals_reference(
        one,
        |rt, script, (period, _)| script.source(rt).timed(rt).throttle(ms(period)).expect("a time"),
        |script, (period, _)| reference::throttled(script, period),
    );
}

#[test]
fn sample() {
    equals_reference(
        one,
        |rt, script, (period, _)| script.source(rt).timed(rt).sample(ms(period)).expect("a time"),
        |script, (period, _)| reference::sampled(script, period),
    );
}

#[test]
fn timeout_each() {
    equals_reference(
        one,
        |rt, script, (limit, _)| {
            let timed = script.source(rt).timed(rt).timeout_each(ms(limit)).expect("a time");
            timed.map(Result::ok)
        },
        |script, (limit, _)| reference::timeouts(script, limit),
    );
}

/// The reference can disagree: one that is wrong by a millisecond is found out.
#[test]
#[should_panic(expected = "assertion")]
fn a_wrong_reference_is_found_out() {
    equals_reference(
        one,
        |rt, script, (quiet, _)| script.source(rt).timed(rt).debounce(ms(quiet)).expect("a time"),
        |script, (quiet, _)| reference::debounced(script, quiet + 1),
    );
}
