use super::Stats;
use crate::monitor::collector::Collection;
use crate::observable::ObservableStats;

impl Stats for ObservableStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.counter("mtaio_observable_sets_total", "How often it was set.", &[], self.version);
        metrics.gauge(
            "mtaio_observable_watches",
            "Those who watch the newest state.",
            &[],
            self.watches as f64,
        );
        metrics.gauge(
            "mtaio_observable_changes",
            "Those who want to know of every change.",
            &[],
            self.changes as f64,
        );
    }
}
