use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mtaio::{DynRuntime, Retryable, Runtime, RuntimeExt};
use thiserror::Error;

/// The aircraft that it knows, and their seats.
const SEATS: [(&str, u32); 8] = [
    ("N10156", 55),
    ("N102UW", 182),
    ("N11106", 55),
    ("N11113", 55),
    ("N12109", 178),
    ("N14228", 149),
    ("N24211", 149),
    ("N619AA", 178),
];

/// A database as they are: slow, and now and then at fault. Every fourth question fails, every
/// ninth is never answered.
pub struct Store {
    rt: DynRuntime,
    asked: AtomicU64,
}

/// The store failed, this once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the store is at fault")]
pub struct Fault;

impl Retryable for Fault {
    fn is_retryable(&self) -> bool {
        true
    }
}

impl Store {
    /// A store whose slowness follows the clock of `rt`.
    pub fn new<R: Runtime>(rt: &R) -> Self {
        Self { rt: DynRuntime::new(rt), asked: AtomicU64::new(0) }
    }

    /// The aircraft it knows.
    pub fn tailnums() -> impl Iterator<Item = (&'static str, u32)> + Clone {
        SEATS.into_iter()
    }

    /// The seats of an aircraft; `None` if it doesn't know it.
    pub(crate) async fn seats(&self, tailnum: &str) -> Result<Option<u32>, Fault> {
        let asked = self.asked.fetch_add(1, Ordering::Relaxed) + 1;
        self.rt.sleep(Duration::from_millis(1)).await;
        if asked.is_multiple_of(9) {
            pending::<()>().await;
        }
        if asked.is_multiple_of(4) {
            return Err(Fault);
        }
        Ok(SEATS.iter().find(|(known, _)| *known == tailnum).map(|(_, seats)| *seats))
    }
}
