use super::Stats;
use crate::monitor::collector::Collection;
use crate::stream::{BroadcastStats, MapStats};

impl Stats for MapStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.counter("mtaio_map_taken_total", "Items taken from the source.", &[], self.taken);
        metrics.gauge("mtaio_map_in_flight", "Calls that run.", &[], self.in_flight as f64);
        metrics.gauge(
            "mtaio_map_ready",
            "Results that nobody has taken yet.",
            &[],
            self.ready as f64,
        );
        metrics.gauge(
            "mtaio_map_waiting",
            "Items that wait for others of their keys.",
            &[],
            self.waiting as f64,
        );
    }
}

impl Stats for BroadcastStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge(
            "mtaio_broadcast_waiting",
            "Items that wait to be taken.",
            &[],
            self.waiting as f64,
        );
        metrics.counter(
            "mtaio_broadcast_missed_total",
            "Items that were dropped because there was no room.",
            &[],
            self.missed,
        );
    }
}
