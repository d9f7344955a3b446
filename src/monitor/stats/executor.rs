use super::Stats;
use crate::executor::ExecutorStats;
use crate::monitor::collector::Collection;

impl Stats for ExecutorStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.counter(
            "mtaio_executor_started_total",
            "Tasks that were started, waiting ones included.",
            &[],
            self.started,
        );
        metrics.gauge("mtaio_executor_live", "Tasks that have not ended.", &[], self.live as f64);
    }
}
