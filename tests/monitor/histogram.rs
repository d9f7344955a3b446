//! Percentiles against an exact sort, on what is hard for them.

use mtaio::Runtime;
use mtaio::monitor::{Distribution, Histogram, HistogramOptions};
use mtaio_sim::Sim;

const PERCENTS: [f64; 9] = [0.0, 1.0, 25.0, 50.0, 75.0, 90.0, 99.0, 99.9, 100.0];

/// The range in which a percentile is within 1 %.
const LEAST: f64 = 1.0 / 4_294_967_296.0;
const MOST: f64 = 281_474_976_710_656.0;

/// A source of values, each from a number from 0 to 1 and the number of the value.
type Source = fn(f64, usize) -> f64;

const SOURCES: [(&str, Source); 16] = [
    ("constant", |_, _| 0.123_456_789),
    ("uniform", |u, _| u),
    ("exponential", |u, _| -(1.0 - u).ln() * 0.01),
    ("log-normal", |u, _| (4.0 * (u - 0.5).tan()).clamp(-20.0, 20.0).exp()),
    ("pareto", |u, _| 0.001 / (1.0 - u).powi(2)),
    ("two far apart", |u, _| if u < 0.99 { 1e-6 } else { 1e6 }),
    ("one outlier", |_, at| if at == 500 { 1e9 } else { 0.1 }),
    ("counting", |_, at| at as f64 + 1.0),
    ("counting down", |_, at| 100_000.0 - at as f64),
    ("powers of two", |_, at| 2_f64.powi(at as i32 % 80 - 31)),
    ("just above powers of two", |_, at| 2_f64.powi(at as i32 % 79 - 31).next_up()),
    ("just below powers of two", |_, at| 2_f64.powi(at as i32 % 79 - 30).next_down()),
    ("all octaves", |u, _| (u * 79.0 - 31.0).exp2()),
    ("edges of buckets", |_, at| (1.0 + (at % 64) as f64 / 64.0) * 1024.0),
    ("just above edges", |_, at| ((1.0 + (at % 64) as f64 / 64.0) * 1024.0).next_up()),
    ("the ends", |u, _| if u < 0.5 { LEAST.next_up() } else { MOST }),
];

const SIZES: [usize; 8] = [1, 2, 3, 10, 99, 1_000, 1_001, 20_000];

#[test]
fn percentiles_are_those_of_an_exact_sort() {
    for seed in 0..seeds() {
        Sim::run(seed, |rt| async move {
            for (name, source) in SOURCES {
                for size in SIZES {
                    let values = draw(&rt, source, size);
                    near_to_sort(name, &values, &recorded(&values));
                }
            }
        });
    }
}

#[test]
fn also_when_they_are_merged() {
    for seed in 0..seeds() {
        Sim::run(seed, |rt| async move {
            for (name, source) in SOURCES {
                // Parts that have nothing in common, and parts that have all.
                let (mut values, mut merged) = (Vec::new(), Distribution::new());
                for part in 0..5 {
                    let scale = if part % 2 == 0 { 1.0 } else { 0.5 };
                    let size = SIZES[(rt.entropy() >> 61) as usize].min(2_000);
                    let mut more = draw(&rt, source, size);
                    more.iter_mut()
                        .for_each(|value| *value = (*value * scale).max(LEAST.next_up()));
                    merged.merge(&recorded(&more));
                    values.extend(more);
                }
                near_to_sort(name, &values, &merged);
                let whole = recorded(&values);
                for percent in PERCENTS {
                    assert_eq!(merged.percentile(percent), whole.percentile(percent), "{name}");
                }
                assert!((merged.sum() / whole.sum() - 1.0).abs() < 1e-9);
            }
        });
    }
}

#[test]
fn one_value_is_told_exactly() {
    for value in [0.0, 5e-324, 1e-12, 0.3, 1.0, 7e14, f64::MAX] {
        let one = recorded(&[value]);
        assert_eq!(PERCENTS.map(|percent| one.percentile(percent)), [Some(value); 9]);
        assert_eq!((one.min(), one.max(), one.mean()), (Some(value), Some(value), Some(value)));
    }
}

#[test]
fn what_is_out_of_range_is_told_as_an_end() {
    let values = [1e-300, 1e-12, 1.0, 1e20, 1e300];
    let all = recorded(&values);
    assert_eq!((all.count(), all.min(), all.max()), (5, Some(1e-300), Some(1e300)));
    assert_eq!(all.percentile(40.0), Some(1e-300), "what is too small is as the smallest");
    assert_eq!(all.percentile(80.0), Some(1e300), "what is too large is as the largest");
    assert!((all.percentile(50.0).expect("there are values") - 1.0).abs() < 0.01);
}

#[test]
fn what_is_no_value_is_refused() {
    let histogram = histogram();
    for value in [f64::NAN, -f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1e-300, -1.0] {
        histogram.record(value);
    }
    histogram.record_many(f64::NAN, 4);
    assert_eq!((histogram.total(), histogram.refused()), (Distribution::new(), 10));
    histogram.record(-0.0);
    assert_eq!((histogram.total().min(), histogram.refused()), (Some(0.0), 10));
    assert!(histogram.total().min().is_some_and(f64::is_sign_positive));
}

#[test]
fn sums_and_counts_that_are_too_large_stay_at_their_ends() {
    let histogram = histogram();
    histogram.record_many(1.0, u64::MAX);
    histogram.record_many(1.0, 5);
    histogram.record_many(4.0, 5);
    let total = histogram.total();
    assert_eq!(total.count(), u64::MAX);
    assert_eq!(total.percentile(50.0).map(|p50| (p50 - 1.0).abs() < 0.01), Some(true));
    histogram.record(f64::MAX);
    histogram.record(f64::MAX);
    assert_eq!(histogram.total().sum(), f64::INFINITY);
    let mut twice = histogram.total();
    twice.merge(&total);
    assert_eq!(twice.count(), u64::MAX);
}

#[test]
fn a_value_may_count_many_times() {
    let histogram = histogram();
    histogram.record_many(0.25, 999);
    histogram.record_many(8.0, 1);
    histogram.record_many(300.0, 0);
    let total = histogram.total();
    assert_eq!((total.count(), total.sum(), total.max()), (1_000, 257.75, Some(8.0)));
    assert!((total.percentile(99.9).expect("there are values") / 0.25 - 1.0).abs() < 0.01);
    assert_eq!(total.percentile(99.91), Some(8.0));
    assert_eq!(total.percentile(1_000.0), Some(8.0));
    assert_eq!(total.percentile(-1.0), Some(0.25));
    assert_eq!(total.percentile(f64::NAN), None);
    assert_eq!(Distribution::new().percentile(50.0), None);
    assert_eq!((Distribution::new().min(), Distribution::new().mean()), (None, None));
}

#[test]
fn nothing_is_left_of_what_never_was() {
    let histogram = histogram();
    histogram.record_many(3.0, 0);
    let total = histogram.total();
    assert_eq!((total.min(), total.max(), total.mean(), total.sum()), (None, None, None, 0.0));
}

fn near_to_sort(name: &str, values: &[f64], told: &Distribution) {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    assert_eq!(told.count(), values.len() as u64);
    assert_eq!((told.min(), told.max()), (sorted.first().copied(), sorted.last().copied()));
    for percent in PERCENTS {
        let exact = sorted[rank(percent, sorted.len()) - 1];
        let near = told.percentile(percent).expect("there are values");
        let error = (near / exact - 1.0).abs();
        assert!(error <= 0.01, "{name}, {percent} % of {}: {near}, not {exact}", values.len());
    }
}

/// The least number of values that are `percent` of `count`, in whole numbers: percents have one
/// decimal here.
fn rank(percent: f64, count: usize) -> usize {
    let per_mille = (percent * 10.0).round() as usize;
    (per_mille * count).div_ceil(1_000).max(1)
}

fn draw<R: Runtime>(rt: &R, source: Source, size: usize) -> Vec<f64> {
    let unit = || (rt.entropy() >> 11) as f64 / (1_u64 << 53) as f64;
    (0..size).map(|at| source(unit(), at).clamp(LEAST.next_up(), MOST)).collect()
}

fn recorded(values: &[f64]) -> Distribution {
    let histogram = histogram();
    values.iter().for_each(|&value| histogram.record(value));
    assert_eq!(histogram.refused(), 0);
    histogram.total()
}

fn histogram() -> Histogram {
    Histogram::new(&HistogramOptions::new()).expect("the options are the default")
}

/// How many times each is tried; the soak says more.
fn seeds() -> u64 {
    let factor = std::env::var("MTAIO_SIM_SEEDS").ok().and_then(|factor| factor.parse().ok());
    2 * factor.unwrap_or(1)
}
