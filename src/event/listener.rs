use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Weak};

use mtaio_runtime::Panic;

use super::call::{Call, Handling};
use super::core::Core;
use super::registry::Select;

/// Which handlers are called first: those with the higher number, and of equals the one that came
/// first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Priority(i32);

impl Priority {
    /// Before the normal ones: 100.
    pub const HIGH: Self = Self(100);
    /// Unless said: 0.
    pub const NORMAL: Self = Self(0);
    /// After the normal ones: −100.
    pub const LOW: Self = Self(-100);

    /// A priority between those, or beyond.
    pub const fn new(priority: i32) -> Self {
        Self(priority)
    }

    /// With this priority, for one call.
    pub const fn once(self) -> Listen {
        Listen { priority: self, once: true }
    }
}

/// How to listen: with which priority, and for how long.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[must_use = "it is to be given to `on_with` or `subscribe_with`"]
pub struct Listen {
    pub(super) priority: Priority,
    pub(super) once: bool,
}

impl Listen {
    /// For one call: exactly one, also if many emit at once, and if that call fails or is dropped.
    pub const fn once() -> Self {
        Priority::NORMAL.once()
    }
}

impl From<Priority> for Listen {
    fn from(priority: Priority) -> Self {
        Self { priority, once: false }
    }
}

/// Tells a listener from all others of its emitter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ListenerId(pub(super) u64);

/// One who listens.
pub(super) struct Entry {
    pub(super) id: ListenerId,
    pub(super) select: Select,
    pub(super) listen: Listen,
    pub(super) handling: Box<dyn Handling>,
    /// What brings events to where it listens, as long as somebody does.
    pub(super) _feed: Option<Arc<Subscription>>,
    is_removed: AtomicBool,
}

impl Entry {
    pub(super) fn new(
        id: ListenerId,
        select: Select,
        listen: Listen,
        handling: Box<dyn Handling>,
        feed: Option<Arc<Subscription>>,
    ) -> Self {
        Self { id, select, listen, handling, _feed: feed, is_removed: AtomicBool::new(false) }
    }

    /// Whether a call may begin, in the poll in which this is asked.
    #[inline]
    pub(super) fn begin(&self) -> bool {
        // Who takes one that listens once takes it out: nobody else can.
        if self.listen.once { self.remove() } else { !self.is_removed() }
    }

    /// The memory for a call: what is there, or new one.
    #[inline]
    pub(super) fn memory<'c>(
        &self,
        call: &'c mut Option<Pin<Box<dyn Call>>>,
    ) -> Result<&'c mut Pin<Box<dyn Call>>, Panic> {
        match call {
            Some(call) => Ok(call),
            None => Ok(call.insert(self.handling.call()?)),
        }
    }

    /// Keeps calls from beginning; whether nobody did that before.
    pub(super) fn remove(&self) -> bool {
        !self.is_removed.swap(true, Ordering::SeqCst)
    }

    #[inline]
    pub(super) fn is_removed(&self) -> bool {
        self.is_removed.load(Ordering::SeqCst)
    }
}

/// One who listens until [`off`](Self::off). Dropping this changes nothing.
#[derive(Clone)]
pub struct Listener {
    core: Weak<Core>,
    entry: Weak<Entry>,
    id: ListenerId,
}

impl Listener {
    pub(super) fn new(core: &Arc<Core>, entry: &Arc<Entry>) -> Self {
        let (core, id) = (Arc::downgrade(core), entry.id);
        Self { core, entry: Arc::downgrade(entry), id }
    }

    /// Takes it out, at once; whether it was there. (One that listens once and has been called is
    /// not.)
    ///
    /// No call of its handler begins after this future was done: it waits for the polls of emits
    /// that are going on, in which one may be about to begin, and not for calls that run. So a
    /// handler may take itself out.
    ///
    /// # Cancel safety
    ///
    /// It is taken out by the call: dropping the future gives up no more than to know when the last
    /// call has begun.
    pub fn off(&self) -> impl Future<Output = bool> + Send + use<> {
        let was_there = self.take_out();
        let core = Weak::clone(&self.core);
        async move {
            if let Some(core) = core.upgrade() {
                core.polls_are_over().await;
            }
            was_there
        }
    }

    /// Listens for as long as the guard is kept.
    pub const fn guarded(self) -> Subscription {
        Subscription(Some(self))
    }

    /// What reports call it.
    pub const fn id(&self) -> ListenerId {
        self.id
    }

    /// Whether it listens still.
    pub fn is_listening(&self) -> bool {
        self.core.strong_count() > 0 && self.entry.upgrade().is_some_and(|e| !e.is_removed())
    }

    fn take_out(&self) -> bool {
        let Some(entry) = self.entry.upgrade() else { return false };
        let was_there = entry.remove();
        if let Some(core) = self.core.upgrade() {
            core.forget(&entry);
        }
        was_there
    }
}

impl fmt::Debug for Listener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listener").field("id", &self.id).finish_non_exhaustive()
    }
}

/// One who listens until this is dropped.
#[must_use = "dropping it ends the listening: keep it, or use `on`"]
pub struct Subscription(Option<Listener>);

impl Subscription {
    /// Takes it out as [`Listener::off`] does.
    ///
    /// # Cancel safety
    ///
    /// That of [`Listener::off`].
    pub fn off(self) -> impl Future<Output = bool> + Send + use<> {
        let off = self.0.as_ref().map(Listener::off);
        async move {
            match off {
                Some(off) => off.await,
                None => false,
            }
        }
    }

    /// Listens until [`Listener::off`], without a guard.
    pub fn keep(mut self) -> Option<Listener> {
        self.0.take()
    }
}

impl Drop for Subscription {
    fn drop(&mut self) {
        if let Some(listener) = &self.0 {
            listener.take_out();
        }
    }
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subscription").field(&self.0).finish()
    }
}
