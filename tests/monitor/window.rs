//! What is recent, by the runtime's clock.

use std::time::Duration;

use mtaio::monitor::{Histogram, HistogramOptions, Registry, Value};
use mtaio::{Instant, Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::common::{ms, on_every_runtime};

async fn what_is_old_is_not_recent<R: Runtime>(rt: R) {
    let registry = Registry::new();
    let options = HistogramOptions::new().window(&rt, ms(60));
    let latency = registry.histogram_with("a_seconds", "A.", &options).expect("new");
    latency.record_duration(ms(250));
    assert_eq!(latency.total().max(), Some(0.25));
    rt.sleep(ms(80)).await;
    assert!(latency.recent().is_empty(), "{:?}", latency.recent());
    latency.record_duration(ms(500));
    let snapshot = registry.gather();
    let Some(Value::Histogram(value)) = snapshot.get("a_seconds", &[]) else {
        panic!("{snapshot:?}");
    };
    assert_eq!(value.total.count(), 2);
    let recent = value.recent.as_ref().expect("it has a window");
    assert!(recent.count() <= 1, "{recent:?}");
}

on_every_runtime!(seeds = 10; what_is_old_is_not_recent);

/// All that came within the window is recent, and nothing that is older by more than a step of it.
#[test]
fn recent_is_what_came_within_the_window() {
    Sim::explore(Explore::new().seeds(0..200), |rt| async move {
        let below = |n: u64| (rt.entropy() >> 33) % n;
        let length = Duration::from_nanos([1, 5, 6, 1_000, 60_000_000_000][below(5) as usize]);
        let options = HistogramOptions::new().window(&rt, length);
        let histogram = Histogram::new(&options).expect("a window");
        let step = (length / 6).max(Duration::from_nanos(1));
        let mut values: Vec<(Instant, f64)> = Vec::new();
        for _ in 0..below(300) {
            match below(10) {
                0 => rt.sleep(length * below(20) as u32).await,
                1 => rt.sleep(Duration::from_secs(below(100_000_000))).await,
                2 | 3 => rt.sleep(length / (1 + below(30) as u32)).await,
                4 | 5 => check(&histogram, &values, rt.now(), length, step),
                _ => {
                    let value = below(1_000) as f64;
                    histogram.record(value);
                    values.push((rt.now(), value));
                }
            }
        }
        check(&histogram, &values, rt.now(), length, step);
    });
}

fn check(
    histogram: &Histogram,
    values: &[(Instant, f64)],
    now: Instant,
    length: Duration,
    step: Duration,
) {
    let since = |from: Duration| {
        values.iter().filter(move |(at, _)| now - *at < from).map(|(_, value)| *value)
    };
    let recent = histogram.recent();
    let (least, most) = (since(length).count() as u64, since(length + step).count() as u64);
    assert!((least..=most).contains(&recent.count()), "{least}..={most}: {}", recent.count());
    assert_eq!(histogram.total().count(), values.len() as u64);
    // The very values: it is a run of the last ones.
    let run = &values[values.len() - recent.count() as usize..];
    let sum: f64 = run.iter().map(|(_, value)| value).sum();
    assert!((recent.sum() - sum).abs() <= 1e-9 * histogram.total().sum(), "{} {sum}", recent.sum());
    let mut sorted: Vec<_> = run.iter().map(|(_, value)| *value).collect();
    sorted.sort_by(f64::total_cmp);
    for percent in [50.0, 99.0, 100.0] {
        let rank = (percent * sorted.len() as f64 / 100.0).ceil() as usize;
        match (recent.percentile(percent), rank) {
            (None, 0) => {}
            (Some(told), 1..) => {
                let exact = sorted[rank - 1];
                assert!((told - exact).abs() <= 0.01 * exact, "{percent} %: {told}, not {exact}");
            }
            other => panic!("{other:?}"),
        }
    }
}
