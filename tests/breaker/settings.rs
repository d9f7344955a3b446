//! Settings that are refused, by field and value.

use std::time::Duration;

use mtaio::policy::{BreakerConfig, CircuitBreaker};
use mtaio_sim::Sim;

use crate::{SECOND, ms};

#[test]
fn what_is_refused_is_named_with_its_value() {
    const GOOD: BreakerConfig = BreakerConfig::new();
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

    Sim::run(0, |rt| async move {
        let bad_rates = [
            (f64::NAN, "NaN"),
            (0.0, "0"),
            (-0.5, "-0.5"),
            (1.000_001, "1.000001"),
            (f64::INFINITY, "inf"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        let bad_times = [(Duration::ZERO, "0ns"), (CENTURY + ms(1), "3153600000.001s")];
        let rates = bad_rates.iter().flat_map(|&(rate, value)| {
            [
                (GOOD.failure_rate(rate), "failure_rate", value),
                (GOOD.slow_calls(SECOND, rate), "slow_calls", value),
            ]
        });
        let times = bad_times.iter().flat_map(|&(time, value)| {
            [
                (GOOD.time_window(time), "time_window", value),
                (GOOD.slow_calls(time, 0.5), "slow_calls", value),
                (GOOD.open_for(time), "open_for", value),
            ]
        });
        let others = [
            (GOOD.window(0), "window", "0"),
            (GOOD.window(1_000_001), "window", "1000001"),
            (GOOD.time_window(Duration::from_nanos(9)), "time_window", "9ns"),
            (GOOD.min_calls(0), "min_calls", "0"),
            (GOOD.min_calls(101), "min_calls", "101"),
            (GOOD.window(9).min_calls(10), "min_calls", "10"),
            (GOOD.time_window(SECOND).min_calls(u32::MAX), "min_calls", "4294967295"),
            (GOOD.probes(0), "probes", "0"),
            (GOOD.probes(u32::MAX), "probes", "4294967295"),
        ];
        for (config, field, value) in rates.chain(times).chain(others) {
            let refused = CircuitBreaker::new(&rt, config).expect_err("it is refused");
            assert_eq!((refused.field(), refused.value()), (field, value), "{config:?}");
        }
        for good in [
            GOOD,
            GOOD.window(1),
            GOOD.window(1_000_000).min_calls(1_000_000).probes(1_000_000),
            GOOD.failure_rate(1.0).slow_calls(CENTURY, 1.0),
            GOOD.failure_rate(f64::MIN_POSITIVE),
            GOOD.time_window(Duration::from_nanos(10)),
            GOOD.time_window(CENTURY).open_for(CENTURY),
        ] {
            let breaker = CircuitBreaker::new(&rt, good).expect("it is good");
            assert!(crate::call(&breaker, true));
        }
    });
}
