use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::{Stream, TryStream};
use mtaio_runtime::{Ambient, Instant, Runtime};
use pin_project_lite::pin_project;

use super::timed::Alarm;
use crate::config::ConfigError;
use crate::time::{Backoff, Delays};

/// A stream that is made again when it fails, after a delay of `backoff`. See [`RetryStream`].
///
/// # Errors
///
/// [`ConfigError`] for a backoff that [can't be](Backoff::validate).
#[expect(clippy::type_complexity, reason = "what it is made of is in the type")]
pub fn retry_stream<R, M, S>(
    rt: &R,
    backoff: Backoff,
    make: M,
) -> Result<RetryStream<R, M, S, fn(&S::Error) -> bool>, ConfigError>
where
    R: Runtime,
    M: FnMut(u64) -> S,
    S: TryStream,
{
    let delays = backoff.delays(rt)?;
    let core = Core { again: delays.clone(), delays, yielded: 0, failures: 0, most: u32::MAX };
    let alarm = Alarm::new(rt);
    Ok(RetryStream {
        make,
        source: None,
        alarm,
        due: None,
        is_over: false,
        core,
        is_worth: |_| true,
    })
}

pin_project! {
    /// A stream that is made again when it fails: a feed that reconnects, a listing that goes on
    /// where it was. The stream of [`retry_stream`].
    ///
    /// What makes it is called with how many items have come so far, to go on from there. After an
    /// error it is called again, after a delay; an item begins the delays from the first again. An
    /// error comes through when it is not [worth](Self::retry_if) a retry, when
    /// [too many](Self::max_attempts) have followed each other, or when the deadline of the task is
    /// nearer than the next attempt; then the stream ends. It ends, too, when the source does.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next item loses nothing.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use futures::{StreamExt as _, TryStreamExt, stream};
    /// use mtaio::stream::retry_stream;
    /// use mtaio::time::Backoff;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// // Breaks after every second row.
    /// let rows_from = |start: u64| {
    ///     let rows = stream::iter((start + 1)..=5).map(Ok::<u64, String>);
    ///     rows.take(2).chain(stream::iter((start < 4).then(|| Err("broken pipe".into()))))
    /// };
    /// let backoff = Backoff::exponential(Duration::from_secs(1));
    /// let rows = retry_stream(&rt, backoff, rows_from)?.max_attempts(3)?;
    /// assert_eq!(rows.try_collect::<Vec<u64>>().await.unwrap(), [1, 2, 3, 4, 5]);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    #[must_use = "streams do nothing unless polled"]
    pub struct RetryStream<R: Runtime, M, S, P> {
        make: M,
        #[pin]
        source: Option<S>,
        #[pin]
        alarm: Alarm<R>,
        // When the next attempt is to be made.
        due: Option<Instant>,
        is_over: bool,
        core: Core<R>,
        is_worth: P,
    }
}

/// After so many failures other tasks get their turn, though nothing was waited for: sources that
/// fail at once, with no delay between them, would hold the thread.
const FAILURES_A_TURN: u32 = 32;

struct Core<R: Runtime> {
    again: Delays<R>,
    delays: Delays<R>,
    yielded: u64,
    /// Those without an item in between.
    failures: u32,
    most: u32,
}

impl<R: Runtime, M, S: TryStream, P> RetryStream<R, M, S, P> {
    /// Lets the error through when so many attempts in a row have failed, without an item in
    /// between; there is no such limit unless it is set.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `attempts` is 0.
    pub fn max_attempts(mut self, attempts: u32) -> Result<Self, ConfigError> {
        if attempts == 0 {
            return Err(ConfigError::new("max_attempts", "0", "1 or more"));
        }
        self.core.most = attempts;
        Ok(self)
    }

    /// Lets errors through for which `is_worth` says no. It sees each error, so it may report them,
    /// too.
    pub fn retry_if<Q>(self, is_worth: Q) -> RetryStream<R, M, S, Q>
    where
        Q: FnMut(&S::Error) -> bool,
    {
        let Self { make, source, alarm, due, is_over, core, .. } = self;
        RetryStream { make, source, alarm, due, is_over, core, is_worth }
    }

    /// How many items have come.
    pub const fn yielded(&self) -> u64 {
        self.core.yielded
    }

    /// How many attempts in a row have failed by now.
    pub const fn failures(&self) -> u32 {
        self.core.failures
    }
}

impl<R, M, S, P> Stream for RetryStream<R, M, S, P>
where
    R: Runtime,
    M: FnMut(u64) -> S,
    S: TryStream,
    P: FnMut(&S::Error) -> bool,
{
    type Item = Result<S::Ok, S::Error>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            if *this.is_over {
                return Poll::Ready(None);
            }
            if let Some(due) = *this.due {
                ready!(this.alarm.as_mut().poll_until(cx, due));
                *this.due = None;
            }
            if this.source.is_none() {
                this.source.set(Some((this.make)(this.core.yielded)));
            }
            let Some(source) = this.source.as_mut().as_pin_mut() else { continue };
            let error = match ready!(source.try_poll_next(cx)) {
                Some(Ok(item)) => {
                    this.core.succeeded();
                    return Poll::Ready(Some(Ok(item)));
                }
                None => {
                    this.source.set(None);
                    *this.is_over = true;
                    continue;
                }
                Some(Err(error)) => error,
            };
            this.source.set(None);
            let is_worth = (this.is_worth)(&error);
            *this.due = this.core.next_attempt(this.alarm.now()).filter(|_| is_worth);
            if this.due.is_none() {
                *this.is_over = true;
                return Poll::Ready(Some(Err(error)));
            }
            if this.core.failures.is_multiple_of(FAILURES_A_TURN) {
                cx.waker().wake_by_ref();
                return Poll::Pending;
            }
        }
    }
}

impl<R: Runtime> Core<R> {
    fn succeeded(&mut self) {
        self.yielded += 1;
        if self.failures > 0 {
            self.failures = 0;
            self.delays = self.again.clone();
        }
    }

    /// When to try again after one more failure; none if not.
    fn next_attempt(&mut self, now: Instant) -> Option<Instant> {
        self.failures = self.failures.saturating_add(1);
        if self.failures >= self.most {
            return None;
        }
        let due = now + self.delays.next()?;
        Ambient::current().deadline().is_none_or(|deadline| due < deadline).then_some(due)
    }
}

impl<R: Runtime, M, S, P> fmt::Debug for RetryStream<R, M, S, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RetryStream")
            .field("yielded", &self.core.yielded)
            .field("failures", &self.core.failures)
            .finish_non_exhaustive()
    }
}
