//! Limits.

mod permits;

use super::Hosts;
use crate::harness::Contest;

const GROUP: &str = "limit";

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    permits::contests(&hosts.tokio[0])
}
