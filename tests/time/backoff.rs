//! The delays of a backoff without jitter, and which backoffs there are not.

use std::time::Duration;

use mtaio::time::{Backoff, Jitter};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::on_every_runtime;
use crate::probe::Probe;
use crate::{CENTURY, ms};

on_every_runtime!(seeds = 3; every_runtime_has_the_same_delays, without_jitter_nothing_is_asked);

const SECOND: Duration = Duration::from_secs(1);
const NANO: Duration = Duration::from_nanos(1);

fn delays(backoff: Backoff, count: usize) -> Vec<Duration> {
    Sim::run(0, |rt| async move {
        backoff.delays(&rt).expect("its settings are good").take(count).collect()
    })
}

/// The guide waits `2 ** attempt` seconds after each of its attempts, which it counts from zero.
#[test]
fn exponential_is_the_guides() {
    let guide: Vec<Duration> =
        (0..6).map(|attempt| Duration::from_secs(2_u64.pow(attempt))).collect();
    assert_eq!(delays(Backoff::exponential(SECOND), 6), guide);
}

#[test]
fn the_delays_are_exactly_these() {
    let seconds = Duration::from_secs;
    for (backoff, expected) in [
        (Backoff::constant(ms(250)), vec![ms(250); 6]),
        (Backoff::constant(Duration::ZERO), vec![Duration::ZERO; 6]),
        (Backoff::exponential(SECOND), [1, 2, 4, 8, 16, 32, 60, 60, 60].map(seconds).to_vec()),
        (
            Backoff::exponential(ms(100)).with_max(SECOND),
            [100, 200, 400, 800, 1_000, 1_000].map(ms).to_vec(),
        ),
        (
            Backoff::exponential(ms(10)).with_factor(3).with_max(ms(1_000)),
            [10, 30, 90, 270, 810, 1_000, 1_000].map(ms).to_vec(),
        ),
        (Backoff::exponential(SECOND).with_factor(1), vec![SECOND; 6]),
        // The limit that is the first delay, and the one that is reached to the nanosecond.
        (Backoff::exponential(SECOND).with_max(SECOND), vec![SECOND; 4]),
        (Backoff::exponential(ms(1)).with_max(ms(4)), [1, 2, 4, 4].map(ms).to_vec()),
        // A first delay above the usual limit is the limit.
        (Backoff::exponential(seconds(61)), vec![seconds(61); 3]),
        (Backoff::exponential(seconds(60)), vec![seconds(60); 3]),
        (Backoff::exponential(seconds(59)), vec![seconds(59), seconds(60), seconds(60)]),
        (
            Backoff::constant(NANO).with_factor(u32::MAX).with_max(CENTURY),
            vec![
                NANO,
                Duration::from_nanos(u64::from(u32::MAX)),
                // The square of 2^32 - 1 is beyond the limit.
                CENTURY,
                CENTURY,
            ],
        ),
        (Backoff::constant(CENTURY), vec![CENTURY; 3]),
    ] {
        assert_eq!(delays(backoff, expected.len()), expected, "{backoff:?}");
    }
}

#[test]
fn it_is_made_at_compile_time() {
    const BACKOFF: Backoff =
        Backoff::exponential(ms(1)).with_factor(10).with_max(ms(50)).with_jitter(Jitter::None);
    assert_eq!(delays(BACKOFF, 4), [1, 10, 50, 50].map(ms));
}

#[test]
fn a_clone_of_the_delays_goes_on_where_they_are() {
    Sim::run(0, |rt| async move {
        let mut delays = Backoff::exponential(SECOND).delays(&rt).expect("its settings are good");
        delays.next();
        let rest: Vec<Duration> = delays.clone().take(3).collect();
        assert_eq!(rest, [2, 4, 8].map(Duration::from_secs));
        assert_eq!(delays.next(), Some(rest[0]));
    });
}

#[test]
fn ten_thousand_delays_of_the_extremes_don_t_overflow() {
    for jitter in [Jitter::None, Jitter::Full, Jitter::Equal, Jitter::Decorrelated] {
        for first in [NANO, SECOND, CENTURY] {
            for factor in [1, 2, u32::MAX] {
                for bits in [0, 1, u64::MAX / 2, u64::MAX - 1, u64::MAX] {
                    let backoff = Backoff::constant(first).with_factor(factor).with_max(CENTURY);
                    let last = Sim::run(0, |rt| async move {
                        let rt = Probe::new(&rt);
                        rt.fix_entropy(bits);
                        let delays = backoff.with_jitter(jitter).delays(&rt);
                        let delays = delays.expect("its settings are good").take(10_000);
                        delays.inspect(|delay| assert!(*delay <= CENTURY)).last()
                    });
                    assert!(last.is_some(), "{backoff:?}");
                }
            }
        }
    }
}

#[test]
fn what_is_refused_is_named_with_its_value() {
    let of_max = "allowed is at least the first delay and at most 100 years";
    for (backoff, field, said) in [
        (
            Backoff::exponential(SECOND).with_factor(0),
            "factor",
            String::from("`factor` is 0, allowed is 1 or more"),
        ),
        (
            Backoff::exponential(SECOND).with_max(ms(999)),
            "max",
            format!("`max` is 999ms, {of_max}"),
        ),
        (
            Backoff::constant(SECOND).with_max(Duration::ZERO),
            "max",
            format!("`max` is 0ns, {of_max}"),
        ),
        (
            Backoff::exponential(SECOND).with_max(CENTURY + NANO),
            "max",
            format!("`max` is 3153600000.000000001s, {of_max}"),
        ),
        (
            Backoff::exponential(Duration::ZERO),
            "first",
            String::from("`first` is 0ns, allowed is more than zero for a delay that grows"),
        ),
        (
            Backoff::constant(Duration::ZERO).with_factor(2),
            "first",
            String::from("`first` is 0ns, allowed is more than zero for a delay that grows"),
        ),
    ] {
        let refused = backoff.validate().expect_err("it is refused");
        assert_eq!(refused.to_string(), said);
        assert_eq!(refused.field(), field);
        Sim::run(0, |rt| async move {
            assert_eq!(backoff.delays(&rt).expect_err("it is refused"), refused);
        });
    }
    for backoff in [
        Backoff::exponential(SECOND),
        Backoff::exponential(NANO).with_max(CENTURY),
        Backoff::exponential(SECOND).with_max(SECOND),
        Backoff::constant(Duration::ZERO),
        Backoff::constant(CENTURY),
        Backoff::exponential(NANO).with_factor(u32::MAX),
    ] {
        assert_eq!(backoff.validate(), Ok(()), "{backoff:?}");
    }
}

async fn every_runtime_has_the_same_delays<R: Runtime>(rt: R) {
    let backoff = Backoff::exponential(ms(1)).with_max(ms(5));
    let mut waited = Duration::ZERO;
    let start = rt.now();
    for delay in backoff.delays(&rt).expect("its settings are good").take(4) {
        rt.sleep(delay).await;
        waited += delay;
        assert!(rt.now() - start >= waited);
    }
    assert_eq!(waited, ms(1 + 2 + 4 + 5));
}

async fn without_jitter_nothing_is_asked<R: Runtime>(rt: R) {
    let rt = Probe::new(&rt);
    let delays = Backoff::exponential(ms(1)).delays(&rt).expect("its settings are good");
    assert_eq!(delays.take(100).count(), 100);
    let asked = rt.counts();
    assert_eq!((asked.now, asked.sleep, asked.entropy, asked.other), (0, 0, 0, 0));
}
