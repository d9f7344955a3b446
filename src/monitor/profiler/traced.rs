use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use mtaio_runtime::{Ambient, DynRuntime, Instant, Runtime, TaskName};
use pin_project_lite::pin_project;

use super::live::{Core, Live};
use super::record::{Outcome, SpanId};
use crate::monitor::export::tracing::Mirror;

pin_project! {
    /// The future of [`Span::trace`](super::Span::trace).
    ///
    /// # Cancel safety
    ///
    /// That of the future inside.
    #[must_use = "futures do nothing unless polled"]
    pub struct Traced<F, R: Runtime = DynRuntime> {
        // Dropped first: what it holds is part of the span.
        #[pin]
        future: F,
        recorder: Recorder<R>,
    }
}

/// What writes a span down.
pub(super) enum Recorder<R: Runtime> {
    Off,
    /// It has not begun.
    Made {
        core: Arc<Core<R>>,
        name: TaskName,
        parent: Option<SpanId>,
        made: Instant,
    },
    Running(Running<R>),
    Ended,
}

/// A span from its beginning to its end, which dropping this is.
pub(super) struct Running<R: Runtime> {
    core: Arc<Core<R>>,
    live: Arc<Live>,
    place: usize,
    mirror: Mirror,
    outcome: Outcome,
    /// When it ended, where that is known already.
    ended: Option<Instant>,
}

impl<F, R: Runtime> Traced<F, R> {
    pub(super) const fn new(future: F, recorder: Recorder<R>) -> Self {
        Self { future, recorder }
    }

    /// The span, once it has begun and until it has ended.
    pub fn id(&self) -> Option<SpanId> {
        match &self.recorder {
            Recorder::Running(running) => Some(running.live.id),
            _ => None,
        }
    }
}

impl<F: Future, R: Runtime> Future for Traced<F, R> {
    type Output = F::Output;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let this = self.project();
        match this.recorder {
            Recorder::Off => this.future.poll(cx),
            recorder => recorded(this.future, recorder, cx),
        }
    }
}

/// Not inlined, so that what is off is one comparison.
#[inline(never)]
fn recorded<F: Future, R: Runtime>(
    future: Pin<&mut F>,
    recorder: &mut Recorder<R>,
    cx: &mut Context<'_>,
) -> Poll<F::Output> {
    let running = match recorder {
        Recorder::Running(running) => running,
        _ => match recorder.begin() {
            Some(running) => running,
            None => return future.poll(cx),
        },
    };
    let polled = running.poll(|| future.poll(cx));
    if polled.is_ready() {
        running.outcome = Outcome::Completed;
        *recorder = Recorder::Ended;
    }
    polled
}

impl<R: Runtime> Recorder<R> {
    pub(super) fn run<T>(mut self, f: impl FnOnce() -> T) -> T {
        let Some(running) = self.begin() else { return f() };
        let value = running.poll(f);
        running.outcome = Outcome::Completed;
        value
    }

    /// Begins what has not begun.
    #[cold]
    fn begin(&mut self) -> Option<&mut Running<R>> {
        if let Self::Made { core, name, parent, made } = mem::replace(self, Self::Ended) {
            let mirror = Mirror::new(&name);
            let (live, place) = core.begin(name, parent, made, core.rt.now());
            let (outcome, ended) = (Outcome::Dropped, None);
            *self = Self::Running(Running { core, live, place, mirror, outcome, ended });
        }
        match self {
            Self::Running(running) => Some(running),
            _ => None,
        }
    }
}

impl<R: Runtime> Running<R> {
    #[inline]
    fn poll<T>(&mut self, f: impl FnOnce() -> T) -> T {
        let ambient = Ambient::current().with_mark(Some(self.live.mark));
        let poll = Polling { begun: self.core.rt.now(), running: self };
        let value = {
            let _entered = poll.running.mirror.enter();
            ambient.enter(f)
        };
        poll.end();
        value
    }

    #[inline]
    fn polled(&mut self, begun: Instant) -> Instant {
        let ended = self.core.rt.now();
        self.live.polled(begun, ended);
        ended
    }
}

/// One poll. It is written down also when it panics.
struct Polling<'a, R: Runtime> {
    begun: Instant,
    running: &'a mut Running<R>,
}

impl<R: Runtime> Polling<'_, R> {
    #[inline]
    fn end(self) {
        let ended = self.running.polled(self.begun);
        self.running.ended = Some(ended);
        mem::forget(self);
    }
}

impl<R: Runtime> Drop for Polling<'_, R> {
    fn drop(&mut self) {
        let ended = self.running.polled(self.begun);
        self.running.outcome = Outcome::Panicked;
        self.running.ended = Some(ended);
    }
}

impl<R: Runtime> Drop for Running<R> {
    fn drop(&mut self) {
        let ended = match (self.outcome, self.ended) {
            // A future that is dropped was alive until now.
            (Outcome::Dropped, _) | (_, None) => self.core.rt.now(),
            (_, Some(ended)) => ended,
        };
        self.core.end(self.place, &self.live, ended, self.outcome);
    }
}

impl<F: fmt::Debug, R: Runtime> fmt::Debug for Traced<F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Traced")
            .field("future", &self.future)
            .field("id", &self.id())
            .finish_non_exhaustive()
    }
}
