use std::sync::Arc;

use super::any_event::AnyEvent;

/// The way that an event came.
///
/// An event is at an emitter when it is emitted there, or comes there by a pipe. It is not
/// delivered where it has been already, unless it has become another one on the way; and no event,
/// whatever becomes of it, passes a pipe twice. So every loop of pipes ends.
#[derive(Clone, Default)]
pub(super) struct Trail {
    /// Where it is at present.
    at: Visit,
    pipes: Option<Arc<Hop>>,
}

/// An event at an emitter, both by their addresses.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
struct Visit {
    emitter: usize,
    event: usize,
}

struct Hop {
    pipe: usize,
    from: Visit,
    /// Keeps its address from becoming another's.
    _event: AnyEvent,
    before: Option<Arc<Self>>,
}

impl Trail {
    /// Of an event that begins here.
    pub(super) fn at(emitter: usize, event: &AnyEvent) -> Self {
        Self { at: Visit { emitter, event: event.identity() }, pipes: None }
    }

    /// On through `pipe` to `emitter`, as what has become of it; none if that would be a loop.
    pub(super) fn through(&self, pipe: usize, emitter: usize, event: &AnyEvent) -> Option<Self> {
        let to = Visit { emitter, event: event.identity() };
        if self.at == to {
            return None;
        }
        let mut next = self.pipes.as_ref();
        while let Some(hop) = next {
            if hop.pipe == pipe || hop.from == to {
                return None;
            }
            next = hop.before.as_ref();
        }
        let hop = Hop { pipe, from: self.at, _event: event.clone(), before: self.pipes.clone() };
        Some(Self { at: to, pipes: Some(Arc::new(hop)) })
    }
}
