//! What futures do with their time.

mod chrome;
mod lanes;
mod live;
mod record;
mod span;
mod store;
mod summary;
mod traced;

pub use self::record::{Outcome, ProfilerStats, SpanId, SpanRecord};
pub use self::span::Span;
pub use self::summary::{NameSummary, Summary};
pub use self::traced::Traced;

use std::fmt;
use std::future::Future;
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use mtaio_runtime::{Ambient, DynRuntime, Runtime, RuntimeExt, Task, TaskName};

use self::live::Core;
use crate::config::ConfigError;

/// Records spans: when a piece of work ran, within which other one, how often it was polled and for
/// how long. Clones are the same profiler.
///
/// A span knows the one that it was made in: also where that runs as another task, and on another
/// thread after each wait. A task that is spawned in a span is part of it, traced or not.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::monitor::Profiler;
/// use mtaio::{Runtime, RuntimeExt};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let profiler = Profiler::new(&rt);
/// let request = async {
///     let query = profiler.span("query").trace(rt.sleep(Duration::from_millis(3)));
///     rt.spawn(query).await
/// };
/// profiler.span("request").trace(request).await.unwrap();
///
/// let spans = profiler.spans();
/// assert_eq!(spans[0].name.to_string(), "request");
/// assert_eq!(spans[1].parent, Some(spans[0].id));
/// assert_eq!(spans[1].idle(), Duration::from_millis(3));
/// println!("{}", profiler.summary());
/// # });
/// ```
///
/// # Memory
///
/// A span takes about 250 bytes while it runs and 120 when it has ended. Of those that have ended the
/// last 65,536 are kept, unless [said](Self::keep_last); how many went is in the
/// [stats](Self::stats). The [summary](Self::summary) counts them all, under at most 1,000 names.
///
/// # Cost
///
/// A poll of a traced future reads the clock twice and takes no lock; the beginning and the end of a
/// span take one each. What a profiler that is [off](Self::off) traces is polled as it is.
///
/// # In a simulation
///
/// Time stands still during a poll there, so that only waits take any. All that is told is the same
/// in each run of a seed, to the byte.
pub struct Profiler<R: Runtime = DynRuntime>(Option<Arc<Core<R>>>);

impl Profiler {
    /// A profiler by the clock of a runtime.
    pub fn new<R: Runtime>(rt: &R) -> Self {
        Self::with_runtime(&DynRuntime::new(rt))
    }
}

impl<R: Runtime> Profiler<R> {
    /// A profiler by the clock of a runtime of known type. A clock that is
    /// fast (`with_fast_clock` of an adapter) is most of what makes it cheap.
    pub fn with_runtime(rt: &R) -> Self {
        Self(Some(Arc::new(Core::new(rt.clone()))))
    }

    /// A profiler that records nothing, and costs nothing.
    pub const fn off() -> Self {
        Self(None)
    }

    /// Keeps the last `most` spans that have ended.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if that is none or more than 2^28.
    pub fn keep_last(self, most: usize) -> Result<Self, ConfigError> {
        if most == 0 || most > 1 << 28 {
            let allowed = "1 to 268435456";
            return Err(ConfigError::new("keep_last", most.to_string(), allowed));
        }
        if let Some(core) = &self.0 {
            core.store.lock().set_capacity(most);
        }
        Ok(self)
    }

    /// Says whether spans that begin from now on are recorded. Those that have begun go on.
    ///
    /// One that was made [`off`](Self::off) stays off.
    pub fn set_on(&self, on: bool) {
        if let Some(core) = &self.0 {
            core.on.store(on, Ordering::Relaxed);
        }
    }

    /// Whether spans that begin now are recorded.
    pub fn is_on(&self) -> bool {
        self.core_if_on().is_some()
    }

    /// A span to be, of this name: see [`Span::trace`] and [`Span::run`].
    pub fn span(&self, name: impl Into<TaskName>) -> Span<R> {
        Span::new(self.core_if_on().cloned(), name.into())
    }

    /// Runs `future` as a task and a span, both named after the line that calls this.
    #[track_caller]
    pub fn spawn<F>(&self, rt: &R, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        self.spawn_named(rt, TaskName::caller(), future)
    }

    /// Runs `future` as a task and a span of the same name.
    pub fn spawn_named<F>(&self, rt: &R, name: impl Into<TaskName>, future: F) -> Task<F::Output>
    where
        F: Future<Output: Send + 'static> + Send + 'static,
    {
        let name = name.into();
        rt.spawn_named(name.clone(), self.span(name).trace(future))
    }

    /// The span that the calling code runs in.
    pub fn current(&self) -> Option<SpanId> {
        self.0.as_ref()?.span_of(Ambient::current().mark())
    }

    /// The spans that are kept and those that run, in the order in which they began.
    pub fn spans(&self) -> Vec<SpanRecord> {
        self.0.as_ref().map(|core| core.spans()).unwrap_or_default()
    }

    /// All spans so far, by name.
    pub fn summary(&self) -> Summary {
        self.0.as_ref().map(|core| core.summary()).unwrap_or_default()
    }

    /// The spans as a trace in the JSON format of Chrome, which [Perfetto](https://ui.perfetto.dev)
    /// opens: see [`write_chrome_trace`](Self::write_chrome_trace).
    pub fn chrome_trace(&self) -> String {
        chrome::Trace::new(self.spans(), self.stats()).to_string()
    }

    /// Writes the spans as a trace in the JSON format of Chrome, which
    /// [Perfetto](https://ui.perfetto.dev) opens.
    ///
    /// A span is below the one that it is part of if it lies within it and no other one is in its
    /// place; else it has a line of its own, and an arrow comes from that one. A span that still runs
    /// is shown up to now. ("Trace Event Format", by Google: events `X`, `M`, `s` and `f`.)
    ///
    /// # Errors
    ///
    /// Those of the writer.
    pub fn write_chrome_trace(&self, writer: &mut impl io::Write) -> io::Result<()> {
        write!(writer, "{}", chrome::Trace::new(self.spans(), self.stats()))
    }

    /// Forgets the spans that have ended, and what the summary counted of them.
    pub fn clear(&self) {
        if let Some(core) = &self.0 {
            let ended = core.store.lock().clear();
            drop(ended);
        }
    }

    /// How many spans there are.
    pub fn stats(&self) -> ProfilerStats {
        self.0.as_ref().map(|core| core.store.lock().stats()).unwrap_or_default()
    }

    fn core_if_on(&self) -> Option<&Arc<Core<R>>> {
        self.0.as_ref().filter(|core| core.on.load(Ordering::Relaxed))
    }
}

impl<R: Runtime> Clone for Profiler<R> {
    fn clone(&self) -> Self {
        Self(self.0.clone())
    }
}

impl<R: Runtime> fmt::Debug for Profiler<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Profiler")
            .field("is_on", &self.is_on())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
