//! What `tracing` is told, behind its feature.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use mtaio::RuntimeExt;
use mtaio::monitor::{Collection, Monitor, Profiler, Registry, Severity};
use mtaio_sim::Sim;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::subscriber::with_default;
use tracing::{Event, Metadata, Subscriber};

/// Writes down what it is told.
#[derive(Clone, Default)]
struct Told(Arc<Mutex<Vec<String>>>);

impl Told {
    fn lines(&self) -> Vec<String> {
        self.0.lock().expect("nobody panics here").clone()
    }

    fn push(&self, line: String) {
        self.0.lock().expect("nobody panics here").push(line);
    }
}

struct Fields(String);

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let _ = write!(self.0, " {field}={value:?}");
    }
}

impl Subscriber for Told {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut fields = Fields(format!("{} span", span.metadata().level()));
        span.record(&mut fields);
        self.push(fields.0);
        Id::from_u64(self.lines().len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut fields = Fields(format!("{} event", event.metadata().level()));
        event.record(&mut fields);
        self.push(fields.0);
    }

    fn enter(&self, span: &Id) {
        self.push(format!("enter {}", span.into_u64()));
    }

    fn exit(&self, span: &Id) {
        self.push(format!("exit {}", span.into_u64()));
    }
}

#[test]
fn a_collector_that_panics_is_told() {
    let told = Told::default();
    let registry = Registry::new();
    let calls = std::sync::atomic::AtomicU32::new(0);
    let collector = move |_: &mut Collection| {
        assert_eq!(calls.fetch_add(1, std::sync::atomic::Ordering::Relaxed), 0, "on purpose");
    };
    registry.register(collector).expect("it does not panic yet");
    with_default(told.clone(), || registry.gather());
    let lines = told.lines();
    assert!(
        lines.len() == 1 && lines[0].starts_with("ERROR event message=a collector panicked"),
        "{lines:?}"
    );
}

#[test]
fn an_alert_is_told_by_its_weight() {
    let told = Told::default();
    with_default(told.clone(), || {
        Sim::run(0, |rt| async move {
            let monitor = Monitor::new(&rt).without_system().build().expect("it makes sense");
            for severity in [Severity::Info, Severity::Warning, Severity::Critical] {
                monitor.alert(severity, "too \"many\" errors");
            }
        });
    });
    let lines: Vec<_> = told.lines().into_iter().filter(|line| line.contains("many")).collect();
    assert_eq!(lines.len(), 3, "{lines:?}");
    for (line, level) in lines.iter().zip(["INFO", "WARN", "ERROR"]) {
        assert!(line.starts_with(&format!("{level} event message=")), "{line}");
        assert!(line.contains(" alert=") && line.contains(" state="), "{line}");
    }
}

/// A span of the profiler is entered for each poll, and left after it; one within it is within it.
#[test]
fn a_span_is_entered_for_each_poll() {
    let told = Told::default();
    with_default(told.clone(), || {
        Sim::run(0, |rt| async move {
            let profiler = Profiler::new(&rt);
            let inner = profiler.clone();
            let work = async {
                rt.yield_now().await;
                inner.span("inner").run(|| ());
            };
            profiler.span("outer").trace(work).await;
        });
    });
    let lines: Vec<_> = told.lines().into_iter().map(|line| named(&line)).collect();
    let expected =
        ["outer", "enter 1", "exit 1", "enter 1", "inner", "enter 5", "exit 5", "exit 1"];
    assert_eq!(lines, expected);
}

/// The name of a span where it is made; else the line.
fn named(line: &str) -> String {
    match line.split_once(" span name=") {
        Some((_, name)) => name.split_whitespace().next().unwrap_or_default().to_owned(),
        None => line.to_owned(),
    }
}
