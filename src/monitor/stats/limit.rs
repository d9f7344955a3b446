use super::Stats;
use crate::limit::{
    AdaptiveConcurrencyStats, AdaptiveRateStats, ConcurrencyStats, KeyedStats, RateStats,
    WindowStats,
};
use crate::monitor::collector::Collection;

impl Stats for RateStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge(
            "mtaio_rate_limit_hertz",
            "What is admitted in a second.",
            &[],
            self.rate.to_hertz(),
        );
        metrics.gauge(
            "mtaio_rate_limit_burst",
            "The most that can be admitted at once.",
            &[],
            f64::from(self.burst),
        );
        metrics.gauge(
            "mtaio_rate_limit_available",
            "How much can be admitted now.",
            &[],
            f64::from(self.available),
        );
        metrics.gauge("mtaio_rate_limit_waiting", "How many wait.", &[], self.waiting as f64);
    }
}

impl Stats for WindowStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge(
            "mtaio_window_limit_most",
            "The most that is admitted in a window.",
            &[],
            f64::from(self.limit),
        );
        metrics.gauge(
            "mtaio_window_limit_available",
            "How much can be admitted now.",
            &[],
            f64::from(self.available),
        );
        metrics.gauge("mtaio_window_limit_waiting", "How many wait.", &[], self.waiting as f64);
    }
}

impl Stats for ConcurrencyStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge(
            "mtaio_concurrency_limit_most",
            "The weight that may be out at once.",
            &[],
            f64::from(self.limit),
        );
        metrics.gauge(
            "mtaio_concurrency_limit_in_use",
            "The weight that is out.",
            &[],
            self.in_use as f64,
        );
        metrics.gauge(
            "mtaio_concurrency_limit_waiting",
            "How many wait.",
            &[],
            self.waiting as f64,
        );
        metrics.counter(
            "mtaio_concurrency_limit_turned_away_total",
            "How many were turned away, as too many waited.",
            &[],
            self.turned_away,
        );
        metrics.counter(
            "mtaio_concurrency_limit_elapsed_total",
            "How many waited in vain until their time was up.",
            &[],
            self.elapsed,
        );
    }
}

impl Stats for KeyedStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge("mtaio_keyed_limit_keys", "Keys that are remembered.", &[], self.keys as f64);
        metrics.gauge(
            "mtaio_keyed_limit_bytes",
            "The memory that the keys take.",
            &[],
            self.bytes as f64,
        );
    }
}

impl Stats for AdaptiveRateStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge(
            "mtaio_adaptive_rate_resources",
            "Resources that are known.",
            &[],
            self.resources as f64,
        );
        metrics.gauge(
            "mtaio_adaptive_rate_ratio",
            "The part of its rate that each of them has by the last load.",
            &[],
            self.part,
        );
        metrics.gauge(
            "mtaio_adaptive_rate_waiting",
            "How many wait, for any of them.",
            &[],
            self.waiting as f64,
        );
    }
}

impl Stats for AdaptiveConcurrencyStats {
    fn tell(&self, metrics: &mut Collection) {
        self.concurrency.tell(metrics);
        if let Some(latency) = self.latency {
            metrics.gauge(
                "mtaio_adaptive_concurrency_latency_seconds",
                "The latency without a queue.",
                &[],
                latency.as_secs_f64(),
            );
        }
        metrics.counter(
            "mtaio_adaptive_concurrency_raised_total",
            "How often the limit was raised.",
            &[],
            self.raised,
        );
        metrics.counter(
            "mtaio_adaptive_concurrency_lowered_total",
            "How often the limit was lowered.",
            &[],
            self.lowered,
        );
    }
}
