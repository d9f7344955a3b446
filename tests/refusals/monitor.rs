use std::time::Duration;

use mtaio::TaskExecutor;
use mtaio::monitor::{
    Collection, Histogram, HistogramOptions, Labels, Monitor, MonitorBuilder, Profiler, Registry,
    Rule, Signal,
};
use mtaio::queue::Overflow;
use mtaio_sim::Sim;

use crate::table::{SOME, Table};

const NAME: &str = "letters, digits, underscores and colons, no digit first";
const TOTAL: &str = "with `_total` at the end for a counter, and for nothing else";
const SUFFIX: &str = "without `_bucket`, `_count` and `_sum` at the end, which a histogram appends";
const TAKEN: &str = "a name that nothing of another type, help, labels or options has";
const LABEL: &str = "letters, digits and underscores, no digit and no two underscores first";
const NO_NAMES: [&str; 4] = ["", "0_tea", "t\u{e9}", "a b"];

pub(crate) fn refuse(rt: &Sim, table: &mut Table) {
    metrics(table);
    labels(table);
    histograms(rt, table);
    collectors(rt, table);
    monitors(rt, table);
    rules(rt, table);
    let most = "1 to 268435456";
    table.each("monitor::Profiler::keep_last", "keep_last", [0, usize::MAX], most, |n| {
        Profiler::new(rt).keep_last(n)
    });
}

fn metrics(table: &mut Table) {
    table.each("monitor::Registry::with_max_series", "max_series", [0_usize], SOME, |n| {
        Registry::with_max_series(n)
    });
    let all = Registry::new();
    table.each("monitor::Registry::counter", "name", NO_NAMES, NAME, |name| all.counter(name, ""));
    table.each("monitor::Registry::gauge", "name", NO_NAMES, NAME, |name| all.gauge(name, ""));
    table.each("monitor::Registry::histogram", "name", NO_NAMES, NAME, |name| {
        all.histogram(name, "")
    });
    table.each("monitor::Registry::counters", "name", NO_NAMES, NAME, |name| {
        all.counters(name, "", ["path"])
    });
    table.each("monitor::Registry::gauges", "name", NO_NAMES, NAME, |name| {
        all.gauges(name, "", ["path"])
    });
    table
        .each("monitor::Registry::counter", "name", ["calls"], TOTAL, |name| all.counter(name, ""));
    table.each("monitor::Registry::gauge", "name", ["calls_total"], TOTAL, |name| {
        all.gauge(name, "")
    });
    table.each("monitor::Registry::gauge", "name", ["a_sum", "a_bucket"], SUFFIX, |name| {
        all.gauge(name, "")
    });
    all.gauge("taken", "").unwrap();
    table.each("monitor::Registry::gauge", "name", ["taken"], TAKEN, |name| {
        all.gauge(name, "another help")
    });
}

fn labels(table: &mut Table) {
    let all = Registry::new();
    let no_labels = ["", "0a", "a:b", "__a", "a-b"];
    table.each("monitor::Labels::new", "labels", no_labels, LABEL, |name| {
        Labels::new(&[(name, "x")])
    });
    table.each("monitor::Registry::counters", "labels", no_labels, LABEL, |name| {
        all.counters("a_total", "", [name])
    });
    table.each("monitor::Registry::gauges", "labels", no_labels, LABEL, |name| {
        all.gauges("a", "", [name])
    });
    let options = HistogramOptions::new();
    table.each("monitor::Registry::histograms", "labels", no_labels, LABEL, |name| {
        all.histograms("a", "", [name], &options)
    });
    let reserved = "other names than `le`, `quantile` and `overflow`, which exports use";
    table.each("monitor::Labels::new", "labels", ["le", "quantile"], reserved, |name| {
        Labels::new(&[(name, "x")])
    });
    let twice = Labels::new(&[("a", "1"), ("a", "2")]);
    table.refused("monitor::Labels::new", "labels", "\"a\" and \"a\"", "each name once", twice);
}

fn histograms(rt: &Sim, table: &mut Table) {
    let all = Registry::new();
    table.period("monitor::HistogramOptions::window", "window", |d| {
        Histogram::new(&HistogramOptions::new().window(rt, d))
    });
    let allowed = "finite, more than zero, and each more than the one before";
    let no_bounds: [&[f64]; 7] = [
        &[f64::NAN],
        &[f64::INFINITY],
        &[f64::NEG_INFINITY],
        &[0.0],
        &[-1.0, 1.0],
        &[1.0, 1.0],
        &[2.0, 1.0],
    ];
    for bounds in no_bounds {
        let options = HistogramOptions::new().bounds(bounds.iter().copied());
        let value = format!("{bounds:?}");
        for (of, refused) in [
            ("monitor::HistogramOptions::bounds", Histogram::new(&options).map(drop)),
            ("monitor::Histogram::new", Histogram::new(&options).map(drop)),
            ("monitor::Registry::histogram_with", all.histogram_with("a", "", &options).map(drop)),
            (
                "monitor::Registry::histograms",
                all.histograms("a", "", ["path"], &options).map(drop),
            ),
        ] {
            table.refused(of, "bounds", &value, allowed, refused);
        }
    }
}

fn collectors(rt: &Sim, table: &mut Table) {
    let all = Registry::with_max_series(2).unwrap();
    table.each("monitor::Registry::register", "name", NO_NAMES, NAME, |name| {
        let name = name.to_owned();
        all.register(move |told: &mut Collection| told.gauge(&name, "", &[], 1.0))
    });
    let twice = |told: &mut Collection| {
        told.gauge("tea", "", &[], 1.0);
        told.gauge("tea", "", &[], 2.0);
    };
    let once = "each series once: tell them apart by a label";
    table.refused("monitor::Registry::register", "name", "tea", once, all.register(twice));
    let many = |told: &mut Collection| {
        for path in ["a", "b", "c"] {
            told.gauge("tea", "", &[("path", path)], 1.0);
        }
    };
    table.refused(
        "monitor::Registry::register",
        "name",
        "\"tea\" with more than 2 series",
        "`max_series` and less",
        all.register(many),
    );
    table.refused(
        "monitor::Registry::register",
        "collector",
        "one that panicked",
        "a collector that does not panic",
        all.register(|_: &mut Collection| panic!("no tea (this panic is a part of the test)")),
    );

    let all = Registry::new();
    let executor = TaskExecutor::new(rt);
    let watch = |all: &Registry| {
        let executor = executor.clone();
        all.watch("work", move || executor.stats())
    };
    watch(&all).unwrap();
    let series = "mtaio_executor_live{name=\"work\"}";
    table.refused("monitor::Registry::watch", "name", series, once, watch(&all));
    all.watch_itself("it").unwrap();
    let series = "mtaio_registry_collectors{name=\"it\"}";
    table.refused("monitor::Registry::watch_itself", "name", series, once, all.watch_itself("it"));
}

fn watched(rt: &Sim) -> MonitorBuilder {
    Monitor::new(rt).interval(Duration::from_secs(10)).keep(7, 100)
}

fn monitors(rt: &Sim, table: &mut Table) {
    table.period("monitor::MonitorBuilder::interval", "interval", |d| {
        watched(rt).interval(d).build()
    });
    let allowed = "1 to 16777216";
    table.each("monitor::MonitorBuilder::keep", "points", [0, usize::MAX], allowed, |n| {
        watched(rt).keep(n, 1).build()
    });
    table.each("monitor::MonitorBuilder::keep", "series", [0, usize::MAX], allowed, |n| {
        watched(rt).keep(1, n).build()
    });
    let monitor = watched(rt).build().unwrap();
    table.each(
        "monitor::Monitor::alerts",
        "overflow",
        [Overflow::Block(0), Overflow::DropOldest(0)],
        "a capacity of 1 or more",
        |room| monitor.alerts(room),
    );
}

fn rules(rt: &Sim, table: &mut Table) {
    let build = |rule| watched(rt).rule(rule).build();
    let errors = || Signal::value("errors_total");
    table.refused(
        "monitor::MonitorBuilder::build",
        "rule",
        "\"\"",
        "a name that is not empty",
        build(Rule::above("", errors(), 1.0)),
    );
    let twice =
        watched(rt).rule(Rule::above("a", errors(), 1.0)).rule(Rule::below("a", errors(), 1.0));
    table.refused(
        "monitor::MonitorBuilder::rule",
        "rule",
        "\"a\", twice",
        "each name once",
        twice.build(),
    );
    table.each("monitor::Rule::above", "bound", [f64::NAN], "a number", |bound| {
        build(Rule::above("a", errors(), bound))
    });
    table.each("monitor::Rule::below", "bound", [f64::NAN], "a number", |bound| {
        build(Rule::below("a", errors(), bound))
    });
    let allowed = "at most 100 years";
    table.each("monitor::Rule::for_at_least", "for_at_least", [Duration::MAX], allowed, |d| {
        build(Rule::above("a", errors(), 1.0).for_at_least(d))
    });
    table.each("monitor::Rule::keep_for", "keep_for", [Duration::MAX], allowed, |d| {
        build(Rule::above("a", errors(), 1.0).keep_for(d))
    });

    let signal = |signal| build(Rule::above("a", signal, 1.0));
    table
        .each("monitor::Signal::value", "name", NO_NAMES, NAME, |name| signal(Signal::value(name)));
    let allowed = "at least `interval`, and at most the time that is kept";
    let windows = [Duration::ZERO, Duration::from_secs(9), Duration::from_secs(61), Duration::MAX];
    table.each("monitor::Signal::rate", "window", windows, allowed, |d| {
        signal(Signal::rate("a_total", d))
    });
    table.each("monitor::Signal::increase", "window", windows, allowed, |d| {
        signal(Signal::increase("a_total", d))
    });
    table.each("monitor::Signal::mean", "window", windows, allowed, |d| {
        signal(Signal::mean("a", d))
    });
    let percents = [-0.1, 100.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY];
    table.each("monitor::Signal::percentile", "percent", percents, "0 to 100", |percent| {
        signal(Signal::percentile("a", percent))
    });
}
