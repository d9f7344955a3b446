use std::fmt;
use std::sync::Arc;

use super::any_event::AnyEvent;
use super::core::Core;
use super::emitter::EventEmitter;
use super::hooks::Hooks;
use super::report::{Failure, Report};

/// Settings of an [`EventEmitter`].
#[must_use = "builders do nothing until `build`"]
pub struct EmitterBuilder {
    pub(super) is_concurrent: bool,
    pub(super) hooks: Option<Hooks>,
}

impl EmitterBuilder {
    /// Begins all calls of an event, in their order, before it waits for any. One that stops the
    /// event keeps those from beginning that have not.
    pub const fn concurrent(mut self) -> Self {
        self.is_concurrent = true;
        self
    }

    /// Called with each event before anybody is told.
    pub fn before(mut self, hook: impl Fn(&AnyEvent) + Send + Sync + 'static) -> Self {
        self.hooks.get_or_insert_default().before = Some(Box::new(hook));
        self
    }

    /// Called with what became of each event; also of one whose emit was
    /// [dropped](Report::dropped) midway.
    pub fn after(mut self, hook: impl Fn(&AnyEvent, &Report) + Send + Sync + 'static) -> Self {
        self.hooks.get_or_insert_default().after = Some(Box::new(hook));
        self
    }

    /// Called with each failure of a handler of this emitter and its views, as soon as there is
    /// one.
    pub fn on_error(mut self, hook: impl Fn(&AnyEvent, &Failure) + Send + Sync + 'static) -> Self {
        self.hooks.get_or_insert_default().on_error = Some(Box::new(hook));
        self
    }

    /// The emitter.
    pub fn build(self) -> EventEmitter {
        EventEmitter { core: Arc::new(Core::new(self.is_concurrent, self.hooks.map(Arc::new))) }
    }
}

impl fmt::Debug for EmitterBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmitterBuilder").finish_non_exhaustive()
    }
}
