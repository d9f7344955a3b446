use super::any_event::AnyEvent;
use super::report::{Failure, Report};
use crate::contain::{contain, discard};

type Before = Box<dyn Fn(&AnyEvent) + Send + Sync>;
type After = Box<dyn Fn(&AnyEvent, &Report) + Send + Sync>;
type OnError = Box<dyn Fn(&AnyEvent, &Failure) + Send + Sync>;

/// What an emitter tells beside its handlers. A panic of a hook is nobody's.
#[derive(Default)]
pub(super) struct Hooks {
    pub(super) before: Option<Before>,
    pub(super) after: Option<After>,
    pub(super) on_error: Option<OnError>,
}

impl Hooks {
    pub(super) fn before(&self, event: &AnyEvent) {
        if let Some(hook) = &self.before {
            quietly(|| hook(event));
        }
    }

    pub(super) fn after(&self, event: &AnyEvent, report: &Report) {
        if let Some(hook) = &self.after {
            quietly(|| hook(event, report));
        }
    }

    pub(super) fn failed(&self, event: &AnyEvent, failure: &Failure) {
        if let Some(hook) = &self.on_error {
            quietly(|| hook(event, failure));
        }
    }
}

fn quietly(hook: impl FnOnce()) {
    if let Err(panic) = contain(hook) {
        discard(panic);
    }
}
