//! Metrics: what a handle costs, from one thread and from two, and what a scrape does. Spans: what a
//! poll costs.

mod profiler;

use super::Hosts;
use crate::harness::{Contest, Outcome};

const GROUP: &str = "monitor";

pub(super) fn contests(hosts: &Hosts) -> Outcome<Vec<Contest>> {
    let mut contests = Vec::new();
    contests.extend(profiler::contests(hosts));
    Ok(contests)
}
