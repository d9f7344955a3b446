//! What `tracing` is told, behind its feature.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex};

use mtaio::monitor::{Collection, Registry};
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
