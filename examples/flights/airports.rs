//! Airports that fall behind: the last departures of each, as a window that slides with every one.

use std::collections::{BTreeMap, VecDeque};

/// Departures that a mean is of.
const WINDOW: usize = 50;

/// A mean above this many minutes is worth an alert.
const LATE: i64 = 60;

/// From which airport flights leave late.
#[derive(Default)]
pub struct Airports {
    windows: BTreeMap<String, Window>,
    departures: u64,
}

#[derive(Default)]
struct Window {
    delays: VecDeque<i32>,
    sum: i64,
    is_late: bool,
}

/// At an airport the mean of the last departures has come above what is bearable. There is one of
/// these until it is below that again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alert {
    pub airport: String,
    /// The departures, counted from the first of all airports.
    pub departure: u64,
    /// The sum of the delays in the window.
    sum: i64,
}

impl Airports {
    /// Takes a departure into account, if it was noted from where.
    pub fn departed(&mut self, airport: Option<&str>, delay: i32) -> Option<Alert> {
        let airport = airport?;
        self.departures += 1;
        if !self.windows.contains_key(airport) {
            self.windows.insert(airport.to_owned(), Window::default());
        }
        let sum = self.windows.get_mut(airport)?.push(delay)?;
        Some(Alert { airport: airport.to_owned(), departure: self.departures, sum })
    }
}

impl Window {
    /// The sum of the window, if it is the first above the limit.
    fn push(&mut self, delay: i32) -> Option<i64> {
        if self.delays.len() == WINDOW {
            self.sum -= self.delays.pop_front().map_or(0, i64::from);
        }
        self.delays.push_back(delay);
        self.sum += i64::from(delay);
        let was_late = self.is_late;
        // Half of a window tells nothing yet.
        self.is_late = self.delays.len() == WINDOW && self.sum > LATE * WINDOW as i64;
        (self.is_late && !was_late).then_some(self.sum)
    }
}

impl Alert {
    /// In minutes.
    pub fn mean(&self) -> f64 {
        self.sum as f64 / WINDOW as f64
    }
}
