//! A service as they are: never quite as quick, and not always there.

use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mtaio::{Retryable, Runtime, RuntimeExt};
use thiserror::Error;

/// The service failed, this once.
#[derive(Clone, Copy, Debug, Error)]
#[error("the service is at fault")]
pub struct Fault;

impl Retryable for Fault {
    fn is_retryable(&self) -> bool {
        true
    }
}

/// Whether and how the next call fails, drawn from a seed: the same number of calls comes to the
/// same number of faults of each kind, whoever makes them.
pub struct Faults {
    probability: f64,
    seed: u64,
    calls: AtomicU64,
}

impl Faults {
    /// Calls that fail with this probability, 0 to 1.
    pub const fn new(probability: f64, seed: u64) -> Self {
        Self { probability, seed, calls: AtomicU64::new(0) }
    }

    /// Takes the time of a call, and may fail it. Of the faults one in eight never answers, three
    /// fail at once, and four take their time for it.
    pub async fn call<R: Runtime>(&self, rt: &R) -> Result<(), Fault> {
        let number = self.calls.fetch_add(1, Ordering::Relaxed);
        let drawn = mixed(self.seed ^ mixed(number));
        let is_fault = ((drawn >> 11) as f64) < self.probability * (1_u64 << 53) as f64;
        let kind = mixed(drawn);
        let latency = Duration::from_micros(200 + kind % 1_000);
        match (is_fault, kind >> 61) {
            (true, 0) => pending::<Result<(), Fault>>().await,
            (true, 1..=3) => Err(Fault),
            _ => {
                rt.sleep(latency).await;
                if is_fault { Err(Fault) } else { Ok(()) }
            }
        }
    }
}

/// The finalizer of SplitMix64 (Steele, Lea, Flood: "Fast Splittable Pseudorandom Number
/// Generators", 2014).
const fn mixed(state: u64) -> u64 {
    let mut z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
