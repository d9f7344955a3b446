use std::time::Duration;

use mtaio::ConfigError;
use mtaio::limit::ConcurrencyLimiter;
use mtaio::policy::{
    BreakerConfig, Bulk, CircuitBreaker, Fallback, Hedge, Limit, Policy, Retry, RetryBudget,
    RetryBuilder,
};
use mtaio_sim::Sim;

use crate::table::{NO_PARTS, SOME, Table};

const CALLS: &str = "1 to 1000000";
const SHARE: &str = "more than 0 and at most 1";

pub(crate) fn refuse(rt: &Sim, table: &mut Table) {
    retries(table);
    budgets(table);
    breakers(rt, table);
    others(rt, table);
    policies(rt, table);
    #[cfg(feature = "tower")]
    layers(rt, table);
}

fn retries(table: &mut Table) {
    let second = Duration::from_secs(1);
    let retry = || Retry::exponential(second);
    table.each("policy::RetryBuilder::build", "max_attempts", [0_u32], SOME, |n| {
        retry().max_attempts(n).build()
    });
    table.each("policy::RetryBuilder::max_attempts", "max_attempts", [0_u32], SOME, |n| {
        retry().max_attempts(n).build()
    });
    table.period("policy::RetryBuilder::max_time", "max_time", |d| retry().max_time(d).build());
    let delays = [Duration::ZERO, Duration::from_millis(999), Duration::MAX];
    let allowed = "at least the first delay and at most 100 years";
    table.each("policy::RetryBuilder::max_delay", "max_delay", delays, allowed, |d| {
        retry().max_delay(d).build()
    });
    let endless = [Duration::MAX];
    table.each("policy::Retry::constant", "delay", endless, "at most 100 years", |d| {
        Retry::constant(d).build()
    });
    let build = |retry: RetryBuilder| retry.build();
    table.each("policy::Retry::exponential", "first", endless, "at most 100 years", |d| {
        build(Retry::exponential(d))
    });
    let none = [Duration::ZERO];
    let allowed = "more than zero for a delay that grows";
    table.each("policy::Retry::exponential", "first", none, allowed, |d| {
        build(Retry::exponential(d))
    });
}

fn budgets(table: &mut Table) {
    let ratios = [0.0, -1.0, 0.0001, 11.0, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    for of in ["policy::RetryBudget::builder", "policy::RetryBudgetBuilder::build"] {
        table.each(of, "ratio", ratios, "0.001 to 10", |ratio| RetryBudget::builder(ratio).build());
    }
    table.each("policy::RetryBudgetBuilder::max_saved", "max_saved", [0, u32::MAX], CALLS, |n| {
        RetryBudget::builder(0.1).max_saved(n).build()
    });
    table.each(
        "policy::RetryBudgetBuilder::min_per_second",
        "min_per_second",
        [1_000_001, u32::MAX],
        "at most 1000000",
        |n| RetryBudget::builder(0.1).min_per_second(n).build(),
    );
}

fn breakers(rt: &Sim, table: &mut Table) {
    type Make = fn(&Sim, BreakerConfig) -> Result<(), ConfigError>;
    let makes: [(&str, Make); 2] = [
        ("policy::CircuitBreaker::new", |rt, config| CircuitBreaker::new(rt, config).map(drop)),
        ("policy::CircuitBreaker::with_runtime", |rt, config| {
            CircuitBreaker::with_runtime(rt, config).map(drop)
        }),
    ];
    for (of, make) in makes {
        table.each(of, "probes", [0_u32], CALLS, |n| make(rt, BreakerConfig::new().probes(n)));
    }
    let config = BreakerConfig::new;
    let build = |config| CircuitBreaker::new(rt, config);
    let calls = [0, 1_000_001, u32::MAX];
    table.each("policy::BreakerConfig::window", "window", calls, CALLS, |n| {
        build(config().window(n))
    });
    table.each("policy::BreakerConfig::probes", "probes", calls, CALLS, |n| {
        build(config().probes(n))
    });
    table.each("policy::BreakerConfig::min_calls", "min_calls", calls, CALLS, |n| {
        build(config().min_calls(n))
    });
    table.each("policy::BreakerConfig::min_calls", "min_calls", [101], "at most `window`", |n| {
        build(config().min_calls(n))
    });
    table.period("policy::BreakerConfig::time_window", "time_window", |d| {
        build(config().time_window(d))
    });
    let short = [Duration::from_nanos(9)];
    table.each("policy::BreakerConfig::time_window", "time_window", short, "10 ns or more", |d| {
        build(config().time_window(d))
    });
    table.period("policy::BreakerConfig::open_for", "open_for", |d| build(config().open_for(d)));
    table.period("policy::BreakerConfig::slow_calls", "slow_calls", |d| {
        build(config().slow_calls(d, 0.5))
    });
    let no_shares = || NO_PARTS.into_iter().chain([0.0]);
    table.each("policy::BreakerConfig::slow_calls", "slow_calls", no_shares(), SHARE, |rate| {
        build(config().slow_calls(Duration::from_secs(1), rate))
    });
    table.each("policy::BreakerConfig::failure_rate", "failure_rate", no_shares(), SHARE, |rate| {
        build(config().failure_rate(rate))
    });
}

fn others(rt: &Sim, table: &mut Table) {
    table.period("policy::Hedge::after", "after", Hedge::after);
    let hedge = Hedge::after(Duration::from_secs(1)).unwrap();
    table.each("policy::Hedge::at_most", "at_most", [0, 1, 101, u32::MAX], "2 to 100", |n| {
        hedge.clone().at_most(n)
    });
    table.period("policy::Fallback::last_good_within", "last_good_within", |d| {
        Fallback::<mtaio::policy::LastGood<u32>>::last_good_within(rt, d)
    });
    let bulk = || {
        Bulk::<u32, u32, String>::new(rt, async |inputs: Vec<u32>| {
            inputs.into_iter().map(Ok).collect::<Vec<_>>()
        })
    };
    for of in ["policy::BulkBuilder::build", "policy::BulkBuilder::max_size"] {
        table.each(of, "max_size", [0, 1_000_001, usize::MAX], CALLS, |n| {
            bulk().max_size(n).build()
        });
    }
    table.period("policy::BulkBuilder::max_delay", "max_delay", |d| bulk().max_delay(d).build());
}

/// The rules on where a stage may stand have tests of their own.
fn policies(rt: &Sim, table: &mut Table) {
    table.period("policy::Builder::deadline", "deadline", |d| Policy::new(rt).deadline(d).build());
    table.period("policy::Builder::timeout", "timeout", |d| Policy::new(rt).timeout(d).build());
    table.period("policy::Builder::build", "timeout", |d| Policy::new(rt).timeout(d).build());
    let limiter = ConcurrencyLimiter::new(rt, 8).unwrap();
    table.each("policy::Limit::weight", "weight", [0_u32], SOME, |n| {
        Policy::new(rt).limit(Limit::new(&limiter).weight(n)).build()
    });
}

#[cfg(feature = "tower")]
fn layers(rt: &Sim, table: &mut Table) {
    use mtaio::policy::tower;

    table.period("policy::tower::deadline", "deadline", |d| tower::deadline(rt, d));
    table.period("policy::tower::timeout", "timeout", |d| tower::timeout(rt, d));
    let limiter = ConcurrencyLimiter::new(rt, 8).unwrap();
    table.each("policy::tower::limit", "weight", [0_u32], SOME, |n| {
        tower::limit(Limit::new(&limiter).weight(n))
    });
}
