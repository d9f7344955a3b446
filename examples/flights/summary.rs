//! What all rows come to.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::flight::Status;
use super::pipeline::Enriched;

/// Counts and sums of whole numbers, so that the order in which flights are added, which differs
/// between runtimes, can't show.
#[derive(Default, Serialize)]
pub struct Summary {
    /// The rows that were well-formed: departed and cancelled flights.
    pub rows: u64,
    pub carriers: BTreeMap<String, Carrier>,
}

#[derive(Default, Serialize)]
pub struct Carrier {
    /// `None`, which JSON calls `null`, if the table of airlines has no such carrier.
    pub name: Option<String>,
    /// Departed ones, to which all that follows the cancelled refers.
    pub flights: u64,
    pub cancelled: u64,
    #[serde(rename = "mean_dep_delay")]
    pub dep_delay: Mean,
    pub delayed_60: u64,
    pub seats: u64,
    pub unknown_plane: u64,
}

/// A mean in the making.
#[derive(Clone, Copy, Default)]
pub struct Mean {
    sum: i64,
    count: u32,
}

impl Summary {
    pub fn add(&mut self, Enriched { flight, airline, aircraft, .. }: Enriched) {
        self.rows += 1;
        let carrier = self.carriers.entry(flight.carrier.clone()).or_default();
        carrier.name = airline;
        let Status::Departed { delay, .. } = flight.status else {
            carrier.cancelled += 1;
            return;
        };
        carrier.flights += 1;
        carrier.dep_delay.add(delay);
        carrier.delayed_60 += u64::from(delay >= 60);
        match aircraft {
            Some(aircraft) => carrier.seats += u64::from(aircraft.seats),
            None => carrier.unknown_plane += 1,
        }
    }
}

impl Mean {
    fn add(&mut self, value: i32) {
        self.sum += i64::from(value);
        self.count += 1;
    }

    /// To 6 decimals; `None`, which JSON calls `null`, of nothing.
    pub fn value(self) -> Option<f64> {
        let mean = self.sum as f64 / f64::from(self.count);
        (self.count > 0).then(|| (mean * 1e6).round() / 1e6)
    }
}

impl Serialize for Mean {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}
