use std::time::Duration;

use mtaio::monitor::{Alert, Counter, Histogram, HistogramOptions, Labelled, Monitor};
use mtaio::monitor::{Registry, Rule, Severity, Signal};
use mtaio::{ConfigError, DynRuntime, EventEmitter, Instant, Runtime};

use crate::backend::Backend;
use crate::front::Front;

/// How often the monitor looks.
const INTERVAL: Duration = Duration::from_millis(20);

/// What the service counts, and what is told of it.
#[derive(Clone)]
pub struct Metrics {
    rt: DynRuntime,
    registry: Registry,
    answers: Labelled<Counter, 1>,
    took: Histogram,
}

impl Metrics {
    pub(crate) fn new<R: Runtime>(
        rt: &R,
        front: &Front,
        backend: &Backend,
    ) -> Result<Self, ConfigError> {
        let registry = Registry::new();
        front.show(&registry)?;
        backend.show(&registry)?;
        let answers = registry.counters("seats_answers_total", "Answers.", ["status"])?;
        let bounds = HistogramOptions::new().bounds([0.001, 0.01, 0.1, 1.0]);
        let took =
            registry.histogram_with("seats_answer_seconds", "How long answers took.", &bounds)?;
        Ok(Self { rt: DynRuntime::new(rt), registry, answers, took })
    }

    /// A request is there.
    pub fn begin(&self) -> Instant {
        self.rt.now()
    }

    /// It has been answered so.
    pub fn answered(&self, begun: Instant, status: u16) {
        self.answers.with([status.to_string().as_str()]).inc();
        self.took.record_duration(self.rt.now() - begun);
    }

    /// The page of metrics, as Prometheus wants it.
    pub fn page(&self) -> String {
        self.registry.render()
    }

    /// Looks at them until it is stopped, and tells `emitter` when the store is down.
    pub(crate) fn watched<R: Runtime>(
        &self,
        rt: &R,
        emitter: &EventEmitter,
    ) -> Result<Monitor, ConfigError> {
        let open = Signal::value("mtaio_breaker_state").having("state", "open");
        let down = Rule::above("store_down", open, 0.5)
            // It is open again and again while the store is down: that is one episode.
            .keep_for(INTERVAL * 10)
            .severity(Severity::Critical)
            .message("the store is down; what it said before is answered");
        emitter.on(async |alert: &Alert| println!("alert: {alert}"));
        let monitor = Monitor::new(rt)
            .registry(&self.registry)
            .emitter(emitter)
            .interval(INTERVAL)
            .without_system()
            .rule(down)
            .build()?;
        monitor.start();
        Ok(monitor)
    }
}
