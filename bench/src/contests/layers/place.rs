//! Which node a key is at.

use std::cell::Cell;
use std::sync::Arc;

use hashring::HashRing;
use mtaio::cache::Rendezvous;
use rendezvous_hash::RendezvousNodes;

use super::GROUP;
use crate::harness::Aim::Wish;
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Side, timed};

pub(super) fn contests() -> Vec<Contest> {
    [3, 10, 100]
        .map(|nodes| {
            Contest::new(GROUP, format!("layers-place/{nodes}"))
                .ours(ours(nodes))
                .peer("hashring", Wish(Ratio(1.0)), ring(nodes))
                .peer("rendezvous_hash", Wish(Ratio(1.0)), rendezvous(nodes))
        })
        .into()
}

/// Keys as services have them, one after the other.
#[derive(Clone)]
struct Keys {
    keys: Arc<[String]>,
    next: Cell<usize>,
}

impl Keys {
    fn new() -> Self {
        let keys = (0..1_024).map(|number| format!("users:v1:{}", 7_919 * number)).collect();
        Self { keys, next: Cell::new(0) }
    }

    fn next(&self) -> &str {
        let next = self.next.get();
        self.next.set((next + 1) % self.keys.len());
        &self.keys[next]
    }
}

fn names(nodes: usize) -> impl Iterator<Item = String> {
    (0..nodes).map(|node| format!("cache-{node}.example.org:6379"))
}

fn ours(nodes: usize) -> Side {
    let places = Rendezvous::new(names(nodes), 1).unwrap_or_else(|refused| panic!("{refused}"));
    let keys = Keys::new();
    timed(move || places.pick(keys.next().as_bytes()).first())
}

fn ring(nodes: usize) -> Side {
    let mut ring: HashRing<usize> = HashRing::new();
    ring.batch_add((0..nodes).collect());
    let (ring, keys) = (Arc::new(ring), Keys::new());
    timed(move || ring.get(&keys.next()).copied())
}

fn rendezvous(nodes: usize) -> Side {
    let mut all = RendezvousNodes::default();
    for name in names(nodes) {
        // It takes no names that it would own.
        let name: &'static str = name.leak();
        all.insert(name);
    }
    let (all, keys) = (Arc::new(all), Keys::new());
    timed(move || all.calc_candidates(&keys.next()).next().map(|name| name.len()))
}
