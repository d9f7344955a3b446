//! The executor: what it runs, in which order, under which limit, and how it ends.

#![allow(
    clippy::expect_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod gather;
mod limit;
mod many;
mod run;
mod shutdown;
mod stuck;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts who is alive, and remembers the most there were.
#[derive(Clone, Default)]
pub struct Census(Arc<(AtomicUsize, AtomicUsize)>);

pub struct Alive(Census);

impl Census {
    pub fn enter(&self) -> Alive {
        let now = self.0.0.fetch_add(1, Ordering::SeqCst) + 1;
        self.0.1.fetch_max(now, Ordering::SeqCst);
        Alive(self.clone())
    }

    pub fn now(&self) -> usize {
        self.0.0.load(Ordering::SeqCst)
    }

    pub fn most(&self) -> usize {
        self.0.1.load(Ordering::SeqCst)
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        self.0.0.0.fetch_sub(1, Ordering::SeqCst);
    }
}
