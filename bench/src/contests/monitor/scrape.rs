//! Ten thousand series as text: counters of a hundred names, and histograms of as many lines.

use std::cell::OnceCell;
use std::hint::black_box;
use std::time::Instant;

use metrics_exporter_prometheus::PrometheusBuilder;
use mtaio::monitor::{HistogramOptions, Registry};
use prometheus_client::encoding::text::encode;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::Registry as ClientRegistry;

use super::GROUP;
use crate::harness::Aim::Gate;
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, Side, Unit};

const SERIES: u64 = 10_000;
const NAMES: u64 = 100;

/// A histogram of 15 bounds is 18 lines, `+Inf`, the sum and the count among them.
const HISTOGRAMS: u64 = 560;
const BOUNDS: [f64; 15] = {
    let mut bounds = [1.0 / 1024.0; 15];
    let mut at = 1;
    while at < bounds.len() {
        bounds[at] = bounds[at - 1] * 2.0;
        at += 1;
    }
    bounds
};

type Labels = Vec<(&'static str, String)>;

pub(super) fn contests() -> Outcome<[Contest; 2]> {
    let aim = Gate(Ratio(1.0));
    let counters = Contest::new(GROUP, "metrics-scrape-10k/counters")
        .items(SERIES)
        .ours(scrape(our_counters, |registry| registry.render()))
        .peer(
            "metrics-exporter-prometheus",
            aim,
            scrape(their_counters, |all| all.handle().render()),
        )
        .peer("prometheus-client", aim, scrape(client_counters, client_text));
    let histograms = Contest::new(GROUP, "metrics-scrape-10k/histograms")
        .items(SERIES)
        .ours(scrape(our_histograms, |registry| registry.render()))
        .peer(
            "metrics-exporter-prometheus",
            aim,
            scrape(their_histograms, |all| all.handle().render()),
        )
        .peer("prometheus-client", aim, scrape(client_histograms, client_text));
    Ok([counters, histograms])
}

/// One scrape a round, of a registry that is filled before the first.
fn scrape<T: 'static>(fill: fn() -> Outcome<T>, read: fn(&T) -> String) -> Side {
    let filled = OnceCell::new();
    Side::new(Unit::Nanos, move |_| {
        if filled.get().is_none() {
            let all = fill()?;
            let lines = read(&all).lines().filter(|line| !line.starts_with('#')).count();
            if !(SERIES as usize).abs_diff(lines) < 200 {
                return Err(format!("{lines} lines").into());
            }
            let _ = filled.set(all);
        }
        let Some(all) = filled.get() else { return Err("nothing is filled".into()) };
        let start = Instant::now();
        black_box(read(all));
        Ok(start.elapsed().as_nanos() as f64)
    })
}

fn name(number: u64, unit: &str) -> String {
    format!("app_requests_of_kind_{number}{unit}")
}

fn values(number: u64) -> [String; 2] {
    [format!("/api/v1/{}/items", number % 50), format!("{}", 200 + number % 2)]
}

fn our_counters() -> Outcome<Registry> {
    let registry = Registry::new();
    for number in 0..NAMES {
        let counters =
            registry.counters(&name(number, "_total"), "Requests.", ["route", "status"])?;
        for series in 0..SERIES / NAMES {
            let values = values(series);
            counters.with([&values[0], &values[1]]).add(series * 7_919);
        }
    }
    Ok(registry)
}

fn our_histograms() -> Outcome<Registry> {
    let registry = Registry::new();
    let options = HistogramOptions::new().bounds(BOUNDS);
    for number in 0..HISTOGRAMS / 10 {
        let name = name(number, "_seconds");
        let all = registry.histograms(&name, "Times.", ["route", "status"], &options)?;
        for series in 0..10 {
            let values = values(series);
            let histogram = all.with([&values[0], &values[1]]);
            recorded().for_each(|value| histogram.record(value));
        }
    }
    Ok(registry)
}

fn recorded() -> impl Iterator<Item = f64> {
    (1..=1_000).map(|millis| f64::from(millis) / 1_000.0)
}

fn their_counters() -> Outcome<metrics_exporter_prometheus::PrometheusRecorder> {
    let recorder = PrometheusBuilder::new().build_recorder();
    metrics::with_local_recorder(&recorder, || {
        for number in 0..NAMES {
            for series in 0..SERIES / NAMES {
                let [route, status] = values(series);
                metrics::counter!(name(number, "_total"), "route" => route, "status" => status)
                    .increment(series * 7_919);
            }
        }
    });
    Ok(recorder)
}

fn their_histograms() -> Outcome<metrics_exporter_prometheus::PrometheusRecorder> {
    let recorder = PrometheusBuilder::new().set_buckets(&BOUNDS)?.build_recorder();
    metrics::with_local_recorder(&recorder, || {
        for number in 0..HISTOGRAMS / 10 {
            for series in 0..10 {
                let [route, status] = values(series);
                let name = name(number, "_seconds");
                let histogram = metrics::histogram!(name, "route" => route, "status" => status);
                recorded().for_each(|value| histogram.record(value));
            }
        }
    });
    Ok(recorder)
}

fn client_counters() -> Outcome<ClientRegistry> {
    let mut registry = ClientRegistry::default();
    for number in 0..NAMES {
        let family = Family::<Labels, Counter>::default();
        for series in 0..SERIES / NAMES {
            let [route, status] = values(series);
            let labels = vec![("route", route), ("status", status)];
            family.get_or_create(&labels).inc_by(series * 7_919);
        }
        registry.register(name(number, ""), "Requests", family);
    }
    Ok(registry)
}

fn client_histograms() -> Outcome<ClientRegistry> {
    let mut registry = ClientRegistry::default();
    for number in 0..HISTOGRAMS / 10 {
        let make: fn() -> Histogram = || Histogram::new(BOUNDS);
        let family = Family::<Labels, Histogram, _>::new_with_constructor(make);
        for series in 0..10 {
            let [route, status] = values(series);
            let labels = vec![("route", route), ("status", status)];
            let histogram = family.get_or_create(&labels);
            recorded().for_each(|value| histogram.observe(value));
        }
        registry.register(name(number, "_seconds"), "Times", family);
    }
    Ok(registry)
}

fn client_text(registry: &ClientRegistry) -> String {
    let mut text = String::new();
    // A string takes all.
    let _ = encode(&mut text, registry);
    text
}
