//! Caches.

mod expiry;
mod heap;
mod keys;
mod load;
mod ratio;
mod speed;
mod subjects;
mod timed;

use super::Hosts;
use crate::harness::Contest;

const GROUP: &str = "cache";

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let host = &hosts.tokio[0];
    let mut contests = speed::contests();
    contests.extend(timed::contests(host));
    contests.extend(load::contests(host));
    contests.extend(expiry::contests(host));
    contests.extend(heap::contests());
    contests.extend(ratio::contests());
    contests
}
