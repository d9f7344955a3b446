use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// A number of permits, handed out in the order of asking: nobody overtakes who waits.
pub struct Permits {
    count: usize,
    state: Mutex<State>,
}

struct State {
    /// Nobody waits while some are free.
    free: usize,
    /// Who waits, by ticket. A permit is handed to the first of them, not put back.
    waiting: BTreeMap<u64, Waker>,
    /// Whose permit lies ready.
    granted: BTreeSet<u64>,
    next_ticket: u64,
}

impl Permits {
    pub(crate) fn new(count: usize) -> Arc<Self> {
        let (waiting, granted) = (BTreeMap::new(), BTreeSet::new());
        let state = State {
            free: count,
            waiting,
            granted,
            next_ticket: 0,
        };
        Arc::new(Self {
            count,
            state: Mutex::new(state),
        })
    }

    /// How many there are, free or not.
    pub(crate) const fn count(&self) -> usize {
        self.count
    }

    /// A permit, if one is free.
    pub(crate) fn try_acquire(self: &Arc<Self>) -> Option<Permit> {
        let mut state = self.lock();
        state.free = state.free.checked_sub(1)?;
        drop(state);
        Some(Permit(Arc::clone(self)))
    }

    /// Waits for a permit.
    pub(crate) fn acquire(self: &Arc<Self>) -> Acquire {
        Acquire {
            permits: Arc::clone(self),
            ticket: None,
        }
    }

    /// Gives one permit back: to the first who waits, else to the free ones.
    fn release(&self) {
        let mut state = self.lock();
        let Some((ticket, waker)) = state.waiting.pop_first() else {
            state.free += 1;
            return;
        };
        state.granted.insert(ticket);
        drop(state);
        waker.wake();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A permit, given back when it is dropped.
pub struct Permit(Arc<Permits>);

impl Drop for Permit {
    fn drop(&mut self) {
        self.0.release();
    }
}

/// The future of [`Permits::acquire`]. Dropping it gives up the place, or the permit.
pub(crate) struct Acquire {
    permits: Arc<Permits>,
    /// The place in the queue, once it has one.
    ticket: Option<u64>,
}

impl Future for Acquire {
    type Output = Permit;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Permit> {
        let this = self.get_mut();
        let mut state = this.permits.lock();
        let granted = match this.ticket {
            Some(ticket) => state.granted.remove(&ticket),
            None => {
                state.free > 0 && {
                    state.free -= 1;
                    true
                }
            }
        };
        if granted {
            this.ticket = None;
            drop(state);
            return Poll::Ready(Permit(Arc::clone(&this.permits)));
        }
        let ticket = *this.ticket.get_or_insert_with(|| {
            state.next_ticket += 1;
            state.next_ticket
        });
        let replaced = match state.waiting.get_mut(&ticket) {
            Some(waker) if waker.will_wake(cx.waker()) => None,
            Some(waker) => Some(mem::replace(waker, cx.waker().clone())),
            None => state.waiting.insert(ticket, cx.waker().clone()),
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Acquire {
    fn drop(&mut self) {
        let Some(ticket) = self.ticket else { return };
        let mut state = self.permits.lock();
        let waker = state.waiting.remove(&ticket);
        let granted = state.granted.remove(&ticket);
        drop(state);
        drop(waker);
        if granted {
            self.permits.release();
        }
    }
}
