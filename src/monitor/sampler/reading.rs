use std::time::SystemTime;

use mtaio_runtime::Instant;

use crate::monitor::registry::Snapshot;
use crate::monitor::system::System;

/// What a look of a [`Monitor`](super::Monitor) saw.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Reading {
    /// When.
    pub at: Instant,
    /// When by the time of day, which may jump.
    pub wall_clock: SystemTime,
    /// The system, and what could not be told of it.
    pub system: System,
    /// How much of the processors' time since the look before was work: 0 to 1. None at the first
    /// one, and where that can't be told.
    pub cpu_usage: Option<f64>,
    /// The registry, and the system as metrics: `system_load1`, `process_resident_memory_bytes`. Where
    /// the registry has one of these names itself, that one.
    pub metrics: Snapshot,
}

/// What a [`Monitor`](super::Monitor) did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MonitorStats {
    /// How often it looked.
    pub looks: u64,
    /// How often the source of the system panicked.
    pub panics: u64,
    /// How many series are in the history.
    pub series: usize,
    /// How many values had no room in it.
    pub refused: u64,
    /// How many series of rules fire.
    pub firing: usize,
    /// How many episodes there were.
    pub episodes: u64,
    /// How many alerts wait to be handled.
    pub waiting: usize,
    /// How many alerts made room for others and were not handled.
    pub dropped: u64,
    /// How many calls of handlers failed or panicked.
    pub failed: u64,
}
