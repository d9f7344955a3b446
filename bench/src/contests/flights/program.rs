//! The example's own files, apart from its `main`, its tables and its faults.

#![allow(dead_code, unreachable_pub)]

#[path = "../../../../examples/flights/airports.rs"]
mod airports;
#[path = "../../../../examples/flights/args.rs"]
mod args;
#[path = "../../../../examples/flights/console.rs"]
mod console;
#[path = "../../../../examples/flights/csv/mod.rs"]
mod csv;
#[path = "../../../../examples/flights/dead_letters.rs"]
mod dead_letters;
#[path = "../../../../examples/flights/failure.rs"]
mod failure;
#[path = "../../../../examples/flights/flight.rs"]
mod flight;
#[path = "../../../../examples/flights/journal.rs"]
mod journal;
#[path = "../../../../examples/flights/json_lines.rs"]
mod json_lines;
#[path = "../../../../examples/flights/lookups.rs"]
mod lookups;
#[path = "../../../../examples/flights/news.rs"]
mod news;
#[path = "../../../../examples/flights/pipeline.rs"]
mod pipeline;
#[path = "../../../../examples/flights/reader.rs"]
mod reader;
#[path = "../../../../examples/flights/summary.rs"]
mod summary;
#[path = "../../../../examples/flights/tables.rs"]
mod tables;
#[path = "../../../../examples/flights/writers.rs"]
mod writers;

// A service that is never at fault, and takes no time if it is told so.
use super::faults;

pub(super) use self::airports::{Airports, Alert};
pub(super) use self::flight::{Flight, open};
pub(super) use self::journal::Journal;
pub(super) use self::lookups::Lookups;
pub(super) use self::news::Newspaper;
pub(super) use self::pipeline::{Desk, Enriched, Outputs, work};
pub(super) use self::summary::Summary;
pub(super) use self::tables::{Aircraft, Tables};
