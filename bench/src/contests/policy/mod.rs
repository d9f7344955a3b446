//! Policies: what they cost when all goes well.

mod breaker;
mod retry;

use super::Hosts;
use crate::harness::Contest;

const GROUP: &str = "policy";

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let host = &hosts.tokio[0];
    breaker::contests(host).into_iter().chain(retry::contests(host)).collect()
}
