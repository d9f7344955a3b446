//! Policies: stages around a call, alone and together, and what is left when somebody goes.

#![allow(
    clippy::expect_used,
    clippy::unwrap_used,
    missing_docs,
    unreachable_pub,
    reason = "a test may fail, and is no library"
)]

#[path = "../common/mod.rs"]
mod common;

mod allocations;
mod bulk;
mod events;
mod fallback;
mod hedge;
mod learning;
mod model;
mod panics;
mod refusals;
mod story;
#[cfg(feature = "tower")]
mod tower;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts calls; a clone counts with it.
#[derive(Clone, Debug, Default)]
pub struct Count(Arc<AtomicU32>);

impl Count {
    pub fn up(&self) -> u32 {
        self.0.fetch_add(1, Ordering::SeqCst) + 1
    }

    pub fn get(&self) -> u32 {
        self.0.load(Ordering::SeqCst)
    }
}
