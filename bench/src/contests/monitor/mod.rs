//! Metrics: what a handle costs, from one thread and from two, and what a scrape does.

mod handles;
mod labels;
mod scrape;

use std::thread;
use std::time::Instant;

use super::Hosts;
use crate::harness::{Contest, Outcome, Side, Unit};

const GROUP: &str = "monitor";

pub(super) fn contests(hosts: &Hosts) -> Outcome<Vec<Contest>> {
    let mut contests = handles::contests(hosts)?;
    contests.push(labels::contest()?);
    contests.extend(scrape::contests()?);
    Ok(contests)
}

/// `work` from several threads at once, each of which does its part of the operations.
fn shared(threads: usize, work: impl Fn(usize) + Sync + 'static) -> Side {
    Side::new(Unit::Nanos, move |times| {
        let each = (times as usize).div_ceil(threads);
        let start = Instant::now();
        thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| work(each));
            }
        });
        Ok(start.elapsed().as_nanos() as f64 * times as f64 / (each * threads) as f64)
    })
}
