//! One more, and one value more.

use std::hint::black_box;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusRecorder};
use mtaio::monitor::{Counter, Histogram, HistogramOptions};
use mtaio_runtime::Runtime;
use prometheus_client::metrics::counter::Counter as ClientCounter;
use prometheus_client::metrics::histogram::{Histogram as ClientHistogram, exponential_buckets};

use super::super::Hosts;
use super::{GROUP, shared};
use crate::harness::Aim::{Gate, Open};
use crate::harness::Bound::{Nanos, Ratio};
use crate::harness::{Contest, Outcome, Side, Unit};
use crate::host::Host;

pub(super) fn contests(hosts: &Hosts) -> Outcome<Vec<Contest>> {
    let mut contests = Vec::new();
    for threads in [1, 2] {
        contests.push(counter(threads)?);
        contests.push(histogram(threads)?);
    }
    contests.push(windowed("fast-clock", &hosts.tokio[0].adapter().with_fast_clock())?);
    contests.push(windowed("std-clock", &hosts.tokio[0].adapter())?);
    Ok(contests)
}

fn counter(threads: usize) -> Outcome<Contest> {
    let (ours, client, plain) =
        (Counter::new(), ClientCounter::<u64>::default(), AtomicU64::new(0));
    let recorder = recorder();
    let metrics = metrics::with_local_recorder(&recorder, || metrics::counter!("counted_total"));
    Ok(Contest::new(GROUP, format!("metrics-counter/{threads}"))
        .ours(shared(threads, move |times| (0..times).for_each(|_| ours.inc())))
        .peer(
            "metrics",
            Gate(Ratio(1.0)),
            shared(threads, move |times| {
                (0..times).for_each(|_| metrics.increment(1));
            }),
        )
        .peer(
            "prometheus-client",
            Gate(Ratio(1.0)),
            shared(threads, move |times| {
                (0..times).for_each(|_| _ = client.inc());
            }),
        )
        .peer(
            "AtomicU64",
            Gate(Nanos(20.0)),
            shared(threads, move |times| {
                (0..times).for_each(|_| _ = plain.fetch_add(1, Ordering::Relaxed));
            }),
        ))
}

fn histogram(threads: usize) -> Outcome<Contest> {
    let ours = Histogram::new(&HistogramOptions::new())?;
    let client = ClientHistogram::new(exponential_buckets(1.0 / 1024.0, 2.0, 15));
    let recorder = recorder();
    let metrics = metrics::with_local_recorder(&recorder, || metrics::histogram!("timed_seconds"));
    let contest = Contest::new(GROUP, format!("metrics-histogram/{threads}"))
        .ours(shared(threads, move |times| each_second(times, |value| ours.record(value))))
        .peer(
            "metrics",
            Gate(Ratio(1.0)),
            kept_up(
                &recorder,
                shared(threads, move |times| {
                    each_second(times, |value| metrics.record(value));
                }),
            ),
        )
        .peer(
            "prometheus-client",
            Gate(Ratio(1.0)),
            shared(threads, move |times| {
                each_second(times, |value| client.observe(value));
            }),
        )
        .peer("hdrhistogram + Mutex", Gate(Nanos(30.0)), hdr_in_mutex(threads)?);
    Ok(if threads == 1 {
        contest.peer("hdrhistogram", Gate(Ratio(1.0)), hdr_alone()?)
    } else {
        contest
    })
}

/// What a window costs, which looks at the clock with each value.
fn windowed<R: Runtime>(clock: &str, rt: &R) -> Outcome<Contest> {
    let options = HistogramOptions::new().window(rt, Duration::from_secs(60));
    let (ours, without) = (Histogram::new(&options)?, Histogram::new(&HistogramOptions::new())?);
    Ok(Contest::new(GROUP, format!("metrics-windowed/{clock}"))
        .ours(shared(1, move |times| each_second(times, |value| ours.record(value))))
        .peer(
            "without a window",
            Open,
            shared(1, move |times| {
                each_second(times, |value| without.record(value));
            }),
        ))
}

/// One that nobody shares: it is `&mut`.
fn hdr_alone() -> Outcome<Side> {
    let mut histogram = hdr()?;
    Ok(Side::new(Unit::Nanos, move |times| {
        let start = Instant::now();
        each_nano(times as usize, |nanos| histogram.saturating_record(nanos));
        Ok(start.elapsed().as_nanos() as f64)
    }))
}

fn hdr_in_mutex(threads: usize) -> Outcome<Side> {
    let histogram = Mutex::new(hdr()?);
    Ok(shared(threads, move |times| {
        each_nano(times, |nanos| {
            if let Ok(mut histogram) = histogram.lock() {
                histogram.saturating_record(nanos);
            }
        });
    }))
}

/// Two digits, as ours; from a nanosecond to an hour.
fn hdr() -> Outcome<hdrhistogram::Histogram<u64>> {
    Ok(hdrhistogram::Histogram::new_with_bounds(1, 3_600_000_000_000, 2)?)
}

fn recorder() -> PrometheusRecorder {
    PrometheusBuilder::new().build_recorder()
}

/// Its histograms keep every value until somebody keeps them up; that is done between the rounds.
fn kept_up(recorder: &PrometheusRecorder, mut side: Side) -> Side {
    let handle = recorder.handle();
    Side::new(Unit::Nanos, move |times| {
        let took = side.run(times)?;
        handle.run_upkeep();
        Ok(took)
    })
}

/// Latencies from 100 µs to 100 ms, in no order.
const LATENCIES: usize = 1_024;

fn each_second(times: usize, record: impl Fn(f64)) {
    let values: Vec<f64> = latencies().map(|nanos| nanos as f64 * 1e-9).collect();
    for at in 0..times {
        record(black_box(values[at % LATENCIES]));
    }
}

fn each_nano(times: usize, mut record: impl FnMut(u64)) {
    let values: Vec<u64> = latencies().collect();
    for at in 0..times {
        record(black_box(values[at % LATENCIES]));
    }
}

fn latencies() -> impl Iterator<Item = u64> {
    (0..LATENCIES).map(|at| {
        let unit = (at * 389 % LATENCIES) as f64 / LATENCIES as f64;
        (1e5 * 1_000_f64.powf(unit)) as u64
    })
}
