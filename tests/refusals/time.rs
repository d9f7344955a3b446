use std::time::Duration;

use mtaio::ConfigError;
use mtaio::time::{Backoff, Interval, Step, TimeoutGroup, Timeouts, cascade, interval};
use mtaio_sim::Sim;

use crate::table::{SOME, Table};

pub(crate) fn refuse(rt: &Sim, table: &mut Table) {
    table.period("time::interval", "period", |d| interval(rt, d));
    table.period("time::Interval::new", "period", |d| Interval::new(rt, d));
    table.period("time::Interval::with_runtime", "period", |d| Interval::with_runtime(rt, d));
    table.period("time::TimeoutGroup::new", "limit", |d| TimeoutGroup::<()>::new(rt, d));
    table.period("time::TimeoutGroup::with_runtime", "limit", |d| {
        TimeoutGroup::<(), Sim>::with_runtime(rt, d)
    });
    table.period("time::Timeouts::default", "default", |d| Timeouts::new(rt).default(d));

    let answer = async |step: Step| Ok::<_, String>(step.index);
    let (of, second) = ("time::cascade", Duration::from_secs(1));
    let none = cascade(rt, [], answer);
    table.refused(of, "timeouts", "empty", "1 or more of them", none);
    table.period(of, "timeouts", |d| cascade(rt, [second, d], answer));

    backoffs(rt, table);
}

fn backoffs(rt: &Sim, table: &mut Table) {
    let second = Duration::from_secs(1);
    type Build = fn(&Sim, Backoff) -> Result<(), ConfigError>;
    let builds: [(&str, Build); 2] = [
        ("time::Backoff::validate", |_, backoff| backoff.validate()),
        ("time::Backoff::delays", |rt, backoff| backoff.delays(rt).map(drop)),
    ];
    for (of, build) in builds {
        table.each(of, "factor", [0_u32], SOME, |factor| {
            build(rt, Backoff::exponential(second).with_factor(factor))
        });
    }
    table.each("time::Backoff::with_factor", "factor", [0_u32], SOME, |factor| {
        Backoff::constant(second).with_factor(factor).validate()
    });
    let most = [Duration::ZERO, second / 2, Duration::MAX];
    let allowed = "at least the first delay and at most 100 years";
    table.each("time::Backoff::with_max", "max", most, allowed, |max| {
        Backoff::exponential(second).with_max(max).validate()
    });
    let (endless, allowed) = ([Duration::MAX], "at most 100 years");
    table.each("time::Backoff::constant", "delay", endless, allowed, |delay| {
        Backoff::constant(delay).validate()
    });
    table.each("time::Backoff::exponential", "first", endless, allowed, |first| {
        Backoff::exponential(first).validate()
    });
    let allowed = "more than zero for a delay that grows";
    table.each("time::Backoff::exponential", "first", [Duration::ZERO], allowed, |first| {
        Backoff::exponential(first).validate()
    });
}
