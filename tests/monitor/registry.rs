//! Names, labels and their bounds; handles.

use mtaio::ConfigError;
use mtaio::monitor::{HistogramOptions, Kind, Labels, Registry};

use crate::common::ms;
use crate::parser::parse;

#[test]
fn what_is_asked_for_twice_is_the_same() {
    let registry = Registry::new();
    registry.counter("a_total", "A.").expect("new").inc();
    registry.clone().counter("a_total", "A.").expect("the same").inc();
    assert_eq!(registry.counter("a_total", "A.").expect("the same").get(), 2);

    registry.gauge("b", "B.").expect("new").set(1.5);
    assert_eq!(registry.gauge("b", "B.").expect("the same").get(), 1.5);

    registry.histogram("c", "C.").expect("new").record(1.0);
    assert_eq!(registry.histogram("c", "C.").expect("the same").total().count(), 1);

    // In whatever order the labels are given.
    let one = registry.counters("d_total", "D.", ["x", "y"]).expect("new");
    one.with(["1", "2"]).inc();
    let other = registry.counters("d_total", "D.", ["y", "x"]).expect("the same");
    assert_eq!(other.with(["2", "1"]).get(), 1);
    assert_eq!((one.len(), other.is_empty()), (1, false));
}

#[test]
fn what_is_another_is_refused() {
    let registry = Registry::new();
    registry.counter("a_total", "A.").expect("new");
    registry.gauge("b", "B.").expect("new");
    registry.histogram("c", "C.").expect("new");
    let options = HistogramOptions::new();
    let bounded = HistogramOptions::new().bounds([1.0, 2.0]);
    let windowed = mtaio_sim::Sim::run(0, |rt| async move {
        [1, 2].map(|length| HistogramOptions::new().window(&rt, ms(length)).bounds([1.0, 2.0]))
    });
    registry.histogram_with("d", "D.", &bounded).expect("new");
    registry.histogram_with("e", "E.", &windowed[0]).expect("new");
    registry.histogram_with("e", "E.", &windowed[0]).expect("the same");
    let refused = [
        registry.counter("a_total", "Another.").err(),
        registry.counters("a_total", "A.", ["x"]).err(),
        registry.gauge("c", "C.").err(),
        registry.histogram("b", "B.").err(),
        registry.gauges("b", "B.", ["x"]).err(),
        registry.histogram_with("c", "C.", &bounded).err(),
        registry.histograms("c", "C.", ["x"], &options).err(),
        registry.histogram("d", "D.").err(),
        registry.histogram_with("d", "D.", &windowed[0]).err(),
        registry.histogram_with("e", "E.", &windowed[1]).err(),
    ];
    for (number, refused) in refused.into_iter().enumerate() {
        assert_eq!(refused.map(|error| error.field()), Some("name"), "{number}");
    }
    assert_eq!(registry.stats().families, 5, "what is refused leaves nothing");
}

#[test]
fn what_is_no_name_is_refused() {
    let registry = Registry::new();
    let no_names = [
        "", "1a", "a b", "a-b", "a\n", "a{", "a\"", "ä", "a.b", "\u{0}", "_sum", "a_count",
        "b_bucket",
    ];
    for name in no_names {
        let errors: [Option<ConfigError>; 3] = [
            registry.counter(&format!("{name}_total"), "").err(),
            registry.gauge(name, "").err(),
            registry.histogram(name, "").err(),
        ];
        let expected = if name.is_empty() || name.ends_with(['m', 't']) { 2 } else { 3 };
        assert_eq!(errors.iter().flatten().count(), expected, "{name:?}: {errors:?}");
    }
    assert!(registry.counter("requests", "").is_err(), "a counter ends with `_total`");
    assert!(registry.gauge("requests_total", "").is_err(), "a gauge does not");
    assert!(registry.histogram("requests_total", "").is_err(), "nor does a histogram");
    for name in ["", "1", "a-b", "__a", "le", "quantile", "overflow", "ü", "a\"", "a=\"\",b"] {
        let error = registry.counters("labelled_total", "", [name]).err();
        assert_eq!(error.map(|error| error.field()), Some("labels"), "{name:?}");
        assert!(Labels::new(&[(name, "")]).is_err(), "{name:?}");
    }
    assert!(registry.counters("labelled_total", "", ["a", "b", "a"]).is_err());
    assert!(Labels::new(&[("a", "1"), ("a", "2")]).is_err());
    for name in ["a:b_total", "_total", "A9_total"] {
        registry.counter(name, "").expect("it is a name");
    }
    assert!(Registry::with_max_series(0).is_err());
    for bounds in
        [vec![0.0], vec![-1.0], vec![f64::NAN], vec![f64::INFINITY], vec![2.0, 1.0], vec![1.0; 2]]
    {
        let options = HistogramOptions::new().bounds(bounds.clone());
        let error = registry.histogram_with("h", "", &options).err();
        assert_eq!(error.map(|error| error.field()), Some("bounds"), "{bounds:?}");
    }
    mtaio_sim::Sim::run(0, |rt| async move {
        for window in [std::time::Duration::ZERO, std::time::Duration::MAX] {
            let options = HistogramOptions::new().window(&rt, window);
            let error = Registry::new().histogram_with("h", "", &options).err();
            assert_eq!(error.map(|error| error.field()), Some("window"));
        }
    });
    let families = registry.stats().families;
    assert_eq!((families, parse(&registry.render()).len()), (6, 6));
}

#[test]
fn labels_are_bounded_and_nothing_is_lost() {
    let registry = Registry::with_max_series(100).expect("not zero");
    let hits = registry.counters("hits_total", "Hits.", ["user"]).expect("new");
    let times = registry
        .histograms("hit_seconds", "Times.", ["user"], &HistogramOptions::new())
        .expect("new");
    for user in 0..1_000 {
        hits.with([&user.to_string()]).add(2);
        times.with([&user.to_string()]).record(1.0);
    }
    assert_eq!((hits.len(), hits.overflowed(), times.overflowed()), (101, 900, 900));
    let stats = registry.stats();
    assert_eq!((stats.series, stats.overflowed), (202, 1_800));

    let snapshot = registry.gather();
    let family = snapshot.family("hits_total").expect("it is there");
    let sum: f64 = family.samples.iter().map(|sample| sample.value.as_f64()).sum();
    assert_eq!(sum, 2_000.0);
    assert_eq!(family.get(&[("overflow", "true")]).expect("it is there").as_f64(), 1_800.0);
    parse(&registry.render());

    // Those that were there before stay, and one that leaves makes room.
    hits.with(["7"]).inc();
    assert_eq!(hits.with(["7"]).get(), 3);
    assert!(hits.remove(["7"]) && !hits.remove(["7"]));
    assert_eq!(hits.with(["new"]).get(), 0);
    assert_eq!((hits.len(), hits.overflowed()), (101, 900));
}

#[test]
fn a_removed_series_is_not_shown() {
    let registry = Registry::new();
    let open = registry.gauges("open", "Open.", ["shard", "zone"]).expect("new");
    let kept = open.with(["1", "b"]);
    open.with(["2", "a"]).set(1.0);
    assert!(open.remove(["1", "b"]));
    kept.set(9.0);
    assert_eq!(registry.gather().family("open").expect("it is there").samples.len(), 1);
    assert_eq!(open.with(["1", "b"]).get(), 0.0, "it begins anew");
}

#[test]
fn a_counter_stays_at_its_end() {
    let counter = Registry::new().counter("a_total", "A.").expect("new");
    counter.add(u64::MAX - 1);
    counter.inc();
    assert_eq!(counter.get(), u64::MAX);
    counter.inc();
    counter.add(u64::MAX);
    assert_eq!(counter.get(), u64::MAX);
    // Also where this thread has a number of its own in it.
    let busy = mtaio::monitor::Counter::new();
    (0..5_000).for_each(|_| busy.inc());
    busy.add(u64::MAX - 10_000);
    busy.add(20_000);
    assert_eq!(busy.get(), u64::MAX);
    // What other threads add goes elsewhere, and the sum stays too.
    std::thread::scope(|scope| _ = scope.spawn(|| counter.add(5)));
    assert_eq!(counter.get(), u64::MAX);
}

#[test]
fn a_snapshot_is_asked_by_name_and_labels() {
    let registry = Registry::new();
    registry.counters("a_total", "A.", ["x", "y"]).expect("new").with(["1", "2"]).add(3);
    registry.gauge("b", "B.").expect("new").set(f64::NAN);
    let snapshot = registry.gather();
    let of = |labels| snapshot.get("a_total", labels).map(|value| value.as_f64());
    assert_eq!(of(&[("y", "2"), ("x", "1")]), Some(3.0));
    assert_eq!(of(&[("x", "1")]), None, "all labels are to be told");
    assert_eq!(of(&[("x", "1"), ("y", "2"), ("z", "")]), None);
    assert!(snapshot.get("b", &[]).expect("it is there").as_f64().is_nan());
    assert!(snapshot.family("c").is_none());
    assert_eq!(snapshot.family("b").map(|family| family.kind), Some(Kind::Gauge));
}
