use std::future::poll_fn;
use std::ops::Deref;

use mtaio_runtime::Runtime;

use super::flights::{Flights, Landed, Turn};
use crate::time::{Elapsed, until_deadline};

/// One who wants a key that is being loaded: leads the flight, or waits for it.
///
/// Dropping it gives up the place, or the lead.
pub(super) struct Seat<K, V, F: Deref<Target = Flights<K, V>>> {
    flights: F,
    flight: usize,
    place: Option<usize>,
    leads: bool,
    /// Whether a load of its own has begun and not ended.
    loads: bool,
}

impl<K, V, F: Deref<Target = Flights<K, V>>> Seat<K, V, F> {
    /// A seat on the flight for `key`, which it may have to lead.
    pub(super) fn board(flights: F, hash: u32, key: &K) -> Self
    where
        K: Clone + Eq,
    {
        let (flight, leads) = flights.board(hash, key);
        Self { flights, flight, place: None, leads, loads: false }
    }

    /// The lead of a new flight for `key`, if there is none.
    pub(super) fn lead(flights: F, hash: u32, key: &K) -> Option<Self>
    where
        K: Clone + Eq,
    {
        let flight = flights.lead(hash, key)?;
        Some(Self { flights, flight, place: None, leads: true, loads: false })
    }

    /// What the flight came to, or nothing for who is to lead it. Ends with the deadline of the
    /// caller's task.
    pub(super) async fn turn<R: Runtime>(&mut self, rt: &R) -> Result<Option<Landed<V>>, Elapsed> {
        if self.leads {
            return Ok(None);
        }
        let turn = poll_fn(|cx| self.flights.poll_turn(self.flight, &mut self.place, cx.waker()));
        match until_deadline(rt, turn).await? {
            Turn::Landed(landed) => Ok(Some(landed)),
            Turn::Lead => {
                self.leads = true;
                Ok(None)
            }
        }
    }

    /// A load of its own begins.
    pub(super) const fn begin(&mut self) {
        self.loads = true;
    }

    /// Tells all what the load came to. See [`Flights::land`].
    pub(super) fn land(mut self, landed: Landed<V>, store: impl FnOnce()) {
        if std::mem::take(&mut self.loads) {
            self.flights.count(landed.is_ok());
        }
        self.leads = false;
        self.flights.land(self.flight, landed, store);
    }
}

impl<K, V, F: Deref<Target = Flights<K, V>>> Drop for Seat<K, V, F> {
    fn drop(&mut self) {
        if self.loads {
            self.flights.count(false);
        }
        if self.leads {
            self.flights.abandon(self.flight);
        }
        self.flights.leave(self.flight, self.place);
    }
}
