//! Caches.

mod keys;
mod speed;
mod subjects;

use crate::harness::Contest;

const GROUP: &str = "cache";

pub(super) fn contests() -> Vec<Contest> {
    speed::contests()
}
