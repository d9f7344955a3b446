//! Limits.

mod permits;
mod rate;

use super::Hosts;
use crate::harness::{Contest, Outcome};

const GROUP: &str = "limit";

pub(super) fn contests(hosts: &Hosts) -> Outcome<Vec<Contest>> {
    let mut contests = rate::contests(hosts)?;
    contests.extend(permits::contests(&hosts.tokio[0]));
    Ok(contests)
}
