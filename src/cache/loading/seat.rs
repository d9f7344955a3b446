use std::future::{Future, pending, poll_fn};
use std::mem;
use std::ops::Deref;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use mtaio_runtime::{Ambient, Runtime, Sleep};

use super::flight::{Ticket, Turn, Watch};
use super::flights::{Boarded, Flights, Landed, Wait};
use crate::time::{Elapsed, until_deadline};

/// One who wants a key that is being loaded: leads the flight, or waits for it.
///
/// Dropping it gives up the place, or the lead.
pub(super) struct Seat<K, V, F: Deref<Target = Flights<K, V>>> {
    flights: F,
    ticket: Ticket,
    /// The number of its lead.
    lead: Option<u32>,
    /// What it heard in the poll in which it came aboard, which is the first one.
    heard: Option<Boarded>,
    /// Whether a load of its own has begun and not ended.
    loads: bool,
}

impl<K, V, F: Deref<Target = Flights<K, V>>> Seat<K, V, F> {
    /// A seat on the flight for `key`, which it may have to lead. It is to take its
    /// [turn](Self::turn) in the same poll.
    pub(super) async fn board(flights: F, hash: u32, key: &K) -> Self
    where
        K: Clone + Eq,
    {
        let boarded = poll_fn(|cx| Poll::Ready(flights.board(hash, key, cx.waker()))).await;
        let (ticket, heard) = boarded;
        Self { flights, ticket, lead: heard.lead(), heard: Some(heard), loads: false }
    }

    /// The lead of the flight for `key`, if nobody has it.
    pub(super) fn lead(flights: F, hash: u32, key: &K) -> Option<Self>
    where
        K: Clone + Eq,
    {
        let (ticket, lead) = flights.lead(hash, key)?;
        Some(Self { flights, ticket, lead: Some(lead), heard: None, loads: false })
    }

    /// What the flight came to, or nothing for who is to lead it: also in the place of one that has
    /// been waited for as long as `patience`. Ends with the deadline of the caller's task.
    pub(super) async fn turn<R: Runtime>(
        &mut self,
        rt: &R,
        patience: Option<Duration>,
    ) -> Result<Option<Landed<V>>, Elapsed> {
        if self.lead.is_some() {
            return Ok(None);
        }
        let (mut timer, mut deadline) = (None, None);
        let turn = poll_fn(|cx| {
            let polled = self.poll_turn(rt, patience, &mut timer, cx);
            if polled.is_ready() {
                return polled.map(Ok);
            }
            // Boxed, and only where there is one: who waits mostly has none.
            if deadline.is_none() && Ambient::current().deadline().is_some() {
                deadline = Some(Box::pin(until_deadline(rt, pending())));
            }
            match &mut deadline {
                Some(deadline) => deadline.as_mut().poll(cx),
                None => Poll::Pending,
            }
        });
        match turn.await? {
            Turn::Landed(landed) => Ok(Some(landed)),
            Turn::Lead(lead) => {
                self.lead = Some(lead);
                Ok(None)
            }
        }
    }

    fn poll_turn<R: Runtime>(
        &mut self,
        rt: &R,
        patience: Option<Duration>,
        // Boxed, since few have one.
        timer: &mut Option<Pin<Box<R::Sleep>>>,
        cx: &mut Context<'_>,
    ) -> Poll<Turn<V>> {
        let watch = match self.heard.take() {
            Some(Boarded::Waits { watch }) => watch,
            _ => match self.flights.turn(&mut self.ticket, cx.waker()) {
                Wait::Over(turn) => return Poll::Ready(turn),
                Wait::On { watch } => watch,
            },
        };
        let Some(patience) = patience.filter(|_| watch) else { return Poll::Pending };
        loop {
            if let Some(timer) = timer {
                ready!(timer.as_mut().poll(cx));
            }
            match self.flights.watch(&mut self.ticket, rt.now(), patience) {
                Watch::Until(due) => match timer {
                    Some(timer) => timer.as_mut().reset(due),
                    None => *timer = Some(Box::pin(rt.sleep_until(due))),
                },
                Watch::Lead(lead) => return Poll::Ready(Turn::Lead(lead)),
                Watch::No => return Poll::Pending,
            }
        }
    }

    /// A load of its own begins.
    pub(super) const fn begin(&mut self) {
        self.loads = true;
    }

    /// Tells all what the load came to. See [`Flights::land`].
    pub(super) fn land(mut self, landed: Landed<V>, store: impl FnOnce()) {
        if mem::take(&mut self.loads) {
            self.flights.count(landed.is_ok());
        }
        // Who is to land has the lead.
        if let Some(lead) = self.lead.take() {
            self.flights.land(&mut self.ticket, lead, landed, store);
        }
    }
}

impl<K, V, F: Deref<Target = Flights<K, V>>> Drop for Seat<K, V, F> {
    fn drop(&mut self) {
        if self.loads {
            self.flights.count(false);
        }
        if let Some(lead) = self.lead {
            self.flights.abandon(&self.ticket, lead);
        }
        if self.ticket.is_aboard {
            self.flights.leave(&mut self.ticket);
        }
    }
}
