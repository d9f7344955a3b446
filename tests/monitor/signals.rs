//! What signals come to, seen by the alerts of rules that always hold.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtaio::RuntimeExt;
use mtaio::monitor::{Alert, AlertState, HistogramOptions, Monitor, Registry, Rule, Signal};
use mtaio_sim::Sim;

const SECOND: Duration = Duration::from_secs(1);

/// The values that `signal` has at the last of four looks, a second from each other, by labels.
/// `change` is called between two looks, with the number of the one before, from 0.
fn values(signal: Signal, change: impl Fn(&Registry, u32) + Send + 'static) -> Vec<(String, f64)> {
    Sim::run(0, |rt| async move {
        let registry = Registry::new();
        let rule = Rule::above("any", signal, f64::NEG_INFINITY);
        let monitor = Monitor::new(&rt)
            .registry(&registry)
            .interval(SECOND)
            .keep(60, 100)
            .without_system()
            .rule(rule)
            .build()
            .unwrap();
        monitor.start();
        for look in 0..3 {
            rt.sleep(SECOND / 2).await;
            change(&registry, look);
            rt.sleep(SECOND / 2).await;
        }
        rt.sleep(SECOND / 2).await;
        monitor.stop().await;
        let firing = monitor.firing();
        firing.into_iter().map(|alert| (alert.labels.to_string(), alert.value)).collect()
    })
}

fn only(values: &[(String, f64)]) -> f64 {
    let [(labels, value)] = values else { panic!("{values:?}") };
    assert_eq!(labels, "");
    *value
}

fn count(registry: &Registry, name: &str, more: u64) {
    registry.counter(name, "Something.").unwrap().add(more);
}

#[test]
fn an_average_response_time() {
    let window = SECOND * 10;
    let change = |registry: &Registry, look| {
        let times = registry.histogram("response_seconds", "Times.").unwrap();
        (0..=look).for_each(|_| times.record(0.25 * f64::from(look + 1)));
    };
    // Seen since after the first change: two of half a second, three of three quarters.
    let average = only(&values(Signal::mean("response_seconds", window), change));
    assert!((average - 3.25 / 5.0).abs() < 1e-9, "{average}");
    let count = only(&values(Signal::value("response_seconds_count"), change));
    let sum = only(&values(Signal::value("response_seconds_sum"), change));
    assert_eq!((count, sum), (6.0, 3.5));
    assert_eq!(values(Signal::value("response_seconds"), change), [], "it has no one value");
    let p99 = only(&values(Signal::percentile("response_seconds", 99.0), change));
    assert!((p99 - 0.75).abs() < 0.0075, "{p99}");
}

#[test]
fn a_percentile_is_of_the_window_if_there_is_one() {
    let change = |registry: &Registry, look| {
        let options = HistogramOptions::new();
        let times = registry.histogram_with("times", "Times.", &options).unwrap();
        times.record(f64::from(look));
    };
    assert_eq!(only(&values(Signal::percentile("times", 100.0), change)), 2.0);
    assert_eq!(only(&values(Signal::percentile("times", 0.0), change)), 0.0);
}

#[test]
fn ratios_go_by_labels() {
    let change = |registry: &Registry, look: u32| {
        let failures = registry.counters("failures_total", "Failures.", ["route"]).unwrap();
        let requests = registry.counters("requests_total", "Requests.", ["route"]).unwrap();
        for (route, failed, of) in [("/a", 1, 10), ("/b", 3, 4)] {
            failures.with([route]).add(failed);
            requests.with([route]).add(of);
        }
        requests.with(["/c"]).add(u64::from(look));
    };
    let by_route = Signal::value("failures_total").over(Signal::value("requests_total"));
    assert_eq!(
        values(by_route.clone(), change),
        [(r#"{route="/a"}"#.into(), 0.1), (r#"{route="/b"}"#.into(), 0.75)]
    );
    let of_all = Signal::value("failures_total").over(Signal::value("requests_total").sum());
    assert_eq!(
        values(of_all, change),
        [(r#"{route="/a"}"#.into(), 3.0 / 45.0), (r#"{route="/b"}"#.into(), 9.0 / 45.0)]
    );
    let one = by_route.having("route", "/b");
    assert_eq!(values(one.clone(), change), [(r#"{route="/b"}"#.into(), 0.75)]);
    assert_eq!(only(&values(one.sum(), change)), 0.75);
    let rate = Signal::rate("failures_total", SECOND * 5).sum();
    assert_eq!(only(&values(rate, change)), 4.0);
    // Nothing over nothing is beyond no bound, and what is not there has no value.
    let nothing = Signal::value("idle_total").over(Signal::value("idle_total"));
    assert_eq!(values(nothing, |registry, _| count(registry, "idle_total", 0)), []);
    assert_eq!(values(Signal::value("unknown").sum(), |_, _| ()), []);
    let infinite = Signal::value("some_total").over(Signal::value("idle_total"));
    let change = |registry: &Registry, _| {
        count(registry, "some_total", 1);
        count(registry, "idle_total", 0);
    };
    assert_eq!(only(&values(infinite, change)), f64::INFINITY);
}

#[test]
fn a_rule_that_never_had_two_values_has_no_rate() {
    let late = |registry: &Registry, look| {
        if look == 2 {
            count(registry, "late_total", 7);
        }
    };
    assert_eq!(values(Signal::rate("late_total", SECOND * 5), late), []);
    let twice = |registry: &Registry, look| {
        if look >= 1 {
            count(registry, "late_total", 7);
        }
    };
    assert_eq!(only(&values(Signal::rate("late_total", SECOND * 5), twice)), 7.0);
    assert_eq!(only(&values(Signal::increase("late_total", SECOND * 5), twice)), 7.0);
}

#[test]
fn growth_is_from_the_last_value_before_the_window_and_over_beginnings() {
    let by = |grown: [u64; 3]| {
        move |registry: &Registry, look: u32| {
            count(registry, "grown_total", if look == 0 { 100 } else { grown[look as usize] });
        }
    };
    // Seen with 100, 102, 106, a second apart.
    for (halves, grown) in [(2, 4.0), (3, 6.0), (4, 6.0), (20, 6.0)] {
        let window = SECOND * halves / 2;
        let increase = Signal::increase("grown_total", window);
        assert_eq!(only(&values(increase, by([0, 2, 4]))), grown, "{window:?}");
    }
    // It was 100, begins anew, and is 30, then 31.
    let anew = |registry: &Registry, look: u32| {
        // What goes back is a gauge, and read as a counter of another process would be.
        registry.gauge("anew", "Something.").unwrap().set([100.0, 30.0, 31.0][look as usize]);
    };
    let seen = values(Signal::increase("anew", SECOND * 20), anew);
    assert_eq!(only(&seen), 31.0);
}

#[test]
fn a_gauge_of_infinity_or_nan() {
    let told = |value: f64| {
        let change = move |registry: &Registry, _| {
            registry.gauge("level", "A level.").unwrap().set(value);
        };
        values(Signal::value("level"), change)
    };
    assert_eq!(only(&told(f64::INFINITY)), f64::INFINITY);
    assert_eq!(told(f64::NAN), []);
    assert_eq!(told(f64::NEG_INFINITY), [], "it is not above itself");
}

#[test]
fn what_became_nan_is_resolved() {
    Sim::run(0, |rt| async move {
        let registry = Registry::new();
        let level = registry.gauge("level", "A level.").unwrap();
        let rule = Rule::above("high", Signal::value("level"), 1.0);
        let monitor = Monitor::new(&rt).registry(&registry).without_system().rule(rule);
        let monitor = monitor.interval(SECOND).build().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        monitor.emitter().on({
            let told = Arc::clone(&told);
            async move |alert: &Alert| {
                told.lock().unwrap().push((alert.state, alert.value.is_nan()));
            }
        });
        monitor.start();
        rt.sleep(SECOND / 2).await;
        for value in [2.0, f64::NAN, 3.0] {
            level.set(value);
            rt.sleep(SECOND).await;
        }
        monitor.stop().await;
        monitor.delivered().await;
        let told = told.lock().unwrap().clone();
        let (firing, resolved) = ((AlertState::Firing, false), (AlertState::Resolved, true));
        assert_eq!(told, [firing, resolved, firing]);
    });
}
