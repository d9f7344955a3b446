use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mtaio::{Retryable, Runtime, RuntimeExt};
use thiserror::Error;

/// What the example's service may answer; this one never does.
#[derive(Clone, Copy, Debug, Error)]
#[error("the service is at fault")]
pub(super) struct Fault;

impl Retryable for Fault {
    fn is_retryable(&self) -> bool {
        true
    }
}

/// The example's service, without its faults, and with its latency or without.
pub(super) struct Faults {
    has_latency: bool,
    calls: AtomicU64,
}

impl Faults {
    pub(super) const fn none(has_latency: bool) -> Self {
        Self { has_latency, calls: AtomicU64::new(0) }
    }

    pub(super) async fn call<R: Runtime>(&self, rt: &R) -> Result<(), Fault> {
        if self.has_latency {
            // Spread over the example's 200 to 1,200 µs.
            let number = self.calls.fetch_add(1, Ordering::Relaxed);
            rt.sleep(Duration::from_micros(200 + number * 617 % 1_000)).await;
        }
        Ok(())
    }
}
