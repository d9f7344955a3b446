//! Who looks at everything, again and again.

mod builder;
mod delivery;
mod reading;
mod sampling;
mod shared;

pub use self::builder::MonitorBuilder;
pub use self::reading::{MonitorStats, Reading};

use std::fmt;
use std::ops::RangeBounds;
use std::sync::Arc;

use mtaio_runtime::{Ambient, DynRuntime, Instant, Runtime, RuntimeExt, Task};
use parking_lot::Mutex;

use self::shared::Shared;
use super::alert::{Alert, Severity};
use super::history::Series;
use super::registry::Registry;
use crate::config::ConfigError;
use crate::event::{EventEmitter, EventStream};
use crate::executor::CancellationToken;
use crate::queue::Overflow;

/// Looks at the system and at a registry at an interval, remembers what it saw, and tells when a
/// [`Rule`](super::Rule) begins to hold and when it ends to.
///
/// Dropping it ends it.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use futures::StreamExt;
/// use mtaio::RuntimeExt;
/// use mtaio::monitor::{AlertState, Monitor, Registry, Rule, Signal};
/// use mtaio::queue::Overflow;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let registry = Registry::new();
/// let errors = registry.counter("errors_total", "Answers that were errors.")?;
///
/// let monitor = Monitor::new(&rt)
///     .registry(&registry)
///     .interval(Duration::from_secs(10))
///     .rule(Rule::above("too_many_errors", Signal::value("errors_total"), 100.0))
///     .build()?;
/// let mut alerts = monitor.alerts(Overflow::DropOldest(16))?;
/// monitor.start();
///
/// rt.sleep(Duration::from_secs(15)).await;
/// errors.add(101);
/// let alert = alerts.next().await.unwrap();
/// assert_eq!((&*alert.name, alert.state, alert.value), ("too_many_errors", AlertState::Firing, 101.0));
///
/// let series = monitor.history("errors_total", ..);
/// let values: Vec<_> = series[0].points.iter().map(|point| point.value).collect();
/// assert_eq!(values, [0.0, 0.0, 101.0]);
/// # monitor.stop().await;
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
///
/// # Memory
///
/// The history takes 8 bytes a value: 5,000 series of 360 values (an hour, at the interval of 10
/// seconds) unless [said](MonitorBuilder::keep), so 14 MB at the most, besides the names. What goes
/// beyond is counted. 1,024 alerts wait for their handlers at the most; the oldest makes room then.
///
/// # Where it runs
///
/// A look takes place where it may block: files are read, and collectors are a program's own code. It
/// takes no time of the tasks. Alerts are handed to the emitter by a task of their own, one after the
/// other, so that a handler that is slow holds up the alerts after it but not the looking; one that
/// panics is counted. A look that takes longer than the interval makes the next one wait.
pub struct Monitor<R: Runtime = DynRuntime> {
    shared: Arc<Shared<R>>,
    course: Mutex<Course>,
    _delivery: Task<()>,
}

/// Whether it looks, and how often that began.
#[derive(Default)]
struct Course {
    begun: u64,
    running: Option<Running>,
}

/// The task that looks, until this is dropped.
struct Running {
    stop: CancellationToken,
    ended: CancellationToken,
    /// Not there while it is being spawned.
    task: Option<Task<()>>,
}

impl Monitor {
    /// A monitor to be set up, which looks every 10 seconds unless said.
    #[expect(clippy::new_ret_no_self, reason = "as all are called that take a runtime")]
    pub fn new<R: Runtime>(rt: &R) -> MonitorBuilder {
        MonitorBuilder::new(DynRuntime::new(rt))
    }
}

impl<R: Runtime> Monitor<R> {
    /// As [`new`](Monitor::new), on a runtime of known type.
    pub fn with_runtime(rt: &R) -> MonitorBuilder<R> {
        MonitorBuilder::new(rt.clone())
    }

    /// Begins to look, now and then at each interval. One that has begun goes on.
    ///
    /// After a [`stop`](Self::stop) the rules that were about to fire begin anew, for nobody looked;
    /// those that fire go on.
    pub fn start(&self) {
        let (stop, ended) = (CancellationToken::new(), CancellationToken::new());
        let (number, before) = {
            let mut course = self.course.lock();
            if course.running.as_ref().is_some_and(Running::goes_on) {
                return;
            }
            course.begun += 1;
            let running = Running { stop: stop.clone(), ended: ended.clone(), task: None };
            (course.begun, course.running.replace(running))
        };
        let (guard, shared) = (ended.drop_guard(), Arc::clone(&self.shared));
        let look = async move {
            let _guard = guard;
            if let Some(before) = before {
                before.ended.cancelled().await;
            }
            shared.look(&stop).await;
        };
        // It outlives whoever starts it, and their deadline.
        let spawn = || self.shared.rt.spawn_named("monitor", look);
        let task = Ambient::empty().enter(spawn);
        let mut course = self.course.lock();
        let Course { begun, running } = &mut *course;
        match running {
            Some(running) if *begun == number => running.task = Some(task),
            // It has been stopped and started again since, and ends by itself.
            _ => task.detach(),
        }
    }

    /// Ends the looking, and waits until a look that has begun is over. What was told already goes on
    /// to its handlers.
    ///
    /// # Cancel safety
    ///
    /// The looking ends in any case, also when the future is dropped after its first poll.
    pub async fn stop(&self) {
        let (stop, ended) = {
            let course = self.course.lock();
            let Some(Running { stop, ended, .. }) = &course.running else { return };
            (stop.clone(), ended.clone())
        };
        stop.cancel();
        ended.cancelled().await;
    }

    /// Whether it looks.
    pub fn is_running(&self) -> bool {
        self.course.lock().running.as_ref().is_some_and(Running::goes_on)
    }

    /// What the last look saw; none before the first one.
    pub fn current(&self) -> Option<Arc<Reading>> {
        self.shared.current.lock().clone()
    }

    /// The values of a metric over a range of time, for each of its series: those of the registry and
    /// those of the system, of a histogram its `_count` and its `_sum`.
    ///
    /// ```
    /// # use std::time::Duration;
    /// # use mtaio::Runtime;
    /// # use mtaio::monitor::Monitor;
    /// # fn load<R: Runtime>(rt: &R, monitor: &Monitor) {
    /// let last_minutes = rt.now() - Duration::from_secs(300)..;
    /// for series in monitor.history("system_load1", last_minutes) {
    ///     println!("{} {:?}", series.labels, series.points);
    /// }
    /// # }
    /// ```
    pub fn history(&self, metric: &str, range: impl RangeBounds<Instant>) -> Vec<Series> {
        // A range is foreign code: its bounds are asked for before the lock.
        let range = (range.start_bound().cloned(), range.end_bound().cloned());
        self.shared.state.lock().history.series(metric, range)
    }

    /// The alerts as a stream, from now on.
    ///
    /// With [`Overflow::Block`] a reader that is slow holds up the other ones, as a handler does.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there is no room in it.
    pub fn alerts(&self, overflow: Overflow) -> Result<EventStream<Alert>, ConfigError> {
        self.shared.emitter.of::<Alert>().stream(overflow)
    }

    /// Where alerts are emitted.
    pub fn emitter(&self) -> &EventEmitter {
        &self.shared.emitter
    }

    /// What is looked at besides the system.
    pub fn registry(&self) -> &Registry {
        &self.shared.registry
    }

    /// Tells something by hand. It goes the way of all alerts.
    pub fn alert(&self, severity: Severity, message: impl Into<Arc<str>>) {
        self.shared.tell(Alert::by_hand(
            severity,
            message.into(),
            self.shared.rt.now(),
            self.shared.rt.wall_clock(),
        ));
    }

    /// The alerts of the rules that fire now.
    pub fn firing(&self) -> Vec<Alert> {
        self.shared.state.lock().evaluator.firing()
    }

    /// Waits until all that has been told is handled.
    ///
    /// A handler must not wait for this: it would wait for itself.
    ///
    /// # Cancel safety
    ///
    /// Dropping it loses nothing.
    pub async fn delivered(&self) {
        self.shared.outbox.join().await;
    }

    /// What it did so far.
    pub fn stats(&self) -> MonitorStats {
        self.shared.stats()
    }
}

impl Running {
    /// Whether it has not been stopped, and not been ended by its runtime either.
    fn goes_on(&self) -> bool {
        !self.stop.is_cancelled() && !self.ended.is_cancelled()
    }
}

impl<R: Runtime> fmt::Debug for Monitor<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Monitor")
            .field("is_running", &self.is_running())
            .field("stats", &self.stats())
            .finish_non_exhaustive()
    }
}
