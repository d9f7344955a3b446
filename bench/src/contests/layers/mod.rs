//! Caches that are shared.

mod near;
mod place;
mod quorum;

use super::Hosts;
use crate::harness::Contest;

const GROUP: &str = "layers";

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let mut contests = place::contests();
    contests.extend(near::contests(&hosts.tokio[0]));
    contests.extend(quorum::contests(hosts));
    contests
}
