//! A flight, and what makes a row of the file one.

use std::path::Path;
use std::str::FromStr;

use super::csv::{InputError, Rows};

/// What is asked of a flight.
#[derive(Clone)]
pub struct Flight {
    pub carrier: String,
    /// From which airport, if that was noted.
    pub origin: Option<String>,
    pub status: Status,
}

#[derive(Clone)]
pub enum Status {
    /// It left, so many minutes after its time; a negative number is early.
    Departed {
        delay: i32,
        tailnum: Option<String>,
    },
    Cancelled,
}

/// The rows of a file of flights.
pub type Flights = Rows<Flight, 5>;

/// Opens a file of flights.
pub fn open(path: &Path) -> Result<Flights, InputError> {
    let columns = ["carrier", "dep_time", "dep_delay", "tailnum", "origin"];
    Rows::open(path, columns, &["origin"], Flight::validate)
}

impl Flight {
    /// The number of the aircraft that flew, if there was one and it was noted.
    pub fn tailnum(&self) -> Option<&str> {
        match &self.status {
            Status::Departed { tailnum, .. } => tailnum.as_deref(),
            Status::Cancelled => None,
        }
    }

    /// By how many minutes it left late, if it left.
    pub const fn delay(&self) -> Option<i32> {
        match self.status {
            Status::Departed { delay, .. } => Some(delay),
            Status::Cancelled => None,
        }
    }

    fn validate(
        [carrier, dep_time, dep_delay, tailnum, origin]: [&str; 5],
    ) -> Result<Self, String> {
        if carrier.is_empty() {
            return Err("`carrier` is empty".to_owned());
        }
        let dep_time: Option<u16> = number("dep_time", dep_time)?;
        let dep_delay = number("dep_delay", dep_delay)?;
        // A flight without a time of departure never left.
        let status = match (dep_time, dep_delay) {
            (None, _) => Status::Cancelled,
            (Some(_), Some(delay)) => {
                Status::Departed { delay, tailnum: present(tailnum).map(str::to_owned) }
            }
            (Some(_), None) => return Err("it departed, but has no `dep_delay`".to_owned()),
        };
        let origin = present(origin).map(str::to_owned);
        Ok(Self { carrier: carrier.to_owned(), origin, status })
    }
}

/// A value that may be missing.
fn present(value: &str) -> Option<&str> {
    (!matches!(value, "" | "NA")).then_some(value)
}

/// A number that may be missing.
fn number<T: FromStr>(column: &str, value: &str) -> Result<Option<T>, String> {
    let refuse = |_| format!("`{column}` is `{value}`, not a number");
    present(value).map(|value| value.parse().map_err(refuse)).transpose()
}
