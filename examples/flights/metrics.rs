//! What the work looks like in numbers: for those who look while it goes on, and for the table at the
//! end.

use std::sync::{Arc, Mutex};

use mtaio::monitor::{Collection, Registry};
use mtaio::{ConfigError, Runtime};

use super::news::Newspaper;
use super::pipeline::{Desk, locked};
use super::summary::{Carrier, Summary};

/// Shows all that is at the desk, and what the newspaper has of it.
pub fn registry<R: Runtime>(desk: &Desk<R>, paper: &Newspaper) -> Result<Registry, ConfigError> {
    let registry = Registry::new();
    let (summary, paper) = (Arc::clone(&desk.summary), paper.clone());
    registry.register(move |metrics: &mut Collection| collect(&summary, &paper, metrics))?;
    let runs = desk.runs.clone();
    registry.watch("flights", move || runs.clone())?;
    let emitter = desk.emitter.downgrade();
    registry.watch("flights", move || emitter.upgrade().map(|emitter| emitter.stats()))?;
    desk.lookups.watched_by(&registry)?;
    Ok(registry)
}

fn collect(summary: &Mutex<Summary>, paper: &Newspaper, metrics: &mut Collection) {
    let summary = locked(summary);
    let news = paper.read();
    metrics.counter("flights_rows_total", "Well-formed rows.", &[], summary.rows);
    let malformed = "Rows of the flights that went to the dead letters.";
    metrics.counter("flights_malformed_total", malformed, &[], news.malformed);
    let told = "Flights that were told to be cancelled.";
    metrics.counter("flights_told_cancelled_total", told, &[], news.cancelled);
    metrics.counter("flights_written_total", "Flights written, in batches.", &[], news.written);
    let alerts = news.alerts.len() as u64;
    metrics.counter("flights_alerts_total", "Airports that fell behind.", &[], alerts);
    for (code, carrier) in &summary.carriers {
        let airline = carrier.name.as_deref().unwrap_or_default();
        metrics.labelled("carrier", code, |metrics| {
            metrics.labelled("airline", airline, |metrics| tell(carrier, metrics));
        });
    }
}

fn tell(carrier: &Carrier, metrics: &mut Collection) {
    let mut count = |name, help, value| metrics.counter(name, help, &[], value);
    count("flights_departed_total", "Flights that left.", carrier.flights);
    count("flights_cancelled_total", "Flights that never left.", carrier.cancelled);
    count("flights_delayed_60_total", "Flights that left an hour late.", carrier.delayed_60);
    count("flights_seats_total", "Seats of those that left.", carrier.seats);
    let unknown = "Flights by an aircraft that nobody knows.";
    count("flights_unknown_aircraft_total", unknown, carrier.unknown_plane);
    let mean = carrier.dep_delay.value().map_or(f64::NAN, |minutes| minutes * 60.0);
    metrics.gauge("flights_delay_mean_seconds", "How late they left, on average.", &[], mean);
}
