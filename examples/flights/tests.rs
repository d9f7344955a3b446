use std::path::{Path, PathBuf};

use futures::future::join_all;
use mtaio_sim::Sim;

use super::csv::Rows;
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

fn tables() -> Tables {
    Tables::load(&data("planes.csv"), &data("airlines.csv"), |_| {}).unwrap()
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/data").join(name)
}
