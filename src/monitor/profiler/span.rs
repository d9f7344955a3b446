use std::fmt;
use std::future::Future;
use std::sync::Arc;

use mtaio_runtime::{Ambient, DynRuntime, Runtime, TaskName};

use super::live::Core;
use super::record::SpanId;
use super::traced::{Recorder, Traced};

/// A span to be: it has a name, and a place below another one.
#[must_use = "a span does nothing before it traces or runs something"]
pub struct Span<R: Runtime = DynRuntime> {
    core: Option<Arc<Core<R>>>,
    name: TaskName,
    parent: Parent,
}

#[derive(Clone, Copy, Debug)]
enum Parent {
    /// The span that the code runs in which traces or runs.
    Ambient,
    Given(Option<SpanId>),
}

impl<R: Runtime> Span<R> {
    pub(super) const fn new(core: Option<Arc<Core<R>>>, name: TaskName) -> Self {
        Self { core, name, parent: Parent::Ambient }
    }

    /// Makes it part of `parent`, or of none, instead of the span that the calling code runs in: for
    /// what goes through a queue.
    pub fn parent(mut self, parent: Option<SpanId>) -> Self {
        self.parent = Parent::Given(parent);
        self
    }

    /// Records `future` from its first poll to its end. It is part of the span that the code runs in
    /// which calls this, wherever it is polled.
    ///
    /// # Cancel safety
    ///
    /// That of `future`. One that is dropped unfinished is recorded as such; one that was never
    /// polled is not recorded.
    pub fn trace<F: Future>(self, future: F) -> Traced<F, R> {
        Traced::new(future, self.recorder())
    }

    /// Records `f`, as one poll.
    pub fn run<T>(self, f: impl FnOnce() -> T) -> T {
        self.recorder().run(f)
    }

    fn recorder(self) -> Recorder<R> {
        let Some(core) = self.core else { return Recorder::Off };
        let parent = match self.parent {
            Parent::Ambient => core.span_of(Ambient::current().mark()),
            Parent::Given(parent) => parent,
        };
        let made = core.rt.now();
        Recorder::Made { core, name: self.name, parent, made }
    }
}

impl<R: Runtime> fmt::Debug for Span<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Span")
            .field("name", &self.name)
            .field("parent", &self.parent)
            .field("is_on", &self.core.is_some())
            .finish()
    }
}
