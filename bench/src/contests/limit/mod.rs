//! Limits.

mod rate;

use super::Hosts;
use crate::harness::{Contest, Outcome};

const GROUP: &str = "limit";

pub(super) fn contests(hosts: &Hosts) -> Outcome<Vec<Contest>> {
    rate::contests(hosts)
mod permits;
use crate::harness::Contest;
pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    permits::contests(&hosts.tokio[0])
}
