//! Bad settings, all of them: each is refused when the thing is built, by the name of the setting, with
//! its value, and with what is allowed.
//!
//! `cargo test --test refusals -- --nocapture` shows all messages side by side. That no function is
//! left out is [checked](complete) against the sources.

#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test may fail")]

mod any_number;
mod cache;
mod complete;
mod event;
mod limit;
mod monitor;
mod parts;
mod policy;
mod sim;
mod stream;
mod table;
mod time;
mod without_delay;

use mtaio_sim::Sim;
use table::Table;

/// All that is refused, checked row by row.
fn table() -> Table {
    Sim::run(0, |rt| async move {
        let mut table = Table::default();
        cache::refuse(&rt, &mut table);
        event::refuse(&rt, &mut table);
        limit::refuse(&rt, &mut table);
        monitor::refuse(&rt, &mut table);
        parts::refuse(&rt, &mut table);
        policy::refuse(&rt, &mut table);
        stream::refuse(&rt, &mut table);
        time::refuse(&rt, &mut table);
        table
    })
}

#[test]
fn a_bad_setting_is_refused_by_name_with_its_value() {
    let table = table();
    assert!(table.rows().len() > 250, "{} rows", table.rows().len());
    for row in table.rows() {
        println!("{:48} {}", row.of, row.message);
    }
}
