use std::time::Duration;

use mtaio::limit::{
    Adaptation, AdaptiveConcurrency, AdaptiveRateLimiter, ConcurrencyLimiter, KeyedRateLimiter,
    Rate, RateLimiter, RateRule, Window, WindowLimiter,
};
use mtaio_sim::Sim;

use crate::table::{SOME, Table};

const CENTURY: &str = "at most what comes in 100 years at this rate";

fn slow() -> Rate {
    Rate::per_day(1).unwrap()
}

pub(crate) fn refuse(rt: &Sim, table: &mut Table) {
    speeds(table);
    rates(rt, table);
    windows(rt, table);
    permits(rt, table);
    adaptive_concurrency(rt, table);
    adaptive_rate(rt, table);
}

fn speeds(table: &mut Table) {
    let allowed = "1 in 100 years to 1000000000/s";
    for (count, value) in [(0, "0 in 1s"), (u32::MAX, "4294967295 in 1s")] {
        table.refused("limit::Rate::per_second", "rate", value, allowed, Rate::per_second(count));
    }
    table.refused("limit::Rate::per_minute", "rate", "0 in 60s", allowed, Rate::per_minute(0));
    table.refused("limit::Rate::per_day", "rate", "0 in 86400s", allowed, Rate::per_day(0));
    table.period("limit::Rate::new", "period", |d| Rate::new(1, d));
    let nano = Duration::from_nanos(1);
    for (count, period, value) in [
        (0, Duration::from_secs(1), "0 in 1s"),
        (u64::MAX, nano, "18446744073709551615 in 1ns"),
        (2, nano, "2 in 1ns"),
    ] {
        table.refused("limit::Rate::new", "rate", value, allowed, Rate::new(count, period));
    }
    let no_rates = [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 1e-10, 1e10, f64::MAX];
    table.each("limit::Rate::hertz", "rate", no_rates, allowed, Rate::hertz);
}

fn rates(rt: &Sim, table: &mut Table) {
    let bursts = [(0, SOME), (36_501, CENTURY), (u32::MAX, CENTURY)];
    for (burst, allowed) in bursts {
        let burst = [burst];
        table.each("limit::RateLimiter::new", "burst", burst, allowed, |n| {
            RateLimiter::new(rt, slow(), n)
        });
        table.each("limit::RateLimiter::with_runtime", "burst", burst, allowed, |n| {
            RateLimiter::with_runtime(rt, slow(), n)
        });
        table.each("limit::KeyedRateLimiter::new", "burst", burst, allowed, |n| {
            KeyedRateLimiter::<u32>::new(rt, slow(), n)
        });
        table.each("limit::KeyedRateLimiter::with_runtime", "burst", burst, allowed, |n| {
            KeyedRateLimiter::<u32, Sim>::with_runtime(rt, slow(), n)
        });
    }
    // What it admits at once does not go with every rate.
    let quick = RateLimiter::new(rt, Rate::per_second(1_000).unwrap(), 100_000).unwrap();
    let set = quick.set_rate(slow());
    table.refused("limit::RateLimiter::set_rate", "burst", "100000", CENTURY, set);
}

fn windows(rt: &Sim, table: &mut Table) {
    let second = Duration::from_secs(1);
    for window in [Window::Fixed, Window::Sliding] {
        table.period("limit::WindowLimiter::new", "window", |d| {
            WindowLimiter::new(rt, window(d), 1)
        });
        table.period("limit::WindowLimiter::with_runtime", "window", |d| {
            WindowLimiter::with_runtime(rt, window(d), 1)
        });
        table.each("limit::WindowLimiter::new", "limit", [0_u32], SOME, |n| {
            WindowLimiter::new(rt, window(second), n)
        });
    }
}

fn permits(rt: &Sim, table: &mut Table) {
    let limiter = ConcurrencyLimiter::new(rt, 8).unwrap();
    table.each("limit::ConcurrencyLimiter::new", "limit", [0_u32], SOME, |n| {
        ConcurrencyLimiter::new(rt, n)
    });
    table.each("limit::ConcurrencyLimiter::with_runtime", "limit", [0_u32], SOME, |n| {
        ConcurrencyLimiter::with_runtime(rt, n)
    });
    table.each("limit::ConcurrencyLimiter::set_limit", "limit", [0_u32], SOME, |n| {
        limiter.set_limit(n)
    });
    table.period("limit::ConcurrencyLimiter::longest_wait", "longest_wait", |d| {
        limiter.clone().longest_wait(d)
    });

    // A weight is refused in the same words, by an error that keeps the numbers.
    for weight in [0, 9, u32::MAX] {
        let refused = limiter.try_acquire_many(weight).unwrap_err().to_string();
        assert_eq!(refused, format!("`weight` is {weight}, allowed is 1 to 8"));
    }
}

fn adaptive_concurrency(rt: &Sim, table: &mut Table) {
    let found = |settings| AdaptiveConcurrency::new(rt, settings);
    let allowed = "from 1 or more, and its end no less";
    for (least, most, value) in [(0, 9, "0..=9"), (9, 8, "9..=8"), (u32::MAX, 1, "4294967295..=1")]
    {
        let settings = Adaptation::new().range(least..=most);
        table.refused("limit::Adaptation::range", "range", value, allowed, found(settings));
    }
    table.each("limit::AdaptiveConcurrency::new", "start", [0_u32], SOME, |n| {
        found(Adaptation::new().start(n))
    });
    table.each("limit::Adaptation::start", "start", [0_u32], SOME, |n| {
        found(Adaptation::new().start(n))
    });
    let tolerances = [1.0, 11.0, 0.0, -2.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    table.each("limit::Adaptation::tolerance", "tolerance", tolerances, "1.05 to 10", |times| {
        found(Adaptation::new().tolerance(times))
    });
    table.each(
        "limit::AdaptiveConcurrency::with_runtime",
        "tolerance",
        [f64::NAN],
        "1.05 to 10",
        |times| AdaptiveConcurrency::with_runtime(rt, Adaptation::new().tolerance(times)),
    );
    let limiter = found(Adaptation::new()).unwrap();
    table.period("limit::AdaptiveConcurrency::longest_wait", "longest_wait", |d| {
        limiter.clone().longest_wait(d)
    });
}

fn adaptive_rate(rt: &Sim, table: &mut Table) {
    let limiter = || AdaptiveRateLimiter::<&str>::new(rt);
    let hertz = |rate| Rate::hertz(rate).unwrap();
    for (rate, value) in [(20_000.0, "20000/s"), (0.001, "1/1000s")] {
        table.refused(
            "limit::AdaptiveRateLimiter::initial",
            "initial",
            value,
            "from `min` to `max`",
            limiter().initial(hertz(rate)),
        );
    }
    table.refused(
        "limit::AdaptiveRateLimiter::between",
        "min",
        "2/s",
        "at most `max`",
        limiter().between(hertz(2.0), hertz(0.5)),
    );
    table.refused(
        "limit::AdaptiveRateLimiter::between",
        "initial",
        "1/s",
        "from `min` to `max`",
        limiter().between(hertz(2.0), hertz(4.0)),
    );
    for (burst, allowed) in [(0_u32, SOME), (u32::MAX, CENTURY)] {
        table.each("limit::AdaptiveRateLimiter::burst", "burst", [burst], allowed, |n| {
            limiter().burst(n)
        });
    }
    let aimd = |threshold, factor| RateRule::Aimd { threshold, increase: hertz(1.0), factor };
    let thresholds = [0.0, -1.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    table.each(
        "limit::AdaptiveRateLimiter::rule",
        "threshold",
        thresholds,
        "more than 0 and finite",
        |threshold| limiter().rule(aimd(threshold, 0.5)),
    );
    let factors = [0.0, 1.0, -0.5, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let allowed = "more than 0 and less than 1";
    table.each("limit::AdaptiveRateLimiter::rule", "factor", factors, allowed, |factor| {
        limiter().rule(aimd(0.8, factor))
    });
    table.each(
        "limit::AdaptiveRateLimiter::most_resources",
        "most_resources",
        [0_usize],
        SOME,
        |n| limiter().most_resources(n),
    );
    let loads = [-0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    let known = limiter();
    table.each(
        "limit::AdaptiveRateLimiter::adjust_rate",
        "load",
        loads,
        "0 or more and finite",
        |load| known.adjust_rate(&"db", load),
    );
}
