//! `examples/flights`: the summary is the same on every runtime, and whatever is wrong with its
//! input is told.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

mod dead_letters;
mod harness;
mod january;
mod metrics;
mod outputs;
mod refusals;
mod resume;
mod rows;
mod sample;
mod simulated;

use self::dead_letters::keeps_malformed_rows;
use self::january::{
    sums_up_january, sums_up_january_although_lookups_fail, tells_of_each_flight_once,
};
use self::metrics::serves_metrics_while_it_runs;
use self::outputs::writes_each_flight_down_once;
use self::resume::goes_on_where_it_was_killed;
use self::rows::{
    numbers_lines_whatever_ends_them, reports_malformed_rows_and_goes_on,
    reports_malformed_rows_of_the_tables, sums_up_more_than_a_chunk, sums_up_no_rows,
    tells_of_airports_that_are_late,
};

#[allow(dead_code)] // The example's `main` is called by the tests of the binary alone.
#[path = "../../examples/flights/main.rs"]
mod flights;

/// Gives each scenario a test a runtime.
macro_rules! on_every_runtime {
    ($($scenario:ident),+ $(,)?) => {
        on_every_runtime!(@ tokio: $($scenario),+);
        on_every_runtime!(@ smol: $($scenario),+);
        on_every_runtime!(@ sim: $($scenario),+);
    };
    (@ $runtime:ident: $($scenario:ident),+) => {
        mod $runtime {
            $(
                #[test]
                fn $scenario() {
                    super::$scenario(stringify!($runtime));
                }
            )+
        }
    };
}

on_every_runtime!(
    sums_up_january,
    sums_up_january_although_lookups_fail,
    reports_malformed_rows_and_goes_on,
    numbers_lines_whatever_ends_them,
    sums_up_no_rows,
    sums_up_more_than_a_chunk,
    tells_of_airports_that_are_late,
    tells_of_each_flight_once,
    writes_each_flight_down_once,
    goes_on_where_it_was_killed,
    serves_metrics_while_it_runs,
    reports_malformed_rows_of_the_tables,
    keeps_malformed_rows,
);
