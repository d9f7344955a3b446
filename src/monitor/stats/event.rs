use super::Stats;
use crate::event::{EmitterStats, SubscriberStats, TopicsStats};
use crate::monitor::collector::Collection;

impl Stats for EmitterStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge("mtaio_emitter_listeners", "Who listens.", &[], self.listeners as f64);
        metrics.counter(
            "mtaio_emitter_emitted_total",
            "Events that were emitted.",
            &[],
            self.emitted,
        );
        metrics.counter(
            "mtaio_emitter_handled_total",
            "Calls of handlers that came to their end.",
            &[],
            self.ran,
        );
        metrics.counter(
            "mtaio_emitter_failed_total",
            "Calls of handlers that failed.",
            &[],
            self.failed,
        );
        metrics.counter(
            "mtaio_emitter_suppressed_total",
            "Events that nobody was told of, as they were suppressed.",
            &[],
            self.suppressed,
        );
        metrics.counter(
            "mtaio_emitter_dropped_total",
            "Emits that were dropped before their end.",
            &[],
            self.dropped,
        );
        metrics.counter(
            "mtaio_emitter_looped_total",
            "Events that came back by a loop of pipes.",
            &[],
            self.looped,
        );
    }
}

impl Stats for TopicsStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge("mtaio_topics_subscribers", "Who subscribes.", &[], self.subscribers as f64);
        metrics.gauge(
            "mtaio_topics_retained",
            "Topics whose last value is retained.",
            &[],
            self.retained as f64,
        );
        metrics.counter(
            "mtaio_topics_published_total",
            "Messages that were published.",
            &[],
            self.published,
        );
    }
}

impl Stats for SubscriberStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge(
            "mtaio_subscriber_waiting",
            "Messages that wait to be read.",
            &[],
            self.waiting as f64,
        );
        metrics.counter(
            "mtaio_subscriber_missed_total",
            "Messages that were missed, as there was no room for them.",
            &[],
            self.missed,
        );
    }
}
