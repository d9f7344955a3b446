//! What rows are enriched with: the aircraft by tail number, the airlines by carrier.

use std::collections::BTreeMap;
use std::path::Path;

use super::csv::{InputError, Malformed, Rows};

/// An aircraft, as far as the summary asks.
#[derive(Clone)]
pub struct Aircraft {
    pub seats: u32,
}

pub struct Tables {
    aircraft: BTreeMap<String, Aircraft>,
    airlines: BTreeMap<String, String>,
}

impl Tables {
    /// Reads both tables. Malformed rows are handed to `reject` and left out.
    pub fn load(
        planes: &Path,
        airlines: &Path,
        mut reject: impl FnMut(Malformed),
    ) -> Result<Self, InputError> {
        let aircraft = Rows::open(planes, ["tailnum", "seats"], &[], |[tailnum, seats]| {
            let seats = seats.parse().map_err(|_| format!("`seats` is `{seats}`, not a number"))?;
            Ok((tailnum.to_owned(), Aircraft { seats }))
        })?;
        let airlines = Rows::open(airlines, ["carrier", "name"], &[], |[carrier, name]| {
            Ok((carrier.to_owned(), name.to_owned()))
        })?;
        Ok(Self { aircraft: index(aircraft, &mut reject)?, airlines: index(airlines, reject)? })
    }

    /// The aircraft that carries this number, if it is known.
    pub fn aircraft(&self, tailnum: &str) -> Option<Aircraft> {
        self.aircraft.get(tailnum).cloned()
    }

    /// The name of the airline with this code, if it is known.
    pub fn airline(&self, carrier: &str) -> Option<String> {
        self.airlines.get(carrier).cloned()
    }
}

const CHUNK: usize = 1_000;

/// A table by its key; of several rows with the same key the first stays.
fn index<T>(
    mut rows: Rows<(String, T), 2>,
    mut reject: impl FnMut(Malformed),
) -> Result<BTreeMap<String, T>, InputError> {
    let mut table = BTreeMap::new();
    while let Some(chunk) = rows.read_chunk(CHUNK)? {
        for row in chunk {
            match row {
                Ok((key, value)) => {
                    table.entry(key).or_insert(value);
                }
                Err(malformed) => reject(malformed),
            }
        }
    }
    Ok(table)
}
