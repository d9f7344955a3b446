//! Many threads at once: nothing is lost, and what is read holds together.

use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

use mtaio::monitor::{Counter, Gauge, Histogram, HistogramOptions, Labelled, Registry, Value};

use crate::common::{Host, TokioMultiThread, is_soak};
use crate::parser::parse;

fn many() -> u64 {
    if is_soak() { 1_000_000 } else { 20_000 }
}

#[test]
fn nothing_is_lost_between_threads() {
    let (counter, gauge) = (Counter::new(), Gauge::new());
    let histogram = Histogram::new(&HistogramOptions::new()).expect("the default");
    let barrier = Barrier::new(6);
    thread::scope(|scope| {
        for thread in 1..=6 {
            let (counter, gauge, histogram) = (counter.clone(), gauge.clone(), histogram.clone());
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                for _ in 0..many() {
                    counter.inc();
                    gauge.add(2.0);
                    gauge.add(-1.0);
                    histogram.record(f64::from(thread));
                }
            });
        }
    });
    assert_eq!(counter.get(), 6 * many());
    assert_eq!(gauge.get(), (6 * many()) as f64);
    let total = histogram.total();
    assert_eq!((total.count(), total.sum()), (6 * many(), (21 * many()) as f64));
    assert_eq!((total.min(), total.max()), (Some(1.0), Some(6.0)));
}

/// Two threads that are the first at the same moment: one of them owns the cell, and not both.
#[test]
fn nothing_is_lost_where_two_are_the_first() {
    let rounds = if is_soak() { 200_000 } else { 5_000 };
    let make = || Histogram::new(&HistogramOptions::new()).expect("the default");
    let histograms: Vec<_> = (0..rounds).map(|_| make()).collect();
    let arrived = AtomicUsize::new(0);
    let run = || {
        for (round, histogram) in histograms.iter().enumerate() {
            // As near to each other as can be; a thread that has no core must get one.
            arrived.fetch_add(1, Ordering::SeqCst);
            let mut spins = 0_u32;
            while arrived.load(Ordering::SeqCst) < 2 * (round + 1) {
                spins += 1;
                if spins.is_multiple_of(1_000) {
                    thread::yield_now();
                }
            }
            (0..20).for_each(|_| histogram.record(1.0));
        }
    };
    thread::scope(|scope| {
        scope.spawn(run);
        run();
    });
    for histogram in histograms {
        assert_eq!(histogram.total().count(), 40);
    }
}

/// A thread that comes after the end of the one that owns a cell may take its place; never beside it.
#[test]
fn nothing_is_lost_where_threads_come_and_go() {
    let counter = Counter::new();
    let histogram = Histogram::new(&HistogramOptions::new()).expect("the default");
    let generations = if is_soak() { 10_000 } else { 200 };
    let work = || {
        for _ in 0..2_000 {
            counter.inc();
            histogram.record(1.0);
        }
    };
    for _ in 0..generations {
        thread::scope(|scope| {
            scope.spawn(work);
            scope.spawn(work);
            // Ends before the next two begin, and its memory is used again.
        });
    }
    assert_eq!(counter.get(), generations * 4_000);
    assert_eq!(histogram.total().count(), generations * 4_000);
}

/// A scrape while others write: of a histogram the count is the sum of the buckets, and nothing ever
/// goes back.
#[test]
fn what_is_read_while_others_write_holds_together() {
    let registry = Registry::new();
    let is_over = AtomicBool::new(false);
    let counters = registry.counters("c_total", "C.", ["n"]).expect("new");
    let options = HistogramOptions::new().bounds([0.5, 1.0, 2.0]);
    let times = registry.histograms("t_seconds", "T.", ["n"], &options).expect("new");
    thread::scope(|scope| {
        for thread in 0..3_u32 {
            let (counters, times, is_over) = (counters.clone(), times.clone(), &is_over);
            scope.spawn(move || write(thread, &counters, &times, is_over));
        }
        while registry.stats().series < 2 {
            thread::yield_now();
        }
        let mut last = Vec::new();
        for _ in 0..if is_soak() { 2_000 } else { 100 } {
            last = forward(&registry, &last);
        }
        is_over.store(true, Ordering::Relaxed);
    });
    assert_eq!(registry.stats().overflowed, 0);
}

fn write<const N: usize>(
    thread: u32,
    counters: &Labelled<Counter, N>,
    times: &Labelled<Histogram, N>,
    is_over: &AtomicBool,
) {
    for step in 0_u32.. {
        if is_over.load(Ordering::Relaxed) {
            break;
        }
        let label = (step % 17).to_string();
        counters.with([label.as_str(); N]).inc();
        times.with([label.as_str(); N]).record(f64::from(thread) * 0.7 + 0.1);
    }
}

/// Reads once in each way, and checks that nothing is less than it was. (The parser holds each text
/// to its buckets.)
fn forward(registry: &Registry, last: &[(String, f64)]) -> Vec<(String, f64)> {
    let mut now = Vec::new();
    for family in parse(&registry.render()) {
        for line in family.lines {
            now.push((format!("{}{} {:?}", family.name, line.suffix, line.labels), line.value));
        }
    }
    for (name, value) in last {
        let found = now.iter().find(|(known, _)| known == name);
        assert!(found.is_some_and(|(_, now)| now >= value), "{name} was {value}: {found:?}");
    }
    for family in registry.gather().families {
        for sample in family.samples {
            if let Value::Histogram(histogram) = sample.value {
                let total = histogram.total;
                let mean = total.mean().unwrap_or(0.5);
                // A value that is just being added is in one of count and sum.
                assert!(total.count() < 100 || (0.05..2.0).contains(&mean), "{mean}");
                assert!(total.percentile(100.0).is_none_or(|most| most <= 1.5));
            }
        }
    }
    now
}

/// A window that turns while several threads record: all that was recorded is in the total, and in
/// what is recent there is never more.
#[test]
fn a_window_that_turns_under_many_threads_loses_nothing() {
    TokioMultiThread::run(|rt| async move {
        let window = std::time::Duration::from_micros(60);
        let options = HistogramOptions::new().window(&rt, window);
        let histogram = Histogram::new(&options).expect("a window");
        thread::scope(|scope| {
            for _ in 0..3 {
                let histogram = &histogram;
                scope.spawn(move || {
                    for step in 0..many() {
                        histogram.record((step % 100) as f64);
                        if step % 64 == 0 {
                            let (recent, total) = (histogram.recent(), histogram.total());
                            assert!(recent.count() <= total.count());
                            assert!(recent.sum() <= total.sum());
                        }
                    }
                });
            }
        });
        assert_eq!(histogram.total().count(), 3 * many());
    });
}
