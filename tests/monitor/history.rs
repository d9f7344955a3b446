//! What a monitor remembers.

use mtaio::monitor::Registry;
use mtaio::{Runtime, RuntimeExt};

use crate::monitor::{SECOND, monitor, sim};

#[test]
fn the_history_is_bounded() {
    sim(|rt| async move {
        let registry = Registry::new();
        let levels = registry.gauges("level", "Levels.", ["of"]).unwrap();
        let monitor = monitor(&rt, &registry).keep(3, 2).build().unwrap();
        monitor.start();
        rt.sleep(SECOND / 2).await;
        let begun = rt.now() - SECOND / 2;
        // Three for two places; then one goes, and its place is free once its values are forgotten.
        for (look, of) in
            [&["a", "b", "c"][..], &["a", "b", "c"], &["a", "c"], &["a", "c"]].iter().enumerate()
        {
            for known in ["a", "b", "c"] {
                levels.remove([known]);
            }
            for of in *of {
                levels.with([of]).set(look as f64);
            }
            rt.sleep(SECOND).await;
        }
        let values = |of: &str| -> Vec<f64> {
            let series = monitor.history("level", ..);
            let of = series.iter().find(|series| series.labels.get("of") == Some(of));
            of.map_or(Vec::new(), |of| of.points.iter().map(|point| point.value).collect())
        };
        assert_eq!(
            (values("a"), values("b"), values("c")),
            (vec![1.0, 2.0, 3.0], vec![1.0], vec![])
        );
        assert_eq!((monitor.stats().series, monitor.stats().refused), (2, 4));
        rt.sleep(SECOND * 2).await;
        assert_eq!((values("b"), values("c")), (vec![], vec![3.0]));
        assert_eq!(monitor.stats().series, 2);

        let between = |from: u32, to: u32| -> Vec<f64> {
            let (from, to) = (begun + SECOND * from, begun + SECOND * to);
            let series = monitor.history("level", from..to);
            series[0].points.iter().map(|point| point.value).collect()
        };
        assert_eq!(between(0, 100), [3.0, 3.0, 3.0]);
        assert_eq!(between(5, 6), [3.0]);
        assert_eq!(
            monitor.history("level", begun + SECOND * 5..=begun + SECOND * 6)[0].points.len(),
            2
        );
        assert_eq!(monitor.history("level", ..begun), []);
        assert_eq!(monitor.history("unknown", ..), []);
        monitor.stop().await;
    });
}

#[test]
fn a_series_with_a_gap_has_its_values_at_their_times() {
    sim(|rt| async move {
        let registry = Registry::new();
        let levels = registry.gauges("level", "Levels.", ["of"]).unwrap();
        let monitor = monitor(&rt, &registry).keep(10, 10).build().unwrap();
        let begun = rt.now();
        monitor.start();
        rt.sleep(SECOND / 2).await;
        for look in 1..6_u32 {
            if look == 3 || look == 4 {
                levels.remove(["a"]);
            } else {
                levels.with(["a"]).set(f64::from(look));
            }
            rt.sleep(SECOND).await;
        }
        monitor.stop().await;
        let series = monitor.history("level", ..);
        let points: Vec<_> = series[0].points.iter().map(|point| (point.at, point.value)).collect();
        assert_eq!(points, [1, 2, 5].map(|look| (begun + SECOND * look, f64::from(look))));
    });
}
