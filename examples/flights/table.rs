//! The summary for people.

use std::fmt::Display;

use super::airports::Alert;
use super::news::News;
use super::summary::{Carrier, Summary};

pub fn table(summary: &Summary, news: &News) -> String {
    let names = summary.carriers.values().map(|carrier| name(carrier).chars().count());
    let width = names.max().unwrap_or(0).max("airline".len());
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
    for (code, carrier) in &summary.carriers {
        let mean = carrier.dep_delay.value().map_or("-".to_owned(), |mean| format!("{mean:.2}"));
        text += &line(
            width,
            [
                code,
                &name(carrier),
                &carrier.flights,
                &carrier.cancelled,
                &mean,
                &carrier.delayed_60,
                &carrier.seats,
                &carrier.unknown_plane,
            ],
        );
    }
    let News { cancelled, written, .. } = news;
    text + &format!("{} rows, {cancelled} cancelled, {written} written\n", summary.rows)
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

fn name(carrier: &Carrier) -> &str {
    carrier.name.as_deref().unwrap_or("(unknown)")
}

fn line(width: usize, cells: [&dyn Display; 8]) -> String {
    let [code, name, flights, cancelled, mean, delayed, seats, unknown] = cells;
    format!(
        "{code:<7}  {name:<width$}  {flights:>7}  {cancelled:>9}  {mean:>10}  {delayed:>8}  \
         {seats:>8}  {unknown:>13}\n"
    )
}
