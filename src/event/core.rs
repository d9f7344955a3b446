use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use super::any_event::AnyEvent;
use super::call::{Carried, Carry, Handling};
use super::hooks::Hooks;
use super::listener::{Entry, Listen, ListenerId, Priority, Subscription};
use super::name::Key;
use super::polls::Polls;
use super::registry::{Calls, Found, List, Registry, Select};
use super::report::{EmitterStats, Report};
use super::running::Running;
use super::trail::Trail;
use crate::queue::lock;

/// What the clones of an emitter share; and what is behind a view.
pub(super) struct Core {
    pub(super) is_concurrent: bool,
    pub(super) hooks: Option<Hooks>,
    /// Who listens. With nobody there, an emit does nothing else.
    listeners: AtomicUsize,
    /// Whether something is kept or suppressed.
    watches: AtomicBool,
    registry: Mutex<Registry>,
    /// Views count on from their emitter, so that no two listeners of it are called alike.
    next_id: Arc<AtomicU64>,
    pub(super) polls: Polls,
    pub(super) counts: Counts,
}

#[derive(Default)]
pub(super) struct Counts {
    pub(super) emitted: AtomicU64,
    pub(super) ran: AtomicU64,
    pub(super) failed: AtomicU64,
    pub(super) suppressed: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) looped: AtomicU64,
}

pub(super) fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

impl Core {
    pub(super) fn new(is_concurrent: bool, hooks: Option<Hooks>) -> Self {
        Self {
            is_concurrent,
            hooks,
            listeners: AtomicUsize::new(0),
            watches: AtomicBool::new(false),
            registry: Mutex::new(Registry::new()),
            next_id: Arc::default(),
            polls: Polls::default(),
            counts: Counts::default(),
        }
    }

    /// For the listeners of a view.
    pub(super) fn behind(&self) -> Self {
        Self { next_id: Arc::clone(&self.next_id), ..Self::new(self.is_concurrent, None) }
    }

    /// What tells it from other emitters, as long as it is there.
    pub(super) fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }

    pub(super) fn listen(
        &self,
        select: Select,
        listen: Listen,
        handling: Box<dyn Handling>,
        feed: Option<Arc<Subscription>>,
    ) -> Arc<Entry> {
        self.listen_and_replay(select, listen, handling, feed, false).0
    }

    /// As [`listen`](Self::listen), with what was kept of what it listens for: each event is either
    /// in there or delivered.
    pub(super) fn listen_and_replay(
        &self,
        select: Select,
        listen: Listen,
        handling: Box<dyn Handling>,
        feed: Option<Arc<Subscription>>,
        replay: bool,
    ) -> (Arc<Entry>, Vec<AnyEvent>) {
        let id = ListenerId(self.next_id.fetch_add(1, Ordering::Relaxed));
        let entry = Arc::new(Entry::new(id, select, listen, handling, feed));
        let mut registry = lock(&self.registry);
        let outdated = registry.insert(Arc::clone(&entry));
        self.listeners.fetch_add(1, Ordering::SeqCst);
        let mut kept = if replay { registry.all_kept() } else { Vec::new() };
        drop(registry);
        drop(outdated);
        kept.retain(|event| entry.select.takes(event));
        (entry, kept)
    }

    /// Takes `entry` out, which was removed by its own account.
    pub(super) fn forget(&self, entry: &Arc<Entry>) {
        let mut registry = lock(&self.registry);
        let removed = registry.remove(entry);
        if removed.is_some() {
            self.listeners.fetch_sub(1, Ordering::SeqCst);
        }
        drop(registry);
        drop(removed);
    }

    /// Emits what `make` makes, if there is anybody whom it is for.
    #[inline]
    pub(super) async fn emit(&self, key: Key<'_>, make: impl FnOnce() -> AnyEvent) -> Report {
        count(&self.counts.emitted, 1);
        if self.listeners.load(Ordering::SeqCst) == 0
            && !self.watches.load(Ordering::SeqCst)
            && self.hooks.is_none()
        {
            return Report::default();
        }
        self.emit_to_some(key, make).await
    }

    async fn emit_to_some(&self, key: Key<'_>, make: impl FnOnce() -> AnyEvent) -> Report {
        let (found, event);
        if self.watches.load(Ordering::SeqCst) || self.hooks.is_some() {
            event = make();
            found = match self.watch(&event) {
                Ok(found) => found,
                Err(suppressed) => return suppressed,
            };
            if let Some(hooks) = &self.hooks {
                hooks.before(&event);
            }
        } else {
            found = lock(&self.registry).find(&key);
            if found.is_none() {
                return Report::default();
            }
            event = make();
        }
        let trail = Trail::at(self.address(), &event);
        self.deliver(found, Arc::new(Carried { event, trail }), None).await
    }

    /// Emits what comes by a pipe.
    pub(super) async fn emit_piped(&self, carry: Carry) -> Report {
        count(&self.counts.emitted, 1);
        let found = match self.watch(&carry.event) {
            Ok(found) => found,
            Err(suppressed) => return suppressed,
        };
        if let Some(hooks) = &self.hooks {
            hooks.before(&carry.event);
        }
        self.deliver(found, carry, None).await
    }

    /// Shows an event to who listens by `key`: to all, or only to those with a priority.
    pub(super) async fn show(&self, key: &Key<'_>, carry: Carry, only: Option<Priority>) -> Report {
        let found = lock(&self.registry).find(key);
        self.deliver(found, carry, only).await
    }

    /// Keeps an event, where that was asked for, and finds whom it is for; or else suppresses it.
    fn watch(&self, event: &AnyEvent) -> Result<Option<Found>, Report> {
        let mut registry = lock(&self.registry);
        if registry.is_suppressed(event.name()) {
            drop(registry);
            count(&self.counts.suppressed, 1);
            return Err(Report { suppressed: true, ..Report::default() });
        }
        let outdated = registry.keep(event);
        let found = registry.find(&event.key());
        drop(registry);
        drop(outdated);
        Ok(found)
    }

    async fn deliver(&self, found: Option<Found>, carry: Carry, only: Option<Priority>) -> Report {
        let Some(found) = found else {
            let report = Report::default();
            if let Some(hooks) = &self.hooks {
                hooks.after(&carry.event, &report);
            }
            return report;
        };
        let Found { list, calls, channel, outdated } = found;
        drop(outdated);
        let mut running = Running::new(self, list, calls, channel, carry);
        if self.is_concurrent {
            // Boxed, so that it does not make room for itself in every emit.
            self.polls.count(Box::pin(running.all_at_once(only))).await;
        } else {
            self.polls.count(running.one_by_one(only)).await;
        }
        running.end()
    }

    pub(super) fn give_back(&self, channel: usize, list: &List, calls: Calls) {
        let unused = lock(&self.registry).give_back(channel, list, calls);
        drop(unused);
    }

    /// Does something to what is kept and suppressed. What it answers is dropped without the lock.
    pub(super) fn change_watches<T>(&self, change: impl FnOnce(&mut Registry) -> T) -> T {
        let mut registry = lock(&self.registry);
        let answer = change(&mut registry);
        self.watches.store(registry.watches(), Ordering::SeqCst);
        drop(registry);
        answer
    }

    pub(super) fn stats(&self) -> EmitterStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        EmitterStats {
            listeners: self.listeners.load(Ordering::Relaxed),
            emitted: load(&self.counts.emitted),
            ran: load(&self.counts.ran),
            failed: load(&self.counts.failed),
            suppressed: load(&self.counts.suppressed),
            dropped: load(&self.counts.dropped),
            looped: load(&self.counts.looped),
        }
    }
}
