//! Metrics: what a handle costs, from one thread and from two, and what a scrape does. Spans: what a
//! poll costs.

mod handles;
mod labels;
mod profiler;
mod scrape;

use std::sync::Barrier;
use std::thread;
use std::time::Instant;

use super::Hosts;
use crate::harness::{Contest, Outcome, Side, Unit};

const GROUP: &str = "monitor";

pub(super) fn contests(hosts: &Hosts) -> Outcome<Vec<Contest>> {
    let mut contests = handles::contests(hosts)?;
    contests.push(labels::contest()?);
    contests.extend(scrape::contests()?);
    contests.extend(profiler::contests(hosts));
    Ok(contests)
}

/// `work` from several threads at once, each of which does its part of the operations; what it takes
/// to start the threads is not counted.
fn shared(threads: usize, work: impl Fn(usize) + Sync + 'static) -> Side {
    Side::new(Unit::Nanos, move |times| {
        let each = (times as usize).div_ceil(threads);
        let ready = Barrier::new(threads);
        let run = || {
            ready.wait();
            let start = Instant::now();
            work(each);
            start.elapsed().as_nanos() as f64
        };
        let took = thread::scope(|scope| {
            let others: Vec<_> = (1..threads).map(|_| scope.spawn(run)).collect();
            let own = run();
            others.into_iter().try_fold(own, |most, other| other.join().map(|took| most.max(took)))
        });
        let took = took.map_err(|_| "a thread panicked")?;
        Ok(took * times as f64 / (each * threads) as f64)
    })
}
