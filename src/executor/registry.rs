use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use event_listener::Event;
use mtaio_runtime::AbortHandle;
use slab::Slab;

/// The tasks of an executor that have not ended.
pub(super) struct Registry {
    state: Mutex<State>,
    /// Told when the last one has ended.
    idle: Event,
}

struct State {
    live: Slab<Entry>,
    closed: bool,
    started: u64,
}

struct Entry {
    /// Tells the entry from a later one in the same place.
    id: u64,
    phase: Phase,
}

enum Phase {
    /// Handed to the runtime, which may run it before its handle is here.
    Starting,
    /// Cancelled before its handle was here.
    Cancelled,
    Running(AbortHandle),
}

impl Registry {
    pub(super) fn new() -> Arc<Self> {
        let state = State {
            live: Slab::new(),
            closed: false,
            started: 0,
        };
        Arc::new(Self {
            state: Mutex::new(state),
            idle: Event::new(),
        })
    }

    /// A place for a task that is about to start; `None` when no more are taken.
    pub(super) fn register(self: &Arc<Self>) -> Option<Registration> {
        let mut state = self.lock();
        if state.closed {
            return None;
        }
        state.started += 1;
        let id = state.started;
        let key = state.live.insert(Entry {
            id,
            phase: Phase::Starting,
        });
        drop(state);
        Some(Registration {
            registry: Arc::clone(self),
            ticket: Ticket { key, id },
        })
    }

    /// Notes how the task of `ticket` is aborted, unless it has ended already.
    pub(super) fn attach(&self, ticket: Ticket, handle: AbortHandle) {
        let mut state = self.lock();
        let Some(entry) = state
            .live
            .get_mut(ticket.key)
            .filter(|entry| entry.id == ticket.id)
        else {
            return;
        };
        let phase = mem::replace(&mut entry.phase, Phase::Running(handle.clone()));
        drop(state);
        if matches!(phase, Phase::Cancelled) {
            handle.abort();
        }
    }

    /// Aborts all that live now, and answers how many they are.
    pub(super) fn abort_all(&self) -> usize {
        let mut state = self.lock();
        let count = state.live.len();
        let mut handles = Vec::with_capacity(count);
        for (_, entry) in &mut state.live {
            match &entry.phase {
                Phase::Running(handle) => handles.push(handle.clone()),
                Phase::Starting | Phase::Cancelled => entry.phase = Phase::Cancelled,
            }
        }
        drop(state);
        for handle in handles {
            handle.abort();
        }
        count
    }

    /// Takes no more tasks, and answers how many live now.
    pub(super) fn close(&self) -> usize {
        let mut state = self.lock();
        state.closed = true;
        state.live.len()
    }

    /// Waits until no task is alive.
    pub(super) async fn idle(&self) {
        loop {
            let listener = self.idle.listen();
            if self.live() == 0 {
                return;
            }
            listener.await;
        }
    }

    pub(super) fn live(&self) -> usize {
        self.lock().live.len()
    }

    pub(super) fn started(&self) -> u64 {
        self.lock().started
    }

    /// The handles of the tasks that live now.
    pub(super) fn handles(&self) -> Vec<AbortHandle> {
        let state = self.lock();
        let handles = state
            .live
            .iter()
            .filter_map(|(_, entry)| match &entry.phase {
                Phase::Running(handle) => Some(handle.clone()),
                Phase::Starting | Phase::Cancelled => None,
            });
        handles.collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Which entry of a registry.
#[derive(Clone, Copy)]
pub(super) struct Ticket {
    key: usize,
    id: u64,
}

/// Held by a task; the task has ended when it is dropped.
pub(super) struct Registration {
    registry: Arc<Registry>,
    ticket: Ticket,
}

impl Registration {
    pub(super) const fn ticket(&self) -> Ticket {
        self.ticket
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        let mut state = self.registry.lock();
        let entry = state.live.remove(self.ticket.key);
        let is_idle = state.live.is_empty();
        drop(state);
        drop(entry);
        if is_idle {
            self.registry.idle.notify(usize::MAX);
        }
    }
}
