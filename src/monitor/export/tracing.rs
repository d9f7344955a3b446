//! What the monitor does, for `tracing`.

use std::fmt::Display;

use mtaio_runtime::TaskName;
use tracing::{debug_span, error, info, span::Entered, warn};

/// How much an alert weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::monitor) enum Weight {
    Info,
    Warning,
    Error,
}

/// Tells of an alert that changed its state, as an event.
pub(in crate::monitor) fn alert(weight: Weight, alert: &str, state: &str, message: &dyn Display) {
    match weight {
        Weight::Info => info!(target: "mtaio::monitor", alert, state, "{message}"),
        Weight::Warning => warn!(target: "mtaio::monitor", alert, state, "{message}"),
        Weight::Error => error!(target: "mtaio::monitor", alert, state, "{message}"),
    }
}

/// Tells of a collector that panicked, as an event.
pub(in crate::monitor) fn panicked() {
    error!(target: "mtaio::monitor", "a collector panicked: what it told is left out");
}

/// A span of the profiler, as one of `tracing`. Its parent is the one that is entered where it is
/// made.
#[derive(Debug)]
pub(in crate::monitor) struct Mirror(tracing::Span);

impl Mirror {
    pub(in crate::monitor) fn new(name: &TaskName) -> Self {
        // A name that `tracing` shows has to be known when it is compiled.
        Self(debug_span!(target: "mtaio::monitor", "span", %name, otel.name = %name))
    }

    /// The code that runs until what this gives is dropped is part of the span.
    pub(in crate::monitor) fn enter(&self) -> Entered<'_> {
        self.0.enter()
    }
}
