//! Settings that are refused, by field and value.

use std::time::Duration;

use mtaio::ConfigError;
use mtaio::policy::{Retry, RetryBudget, RetryBuilder};
use mtaio::time::Backoff;

use crate::{SECOND, ms};

const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3_600);

#[track_caller]
fn is_refused<T>(built: Result<T, ConfigError>, field: &str, value: &str) {
    let refused = built.err().expect("it is refused");
    assert_eq!((refused.field(), refused.value()), (field, value));
}

#[test]
fn of_a_retry() {
    const GOOD: RetryBuilder = Retry::exponential(SECOND);
    is_refused(GOOD.max_attempts(0).build(), "max_attempts", "0");
    is_refused(GOOD.max_time(Duration::ZERO).build(), "max_time", "0ns");
    is_refused(GOOD.max_time(Duration::MAX).build(), "max_time", "18446744073709551615.999999999s");
    is_refused(GOOD.max_delay(ms(999)).build(), "max_delay", "999ms");
    is_refused(Retry::exponential(Duration::ZERO).build(), "first", "0ns");
    is_refused(Retry::backoff(Backoff::exponential(SECOND).with_factor(0)).build(), "factor", "0");
    is_refused(Retry::constant(Duration::MAX).build(), "delay", "18446744073709551615.999999999s");
    for good in [
        GOOD,
        GOOD.max_attempts(u32::MAX),
        GOOD.unlimited_attempts(),
        GOOD.max_time(CENTURY),
        Retry::constant(Duration::ZERO),
        Retry::constant(CENTURY),
    ] {
        assert!(good.clone().build().is_ok(), "{good:?}");
    }
}

#[test]
fn of_a_budget() {
    for (ratio, value) in [
        (0.0, "0"),
        (-0.1, "-0.1"),
        (f64::NAN, "NaN"),
        (f64::INFINITY, "inf"),
        (f64::NEG_INFINITY, "-inf"),
        (10.1, "10.1"),
        (1e-9, "0.000000001"),
    ] {
        is_refused(RetryBudget::builder(ratio).build(), "ratio", value);
    }
    let good = RetryBudget::builder(0.5);
    is_refused(good.max_saved(0).build(), "max_saved", "0");
    is_refused(good.max_saved(1_000_001).build(), "max_saved", "1000001");
    is_refused(good.min_per_second(u32::MAX).build(), "min_per_second", "4294967295");
    for good in [
        RetryBudget::builder(0.001),
        RetryBudget::builder(10.0).max_saved(1_000_000).min_per_second(1_000_000),
        good.max_saved(1),
    ] {
        assert!(good.build().is_ok(), "{good:?}");
    }
}
