//! Policies: what they cost when all goes well.

mod breaker;
mod retry;
mod whole;

use super::Hosts;
use crate::harness::Contest;

const GROUP: &str = "policy";

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let host = &hosts.tokio[0];
    let parts = breaker::contests(host).into_iter().chain(retry::contests(host));
    parts.chain(whole::contests(host)).collect()
}
