use super::Stats;
use crate::monitor::collector::Collection;
use crate::queue::QueueStats;

impl Stats for QueueStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge("mtaio_queue_items", "Items in the queue.", &[], self.len as f64);
        metrics.gauge(
            "mtaio_queue_in_work",
            "Items that were taken and not reported done.",
            &[],
            self.in_work as f64,
        );
        metrics.gauge(
            "mtaio_queue_waiting_puts",
            "Puts that wait for room.",
            &[],
            self.waiting_puts as f64,
        );
        metrics.gauge(
            "mtaio_queue_waiting_gets",
            "Gets that wait for an item.",
            &[],
            self.waiting_gets as f64,
        );
        metrics.counter(
            "mtaio_queue_dropped_total",
            "Items that were dropped because there was no room.",
            &[],
            self.dropped,
        );
    }
}
