//! The summary for people, of what the metrics say.

use std::fmt::Display;

use mtaio::monitor::{Sample, Snapshot};

use super::airports::Alert;

pub fn table(metrics: &Snapshot) -> String {
    let departed = metrics.family("flights_departed_total");
    let mut carriers: Vec<_> = departed.map_or(&[][..], |family| &family.samples).iter().collect();
    carriers.sort_by_key(|carrier| carrier.labels.get("carrier"));
    let width = carriers.iter().map(|carrier| name(carrier).chars().count()).max();
    let width = width.unwrap_or(0).max("airline".len());
    let headings: [&dyn Display; 8] = [
        &"carrier",
        &"airline",
        &"flights",
        &"cancelled",
        &"mean delay",
        &"60 min +",
        &"seats",
        &"unknown plane",
    ];
    let mut text = line(width, headings);
    for carrier in &carriers {
        let value = |name| of(metrics, name, carrier);
        let mean = value("flights_delay_mean_seconds") / 60.0;
        let mean = if mean.is_nan() { "-".to_owned() } else { format!("{mean:.2}") };
        text += &line(
            width,
            [
                &carrier.labels.get("carrier").unwrap_or_default(),
                &name(carrier),
                &value("flights_departed_total"),
                &value("flights_cancelled_total"),
                &mean,
                &value("flights_delayed_60_total"),
                &value("flights_seats_total"),
                &value("flights_unknown_aircraft_total"),
            ],
        );
    }
    let total = |name| metrics.get(name, &[]).map_or(0.0, |value| value.as_f64());
    let (rows, written) = (total("flights_rows_total"), total("flights_written_total"));
    let cancelled = total("flights_told_cancelled_total");
    let malformed = total("flights_malformed_total");
    text + &format!(
        "{rows} rows, {cancelled} cancelled, {written} written, {malformed} malformed\n"
    )
}

/// Of the same carrier, another number.
fn of(metrics: &Snapshot, name: &str, carrier: &Sample) -> f64 {
    let same = |sample: &&Sample| sample.labels == carrier.labels;
    let sample = metrics.family(name).and_then(|family| family.samples.iter().find(same));
    sample.map_or(f64::NAN, |sample| sample.value.as_f64())
}

/// A line an alert.
pub fn alerts(alerts: &[Alert]) -> String {
    let line = |alert: &Alert| {
        let Alert { airport, departure, .. } = alert;
        let mean = alert.mean();
        format!("alert: {airport} is late, {mean:.2} min on average, at departure {departure}\n")
    };
    alerts.iter().map(line).collect()
}

fn name(carrier: &Sample) -> &str {
    carrier.labels.get("airline").filter(|name| !name.is_empty()).unwrap_or("(unknown)")
}

fn line(width: usize, cells: [&dyn Display; 8]) -> String {
    let [code, name, flights, cancelled, mean, delayed, seats, unknown] = cells;
    format!(
        "{code:<7}  {name:<width$}  {flights:>7}  {cancelled:>9}  {mean:>10}  {delayed:>8}  \
         {seats:>8}  {unknown:>13}\n"
    )
}
