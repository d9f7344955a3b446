use std::fmt;
use std::time::Duration;

use futures_util::Stream;
use mtaio_runtime::Runtime;

pub(super) use self::alarm::{Alarm, has_had_its_turn};
pub use self::batch::BatchWithin;
pub use self::debounce::Debounce;
pub use self::sample::Sample;
pub use self::throttle::Throttle;
pub use self::timeout_each::TimeoutEach;
pub use self::window::{Sliding, TimeWindow, Tumbling};
use super::batch::check_size;
use crate::config::{ConfigError, check_period};

mod alarm;
mod batch;
mod debounce;
mod sample;
mod throttle;
mod timeout_each;
mod window;

/// A stream and a clock: what can be done with both. See
/// [`StreamExt::timed`](super::StreamExt::timed).
///
/// All of them keep to these rules:
///
/// - An item comes when it is taken from the source, which is when the stream is polled.
/// - A deadline is kept whether or not another item comes, and also when the source never has to
///   wait; what comes exactly at the deadline comes after it.
/// - When the source ends, what is there comes at once, and nothing is lost with it.
/// - They make a timer when they have to wait, and set that one again later. While nothing is held
///   back there is none.
/// - A source that never waits doesn't keep the thread: after 1024 items others have their turn.
#[must_use = "say what to do with the clock, `batch_within` for one"]
pub struct Timed<S, R> {
    source: S,
    rt: R,
}

impl<S: Stream, R: Runtime> Timed<S, R> {
    pub(super) fn new(source: S, rt: &R) -> Self {
        Self { source, rt: rt.clone() }
    }

    /// Batches of up to `size` items, and none of them waits longer than `within` after its first.
    ///
    /// Where a batch fills without a wait there is no timer. While the source doesn't wait the clock
    /// is looked at after each item that may be the last in time, going by how quickly they have
    /// come so far, and at least after every 64: by so many items a source that suddenly gets slow,
    /// without ever having to wait, may be late.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `size` is 0, or `within` is zero or more than 100 years.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures::{StreamExt as _, stream};
    /// use mtaio::{RuntimeExt, StreamExt};
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// // Three at once, and two more half a second later.
    /// let late = stream::once(rt.sleep(Duration::from_millis(500))).map(|()| 4);
    /// let rows = stream::iter([1, 2, 3]).chain(late).chain(stream::iter([5]));
    ///
    /// let batches = rows.timed(&rt).batch_within(2, Duration::from_millis(100))?;
    /// let batches: Vec<Vec<u32>> = batches.collect().await;
    /// assert_eq!(batches, [vec![1, 2], vec![3], vec![4, 5]]);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn batch_within(
        self,
        size: usize,
        within: Duration,
    ) -> Result<BatchWithin<S, R>, ConfigError> {
        check_size(size)?;
        check_period("within", within)?;
        Ok(BatchWithin::new(self.source, &self.rt, size, within))
    }

    /// What came within `time` of the first item of a batch, as a batch. The first item after that
    /// begins another.
    ///
    /// The number of items in a batch has no limit but what the source gives in that time:
    /// [`batch_within`](Self::batch_within) has one.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `time` is zero or more than 100 years.
    pub fn batch_by_time(self, time: Duration) -> Result<BatchWithin<S, R>, ConfigError> {
        check_period("time", time)?;
        Ok(BatchWithin::new(self.source, &self.rt, usize::MAX, time))
    }

    /// Windows of `length`, one after another, from the first poll on. Those in which nothing came
    /// are left out.
    ///
    /// The number of items in a window has no limit but what the source gives in that time.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `length` is zero or more than 100 years.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures::StreamExt as _;
    /// use mtaio::StreamExt;
    /// use mtaio::time::interval;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// // A request at 0 ms, 400 ms, 800 ms, ..: how many each second?
    /// let requests = interval(&rt, Duration::from_millis(400))?.into_stream().take(7);
    /// let seconds = requests.timed(&rt).tumbling(Duration::from_secs(1))?;
    /// let counts: Vec<usize> = seconds.map(|second| second.items.len()).collect().await;
    /// assert_eq!(counts, [3, 2, 2]);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn tumbling(self, length: Duration) -> Result<Tumbling<S, R>, ConfigError> {
        check_period("length", length)?;
        Ok(Tumbling::new(self.source, &self.rt, length))
    }

    /// Windows of `length`, a new one every `step`, from the first poll on: each comes when it ends.
    /// Those in which nothing came are left out.
    ///
    /// With a `step` shorter than `length` an item is in several windows, and is cloned for them;
    /// with a longer one, those that come between two windows are in none. When the source ends,
    /// the window that is on comes last, if there is anything in it that was in none.
    ///
    /// The number of items in a window has no limit but what the source gives in that time.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `length` or `step` is zero or more than 100 years.
    pub fn sliding(self, length: Duration, step: Duration) -> Result<Sliding<S, R>, ConfigError>
    where
        S::Item: Clone,
    {
        check_period("length", length)?;
        check_period("step", step)?;
        Ok(Sliding::new(self.source, &self.rt, length, step))
    }

    /// The last item of each burst: one after which none came for `quiet`. The others are dropped,
    /// and counted.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `quiet` is zero or more than 100 years.
    pub fn debounce(self, quiet: Duration) -> Result<Debounce<S, R>, ConfigError> {
        check_period("quiet", quiet)?;
        Ok(Debounce::new(self.source, &self.rt, quiet))
    }

    /// At most one item in a `period`, which begins with it: those that come until it is over are
    /// dropped, and counted. An item is never late.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `period` is zero or more than 100 years.
    pub fn throttle(self, period: Duration) -> Result<Throttle<S, R>, ConfigError> {
        check_period("period", period)?;
        Ok(Throttle::new(self.source, &self.rt, period))
    }

    /// The last item of each `period`, at its end; the periods follow each other from the first poll
    /// on. The others are dropped, and counted.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `period` is zero or more than 100 years.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures::StreamExt as _;
    /// use mtaio::StreamExt;
    /// use mtaio::time::interval;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let readings = interval(&rt, Duration::from_millis(10))?.into_stream().enumerate().take(25);
    /// let shown = readings.timed(&rt).sample(Duration::from_millis(100))?;
    /// let shown: Vec<usize> = shown.map(|(number, _)| number).collect().await;
    /// assert_eq!(shown, [9, 19, 24]);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn sample(self, period: Duration) -> Result<Sample<S, R>, ConfigError> {
        check_period("period", period)?;
        Ok(Sample::new(self.source, &self.rt, period))
    }

    /// Gives each item `limit` to come, from when it is asked for: what the consumer does in between
    /// does not count. One that is late is an [`Elapsed`](crate::time::Elapsed), and gets as long again.
    ///
    /// The deadline of the task counts, too; once it has passed the stream ends.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `limit` is zero or more than 100 years.
    pub fn timeout_each(self, limit: Duration) -> Result<TimeoutEach<S, R>, ConfigError> {
        check_period("limit", limit)?;
        Ok(TimeoutEach::new(self.source, &self.rt, limit))
    }
}

impl<S: fmt::Debug, R> fmt::Debug for Timed<S, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timed").field("source", &self.source).finish_non_exhaustive()
    }
}
