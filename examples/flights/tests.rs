use std::path::{Path, PathBuf};

use futures::future::join_all;
use mtaio_sim::Sim;

use super::console::{Console, Told};
use super::csv::{Malformed, Rows};
use super::failure::Failure;
use super::faults::Faults;
use super::lookups::Lookups;
use super::pipeline::{Desk, Outputs, work};
use super::tables::Tables;

/// Or the rest of the file would be missing from a summary that looks whole.
#[test]
fn a_chunk_that_is_not_read_ends_the_run() {
    let columns = ["carrier", "dep_time", "dep_delay", "tailnum", "origin"];
    let panics = |_: [&str; 5]| panic!("on purpose");
    let flights = Rows::open(&data("flights-2013-01.csv"), columns, &[], panics).unwrap();
    let outcome = Sim::run(0, |rt| async move {
        let lookups = Lookups::new(&rt, tables(), Faults::new(0.0, 0))?;
        work(&rt, flights, &Desk::new(lookups), Outputs::default(), |_| {}).await
    });
    assert!(matches!(outcome, Err(Failure::Reading(_))), "{:?}", outcome.err());
}

#[test]
fn what_is_known_is_not_asked_again_nor_that_there_is_nothing_to_know() {
    Sim::run(0, |rt| async move {
        let lookups = Lookups::new(&rt, tables(), Faults::new(0.0, 0)).unwrap();
        for _ in 0..2 {
            let twice = ["N14228", "none such", "N14228", "none such"];
            let found = join_all(twice.map(|tailnum| lookups.aircraft(tailnum))).await;
            let seats = found.into_iter().map(|found| found.unwrap().map(|it| it.seats));
            assert_eq!(seats.collect::<Vec<_>>(), [Some(149), None, Some(149), None]);
            assert_eq!(lookups.aircraft_asked_for(), 2);
        }
    });
}

/// A bar that is drawn over and over, and makes room for what stays.
#[test]
fn a_terminal_sees_how_far_it_is() {
    let row = Malformed {
        path: "flights.csv".into(),
        line: 2,
        reason: "it is none".to_owned(),
        text: String::new(),
    };
    let told = |has_bar| {
        let mut stderr = Vec::new();
        let mut console = Console::new(&mut stderr, has_bar);
        console.tell(Told::Read { rows: 1_000, part: 0.25 });
        console.tell(Told::Malformed(&row));
        console.tell(Told::Read { rows: 4_000, part: 1.0 });
        console.erase();
        String::from_utf8(stderr).unwrap()
    };
    let erase = "\r\x1b[2K";
    let (quarter, whole) = (["#".repeat(10), "-".repeat(30)].concat(), "#".repeat(40));
    let malformed = "flights.csv: line 2: it is none\n";
    let bars =
        format!("{erase}[{quarter}] 1000 rows{erase}{malformed}{erase}[{whole}] 4000 rows{erase}");
    assert_eq!(told(true), bars);
    assert_eq!(told(false), malformed);
}

fn tables() -> Tables {
    Tables::load(&data("planes.csv"), &data("airlines.csv"), |_| {}).unwrap()
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data").join(name)
}
