//! What chance does to the delays of a backoff.

use std::time::Duration;

use mtaio::Runtime;
use mtaio::time::{Backoff, Jitter};
use mtaio_sim::Sim;

use crate::common::on_every_runtime;
use crate::ms;
use crate::probe::Probe;

on_every_runtime!(seeds = 10; jitter_stays_within_its_bounds);

const DRAWS: usize = 20_000;
const MAX: Duration = ms(60_000);

/// Where `delay` lies between `from`, zero, and `to`, one.
fn place(delay: Duration, from: Duration, to: Duration) -> f64 {
    assert!((from..=to).contains(&delay), "{delay:?} is not between {from:?} and {to:?}");
    (delay - from).as_secs_f64() / (to - from).as_secs_f64()
}

/// Fails unless `places` are spread evenly between zero and one, close to both ends too.
fn assert_even(places: &[f64]) {
    let mut counts = [0_usize; 20];
    for place in places {
        counts[((place * 20.0) as usize).min(19)] += 1;
    }
    let expected = places.len() / 20;
    let tolerance = expected / 5;
    let even = counts.iter().all(|count| count.abs_diff(expected) <= tolerance);
    assert!(even, "{counts:?} of {expected} each");
    let least = places.iter().copied().fold(1.0, f64::min);
    let most = places.iter().copied().fold(0.0, f64::max);
    assert!(least < 0.001 && most > 0.999, "from {least} to {most}");
}

/// Draws of a simulation, which are always the same.
fn drawn(backoff: Backoff) -> Vec<Duration> {
    Sim::run(2015, |rt| async move {
        backoff.delays(&rt).expect("its settings are good").take(DRAWS).collect()
    })
}

#[test]
fn full_jitter_is_anything_up_to_the_delay() {
    let delays = drawn(Backoff::constant(MAX).with_jitter(Jitter::Full));
    let places: Vec<f64> = delays.iter().map(|delay| place(*delay, Duration::ZERO, MAX)).collect();
    assert_even(&places);
}

#[test]
fn equal_jitter_is_anything_from_half_of_the_delay() {
    let delays = drawn(Backoff::constant(MAX).with_jitter(Jitter::Equal));
    let places: Vec<f64> = delays.iter().map(|delay| place(*delay, MAX / 2, MAX)).collect();
    assert_even(&places);
}

#[test]
fn decorrelated_jitter_is_anything_from_the_first_to_three_times_the_last() {
    let first = ms(10);
    // More than ten delays can grow to, so that none is cut off.
    let backoff = Backoff::exponential(first).with_max(first * 3_u32.pow(10));
    let backoff = backoff.with_jitter(Jitter::Decorrelated);
    let places: Vec<f64> = Sim::run(2015, |rt| async move {
        let delays = || backoff.delays(&rt).expect("its settings are good").take(10);
        let restarts = (0..DRAWS / 10).map(|_| {
            let after = |last: &mut Duration, delay| {
                Some(place(delay, first, std::mem::replace(last, delay) * 3))
            };
            delays().scan(first, after)
        });
        restarts.flatten().collect()
    });
    assert_even(&places);
}

#[test]
fn decorrelated_jitter_is_cut_off_at_the_limit() {
    let (first, max) = (ms(10), ms(500));
    let backoff = Backoff::exponential(first).with_max(max).with_jitter(Jitter::Decorrelated);
    let delays = drawn(backoff);
    assert!(delays.iter().all(|delay| (first..=max).contains(delay)));
    let cut = delays.iter().filter(|delay| **delay == max).count();
    assert!(cut > DRAWS / 10, "only {cut} of {DRAWS} draws reach the limit");
    let mut last = first;
    for delay in delays {
        assert!(delay <= last * 3, "{delay:?} after {last:?}");
        last = delay;
    }
}

#[test]
fn decorrelated_jitter_does_not_ask_for_the_factor() {
    let backoff = Backoff::exponential(ms(10)).with_jitter(Jitter::Decorrelated);
    assert_eq!(drawn(backoff.with_factor(7)), drawn(backoff));
}

#[test]
fn jitter_does_not_slow_the_growth() {
    for jitter in [Jitter::Full, Jitter::Equal] {
        let backoff = Backoff::exponential(ms(1)).with_max(ms(64)).with_jitter(jitter);
        let plain = drawn(backoff.with_jitter(Jitter::None));
        let jittered = drawn(backoff);
        let least =
            |delay: Duration| if jitter == Jitter::Full { Duration::ZERO } else { delay / 2 };
        for (plain, jittered) in plain.into_iter().zip(jittered) {
            assert!((least(plain)..=plain).contains(&jittered), "{jittered:?} for {plain:?}");
        }
    }
}

/// Both ends are reached where the bits are the least and the most.
#[test]
fn the_extremes_are_reached() {
    let backoff = Backoff::constant(ms(90)).with_max(ms(3_000));
    for (jitter, bits, expected) in [
        (Jitter::Full, 0, [0, 0, 0]),
        (Jitter::Full, u64::MAX, [90, 90, 90]),
        (Jitter::Equal, 0, [90, 90, 90]),
        (Jitter::Equal, u64::MAX, [45, 45, 45]),
        (Jitter::Decorrelated, 0, [90, 90, 90]),
        (Jitter::Decorrelated, u64::MAX, [270, 810, 2_430]),
    ] {
        let delays: Vec<Duration> = Sim::run(0, |rt| async move {
            let rt = Probe::new(&rt);
            rt.fix_entropy(bits);
            let delays = backoff.with_jitter(jitter).delays(&rt);
            delays.expect("its settings are good").take(3).collect()
        });
        assert_eq!(delays, expected.map(ms), "{jitter:?}");
    }
}

#[test]
fn the_smallest_delays_are_jittered_too() {
    let nano = Duration::from_nanos(1);
    let delays = drawn(Backoff::constant(nano).with_jitter(Jitter::Full));
    let none = delays.iter().filter(|delay| delay.is_zero()).count();
    assert!((DRAWS * 45 / 100..DRAWS * 55 / 100).contains(&none), "{none} of {DRAWS} are zero");
    assert!(delays.iter().all(|delay| *delay <= nano));
    assert!(drawn(Backoff::constant(nano).with_jitter(Jitter::Equal)).iter().all(|d| *d == nano));
}

#[test]
fn the_same_seed_draws_the_same_delays() {
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
        let draw = |seed| {
            Sim::run(seed, |rt| async move {
                let backoff = Backoff::exponential(ms(10)).with_jitter(jitter);
                let delays = backoff.delays(&rt).expect("its settings are good");
                delays.take(20).collect::<Vec<_>>()
            })
        };
        assert_eq!(draw(7), draw(7));
        assert_ne!(draw(7), draw(8));
    }
}

async fn jitter_stays_within_its_bounds<R: Runtime>(rt: R) {
    let (first, max) = (ms(10), ms(80));
    for jitter in [Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
        let backoff = Backoff::exponential(first).with_max(max).with_jitter(jitter);
        let mut distinct = std::collections::BTreeSet::new();
        for _ in 0..20 {
            let mut last = first;
            let delays = backoff.delays(&rt).expect("its settings are good").take(5);
            for (delay, plain) in delays.zip([10, 20, 40, 80, 80].map(ms)) {
                let bounds = match jitter {
                    Jitter::None | Jitter::Full => Duration::ZERO..=plain,
                    Jitter::Equal => plain / 2..=plain,
                    Jitter::Decorrelated => first..=(last * 3).min(max),
                };
                assert!(bounds.contains(&delay), "{jitter:?}: {delay:?} is not in {bounds:?}");
                last = delay;
                distinct.insert(delay);
            }
        }
        assert!(distinct.len() > 20, "{jitter:?}: only {} different delays", distinct.len());
    }
}
