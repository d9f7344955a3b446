use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use event_listener::Event as Left;

use super::any_event::AnyEvent;
use super::call::{Carried, Carry, Handling};
use super::emit::Emitted;
use super::heard::Heard;
use super::hooks::Hooks;
use super::lane::Lane;
use super::listener::{Entry, Listen, ListenerId, Priority, Subscription};
use super::name::Key;
use super::polls::{Polls, Turn};
use super::registry::{Found, Outdated, Registry, Select};
use super::report::{EmitterStats, Report};
use super::running::Running;
use super::trail::Trail;
use crate::queue::lock;

/// What the clones of an emitter share; and what is behind a view.
pub(super) struct Core {
    pub(super) is_concurrent: bool,
    pub(super) hooks: Option<Arc<Hooks>>,
    heard: Heard,
    /// Whether something is kept or suppressed.
    watches: AtomicBool,
    state: Mutex<State>,
    /// Somebody left who was waited for.
    left: Left,
    /// Views count on from their emitter, so that no two listeners of it are called alike.
    next_id: Arc<AtomicU64>,
    pub(super) counts: Counts,
}

/// What is under the lock. An emit takes it twice: to find all that it needs, and to leave all that
/// the next one needs.
struct State {
    registry: Registry,
    listeners: usize,
    polls: Polls,
    emitted: u64,
    ran: u64,
    failed: u64,
}

/// What is counted without the lock.
#[derive(Default)]
pub(super) struct Counts {
    /// Emits that nobody wanted to hear of.
    unheard: AtomicU64,
    pub(super) suppressed: AtomicU64,
    pub(super) dropped: AtomicU64,
    pub(super) looped: AtomicU64,
}

/// Of the handlers of an emitter and its views: how many ran, and how many failed.
#[derive(Clone, Copy, Default)]
pub(super) struct Tally {
    pub(super) ran: u64,
    pub(super) failed: u64,
}

impl Tally {
    /// Of a report, without what others count.
    pub(super) const fn of(report: &Report, others: Self) -> Self {
        Self {
            ran: report.ran as u64 - others.ran,
            failed: report.failures.len() as u64 - others.failed,
        }
    }
}

pub(super) fn count(counter: &AtomicU64, more: u64) {
    counter.fetch_add(more, Ordering::Relaxed);
}

impl Core {
    pub(super) fn new(is_concurrent: bool, hooks: Option<Arc<Hooks>>) -> Self {
        Self {
            is_concurrent,
            hooks,
            heard: Heard::default(),
            watches: AtomicBool::new(false),
            state: Mutex::new(State::new()),
            left: Left::new(),
            next_id: Arc::default(),
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
        let mut state = lock(&self.state);
        let outdated = state.registry.insert(Arc::clone(&entry));
        state.registry.tell(&self.heard, &entry.select);
        state.listeners += 1;
        let mut kept = if replay { state.registry.all_kept() } else { Vec::new() };
        drop(state);
        drop(outdated);
        kept.retain(|event| entry.select.takes(event));
        (entry, kept)
    }

    /// Takes `entry` out, which was removed by its own account.
    pub(super) fn forget(&self, entry: &Arc<Entry>) {
        let mut state = lock(&self.state);
        let removed = state.registry.remove(entry);
        if removed.is_some() {
            state.registry.tell(&self.heard, &entry.select);
            state.listeners -= 1;
        }
        drop(state);
        drop(removed);
    }

    /// Whether an event whose name has this hash is for nobody; it is counted then.
    #[inline]
    pub(super) fn has_nobody_for(&self, hash: u64) -> bool {
        let has_nobody = self.heard.has_none_for(hash)
            && !self.watches.load(Ordering::SeqCst)
            && self.hooks.is_none();
        if has_nobody {
            count(&self.counts.unheard, 1);
        }
        has_nobody
    }

    /// Begins to deliver what is emitted; the report, where there is nobody whom it is for.
    #[inline]
    pub(super) fn begin<M: Emitted>(&self, emitted: M) -> Result<Box<Lane>, Report> {
        if self.watches.load(Ordering::SeqCst) || self.hooks.is_some() {
            return self.begin_watched(self.carry(emitted.into_event()));
        }
        let Some(mut lane) = self.find(&emitted.key()) else { return Err(Report::default()) };
        let carry = match lane.carry.take() {
            Some(carry) => self.refill(carry, emitted),
            None => self.carry(emitted.into_event()),
        };
        lane.begin(self, carry);
        Ok(lane)
    }

    fn refill<M: Emitted>(&self, mut carry: Carry, emitted: M) -> Carry {
        let Some(carried) = Carry::get_mut(&mut carry) else {
            return self.carry(emitted.into_event());
        };
        if let Err(emitted) = emitted.refill(&mut carried.event) {
            carried.event = emitted.into_event();
        }
        carried.trail = Trail::at(self.address(), &carried.event);
        carry
    }

    fn carry(&self, event: AnyEvent) -> Carry {
        let trail = Trail::at(self.address(), &event);
        Carry::new(Carried { event, trail })
    }

    fn find(&self, key: &Key<'_>) -> Option<Box<Lane>> {
        let mut state = lock(&self.state);
        state.emitted += 1;
        let (found, outdated) = state.enter(key);
        drop(state);
        drop(outdated);
        found
    }

    fn begin_watched(&self, carry: Carry) -> Result<Box<Lane>, Report> {
        let found = self.watch(&carry.event)?;
        if let Some(hooks) = &self.hooks {
            hooks.before(&carry.event);
        }
        match found {
            Some(mut lane) => {
                lane.begin(self, carry);
                Ok(lane)
            }
            None => {
                let report = Report::default();
                if let Some(hooks) = &self.hooks {
                    hooks.after(&carry.event, &report);
                }
                Err(report)
            }
        }
    }

    /// Emits what comes by a pipe.
    pub(super) async fn emit_piped(&self, carry: Carry) -> Report {
        match self.begin_watched(carry) {
            Ok(lane) => Running::new(self, lane).await,
            Err(report) => report,
        }
    }

    /// Shows an event to who listens by `key`: to all, or only to those with a priority.
    pub(super) async fn show(&self, key: &Key<'_>, carry: Carry, only: Option<Priority>) -> Report {
        let Some(mut lane) = self.find(key) else { return Report::default() };
        lane.begin(self, carry);
        lane.only = only;
        Running::new(self, lane).await
    }

    /// Keeps an event, where that was asked for, and finds whom it is for; or else suppresses it.
    fn watch(&self, event: &AnyEvent) -> Result<Option<Box<Lane>>, Report> {
        let mut state = lock(&self.state);
        state.emitted += 1;
        if state.registry.is_suppressed(event.name()) {
            drop(state);
            count(&self.counts.suppressed, 1);
            return Err(Report { suppressed: true, ..Report::default() });
        }
        let gone = state.registry.keep(event);
        let (found, outdated) = state.enter(&event.key());
        drop(state);
        drop((gone, outdated));
        Ok(found)
    }

    /// Begins a poll in which calls may begin.
    pub(super) fn enter(&self) -> Turn {
        lock(&self.state).polls.enter()
    }

    pub(super) fn leave(&self, turn: Turn) {
        let is_awaited = lock(&self.state).polls.leave(turn);
        if is_awaited {
            self.left.notify(usize::MAX);
        }
    }

    /// Leaves a poll, and what there is for the next emit.
    pub(super) fn leave_for_good(&self, turn: Option<Turn>, tally: Tally, lane: Option<Box<Lane>>) {
        let mut state = lock(&self.state);
        state.ran += tally.ran;
        state.failed += tally.failed;
        let unused = lane.and_then(|lane| state.registry.give_back(lane));
        let is_awaited = turn.is_some_and(|turn| state.polls.leave(turn));
        drop(state);
        drop(unused);
        if is_awaited {
            self.left.notify(usize::MAX);
        }
    }

    /// Waits until every poll that is inside now has been left.
    pub(super) async fn polls_are_over(&self) {
        let turn = lock(&self.state).polls.wait();
        let _waiting = Waiting(self);
        while !lock(&self.state).polls.are_over(turn) {
            let left = self.left.listen();
            if !lock(&self.state).polls.are_over(turn) {
                left.await;
            }
        }
    }

    /// Does something to what is kept and suppressed. What it answers is dropped without the lock.
    pub(super) fn change_watches<T>(&self, change: impl FnOnce(&mut Registry) -> T) -> T {
        let mut state = lock(&self.state);
        let answer = change(&mut state.registry);
        self.watches.store(state.registry.watches(), Ordering::SeqCst);
        drop(state);
        answer
    }

    pub(super) fn stats(&self) -> EmitterStats {
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let State { listeners, emitted, ran, failed, .. } = *lock(&self.state);
        EmitterStats {
            listeners,
            emitted: emitted + load(&self.counts.unheard),
            ran,
            failed,
            suppressed: load(&self.counts.suppressed),
            dropped: load(&self.counts.dropped),
            looped: load(&self.counts.looped),
        }
    }
}

impl State {
    fn new() -> Self {
        let (registry, polls) = (Registry::new(), Polls::default());
        Self { registry, listeners: 0, polls, emitted: 0, ran: 0, failed: 0 }
    }

    /// Finds whom an event is for, and enters a poll in which they may be called. What is outdated
    /// is to be dropped without the lock.
    fn enter(&mut self, key: &Key<'_>) -> (Option<Box<Lane>>, Option<Outdated>) {
        match self.registry.find(key) {
            Some(Found { mut lane, outdated }) => {
                lane.turn = Some(self.polls.enter());
                (Some(lane), outdated)
            }
            None => (None, None),
        }
    }
}

struct Waiting<'a>(&'a Core);

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        lock(&self.0.state).polls.end_wait();
    }
}
