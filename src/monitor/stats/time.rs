use super::Stats;
use crate::monitor::collector::Collection;
use crate::time::TimeoutsStats;

impl Stats for TimeoutsStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.counter("mtaio_timeouts_run_total", "Futures that were begun.", &[], self.run);
        metrics.counter(
            "mtaio_timeouts_elapsed_total",
            "Futures that were not done in time.",
            &[],
            self.elapsed,
        );
    }
}
