//! Events: to handlers, to the subscribers of topics, and by patterns.

mod emit;
mod matching;
mod topics;

use super::Hosts;
use crate::harness::Contest;

const GROUP: &str = "event";

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let host = &hosts.tokio[0];
    let mut contests = emit::contests(host);
    contests.extend(topics::contests(host));
    contests.push(matching::contest(host));
    contests
}
