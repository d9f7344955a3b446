//! The example `flights` against the same work by hand.

mod by_hand;
mod faults;
mod program;

use std::env;
use std::path::{Path, PathBuf};
use std::process;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use self::faults::Faults;
use self::program::{Alert, Desk, Journal, Lookups, Newspaper, Outputs, Summary, Tables};
use super::Hosts;
use crate::harness::Aim::{Gate, Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, timed_on};
use crate::host::Host;

const GROUP: &str = "flights";

/// What January comes to; the figures are of one row.
const ROWS: u64 = 27_004;
const ALERTS: usize = 13;

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let [current, multi] = &hosts.tokio;
    vec![
        contest("flights", current, true),
        contest("flights", multi, true),
        contest("flights", &hosts.smol, true),
        contest("flights-no-latency", current, false),
        contest("flights-no-latency", multi, false),
        contest("flights-no-latency", &hosts.smol, false),
    ]
}

/// With a service that takes its time, or with one that does not: then there is nothing but work.
fn contest<H: Host>(kind: &str, host: &H, has_latency: bool) -> Contest {
    let rt = host.adapter();
    let ours = move |_| {
        let rt = rt.clone();
        async move {
            let desk = Desk::new(Lookups::new(&rt, tables()?, Faults::none(has_latency))?);
            let paper = Newspaper::about(&desk.emitter);
            let flights = program::open(&data("flights-2013-01.csv"))?;
            let outputs = Outputs { journal: Some(journal()?), ..Outputs::default() };
            program::work(&rt, flights, &desk, outputs, |_| {}).await?;
            let summary = desk.summary.lock().unwrap_or_else(PoisonError::into_inner);
            complete(&summary, &paper.read().alerts)
        }
    };
    let rt = host.adapter();
    let streams = move |_| {
        let rt = rt.clone();
        async move {
            let (flights, faults) = (data("flights-2013-01.csv"), Faults::none(has_latency));
            let work = by_hand::streams(&rt, &flights, tables()?, faults, journal()?);
            let (summary, alerts) = work.await?;
            complete(&summary, &alerts)
        }
    };
    // 0.7 of its rows a second.
    let bound = Ratio(1.0 / 0.7);
    let aim = if has_latency { Gate(bound) } else { Wish(bound) };
    let contest = Contest::new(GROUP, format!("{kind}/{}", host.name()))
        .items(ROWS)
        .rounds(15)
        .ours(timed_on(host, ours))
        .peer("by hand: streams", aim, timed_on(host, streams));
    if has_latency {
        return contest;
    }
    let plain = move |_| async move {
        let work = by_hand::plain(&data("flights-2013-01.csv"), &tables()?, journal()?);
        let (summary, alerts) = work?;
        complete(&summary, &alerts)
    };
    contest.peer("by hand: plain loop", Open, timed_on(host, plain))
}

fn tables() -> Outcome<Tables> {
    Ok(Tables::load(&data("planes.csv"), &data("airlines.csv"), drop)?)
}

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples/data").join(name)
}

/// A file of lines that is written and gone.
fn journal() -> Outcome<Journal> {
    static NUMBER: AtomicU64 = AtomicU64::new(0);
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let path = env::temp_dir().join(format!("mtaio-bench-{}-{number}.jsonl", process::id()));
    let journal = Journal::create(&path)?;
    std::fs::remove_file(&path)?;
    Ok(journal)
}

fn complete(summary: &Summary, alerts: &[Alert]) -> Outcome {
    let seats: u64 = summary.carriers.values().map(|carrier| carrier.seats).sum();
    let done = (summary.rows, seats, alerts.len());
    let expected = (ROWS, expected_seats()?, ALERTS);
    if done == expected { Ok(()) } else { Err(format!("{done:?}, not {expected:?}").into()) }
}

fn expected_seats() -> Outcome<u64> {
    let text = std::fs::read(data("flights-2013-01.expected.json"))?;
    let expected: serde_json::Value = serde_json::from_slice(&text)?;
    let carriers = expected["carriers"].as_object().ok_or("no carriers")?;
    Ok(carriers.values().filter_map(|carrier| carrier["seats"].as_u64()).sum())
}
