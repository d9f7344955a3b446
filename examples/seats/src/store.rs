use std::collections::BTreeMap;
use std::future::pending;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// A database as they are: slow, and now and then at fault. Its clones are the same one.
#[derive(Clone)]
pub struct Store(Arc<Inner>);

struct Inner {
    rt: DynRuntime,
    asked: AtomicU64,
    condition: Mutex<Condition>,
    seats: Mutex<BTreeMap<String, u32>>,
}

/// How a store does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Every fourth question fails, every ninth is never answered.
    Usual,
    /// It takes its time, and fails nobody.
    Slow,
    /// It fails everybody.
    Down,
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
        let seats = Self::tailnums().map(|(tailnum, seats)| (tailnum.to_owned(), seats)).collect();
        Self(Arc::new(Inner {
            rt: DynRuntime::new(rt),
            asked: AtomicU64::new(0),
            condition: Mutex::new(Condition::Usual),
            seats: Mutex::new(seats),
        }))
    }

    /// The aircraft it knows, with the seats that they have in the beginning.
    pub fn tailnums() -> impl Iterator<Item = (&'static str, u32)> + Clone {
        SEATS.into_iter()
    }

    /// From now on it does so.
    pub fn set_condition(&self, condition: Condition) {
        *lock(&self.0.condition) = condition;
    }

    /// Changes the seats as another program would that uses the same database: nobody is told.
    pub fn set_behind_our_back(&self, tailnum: &str, seats: u32) {
        lock(&self.0.seats).insert(tailnum.to_owned(), seats);
    }

    /// The seats of an aircraft; `None` if it doesn't know it.
    pub(crate) async fn seats(&self, tailnum: &str) -> Result<Option<u32>, Fault> {
        self.ask().await?;
        Ok(lock(&self.0.seats).get(tailnum).copied())
    }

    /// Changes the seats of an aircraft, and answers them; `None` if it doesn't know it.
    pub(crate) async fn change(&self, tailnum: &str, to: u32) -> Result<Option<u32>, Fault> {
        self.ask().await?;
        Ok(lock(&self.0.seats).get_mut(tailnum).map(|seats| {
            *seats = to;
            to
        }))
    }

    async fn ask(&self) -> Result<(), Fault> {
        let asked = self.0.asked.fetch_add(1, Ordering::Relaxed) + 1;
        let condition = *lock(&self.0.condition);
        let takes = if condition == Condition::Slow { 30 } else { 1 };
        self.0.rt.sleep(Duration::from_millis(takes)).await;
        match condition {
            Condition::Usual if asked.is_multiple_of(9) => pending().await,
            Condition::Usual if asked.is_multiple_of(4) => Err(Fault),
            Condition::Usual | Condition::Slow => Ok(()),
            Condition::Down => Err(Fault),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
