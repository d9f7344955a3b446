//! What metrics take of the heap: nothing to use them, and no more than is said to keep them.

use allocation_counter::measure;
use mtaio::monitor::{Counter, Histogram, HistogramOptions, Registry};
use mtaio_sim::Sim;

use crate::common::ms;

#[test]
fn using_a_handle_allocates_nothing() {
    let registry = Registry::new();
    let counter = registry.counter("a_total", "A.").expect("new");
    let gauge = registry.gauge("b", "B.").expect("new");
    let histogram = registry.histogram("c", "C.").expect("new");
    let labelled = registry.counters("d_total", "D.", ["x"]).expect("new");
    labelled.with(["1"]).add(10_000);
    let use_them = || {
        for step in 0..5_000_u32 {
            counter.inc();
            gauge.set(f64::from(step));
            gauge.add(1.0);
            histogram.record(f64::from(step));
            labelled.with(["1"]).inc();
        }
    };
    use_them();
    assert_eq!(measure(use_them).count_total, 0);
}

/// As the page of [`Histogram`] says.
#[test]
fn a_histogram_takes_no_more_than_is_said() {
    let of = |values: fn(&Histogram)| {
        let mut kept = None;
        let taken = measure(|| {
            let histogram = Histogram::new(&HistogramOptions::new()).expect("the default");
            values(&histogram);
            kept = Some(histogram);
        });
        taken.bytes_current
    };
    let empty = of(|_| {});
    assert!(empty < 2_000, "{empty}");
    let latencies = of(|histogram| {
        (100..50_000).for_each(|micros| histogram.record(f64::from(micros) * 1e-6));
    });
    assert!(latencies < 7_000, "{latencies}");
    let everything = of(|histogram| {
        for exponent in -1_074..1_023 {
            for part in 0..64 {
                histogram.record(2_f64.powi(exponent) * (1.0 + f64::from(part) / 64.0));
            }
        }
    });
    assert!(everything < 43_500, "{everything}");
}

#[test]
fn what_a_window_remembers_is_bounded() {
    Sim::run(0, |rt| async move {
        let options = HistogramOptions::new().window(&rt, ms(60));
        let histogram = Histogram::new(&options).expect("a window");
        let fill = |from: u32| {
            for step in from..from + 1_000 {
                histogram.record(f64::from(step));
            }
        };
        fill(1);
        // 8 moments, with 16 bytes for each of some 340 buckets; a vector has up to twice that.
        let mut taken = 0;
        for _ in 0..1_000 {
            mtaio::RuntimeExt::sleep(&rt, ms(3)).await;
            taken += measure(|| fill(1)).bytes_current;
            assert!(taken < 8 * 16 * 340 * 2, "{taken}");
        }
        assert!(taken > 16 * 340, "it remembers something: {taken}");
    });
}

#[test]
fn the_bound_of_labels_bounds_the_memory() {
    let registry = Registry::with_max_series(100).expect("not zero");
    let counters = registry.counters("a_total", "A.", ["user"]).expect("new");
    let ask = |users: std::ops::Range<u32>| {
        users.for_each(|user| counters.with([&format!("user number {user}")]).inc());
    };
    let first = measure(|| ask(0..101)).bytes_current;
    assert!((0..100 * 400).contains(&first), "{first}");
    let rest = measure(|| ask(101..50_000));
    // The one that takes all of them is busy by now.
    assert!(rest.bytes_current < 1_000, "{}", rest.bytes_current);
}

#[test]
fn a_counter_takes_no_more_than_is_said() {
    let mut counters = Vec::with_capacity(100);
    let seldom = measure(|| counters.extend((0..100).map(|_| Counter::new()))).bytes_current;
    assert!(seldom <= 100 * 64, "{seldom}");
    let busy = measure(|| {
        for counter in &counters {
            (0..2_000).for_each(|_| counter.inc());
        }
    });
    assert!(busy.bytes_current <= 100 * 500, "{}", busy.bytes_current);
}

#[test]
fn a_text_is_written_into_one_piece() {
    let registry = Registry::new();
    let counters = registry.counters("a_total", "A.", ["n"]).expect("new");
    (0..1_000).for_each(|n: u32| counters.with([&n.to_string()]).inc());
    let first = registry.render();
    let again = measure(|| assert_eq!(registry.render(), first));
    // The text, and the list of families.
    assert!(again.count_total <= 4, "{}", again.count_total);
}
