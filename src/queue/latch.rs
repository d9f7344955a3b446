use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use super::line::{Line, lock, poll_turn};
use super::wakes::Wakes;

/// A door that opens, once and for good, when a number has been counted down to zero.
///
/// It waits for a number of things to have happened, whoever did them and whoever waits.
///
/// # Examples
///
/// ```
/// use std::sync::Arc;
/// use mtaio::RuntimeExt;
/// use mtaio::queue::Latch;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let ready = Arc::new(Latch::new(3));
/// for _ in 0..3 {
///     let ready = Arc::clone(&ready);
///     rt.spawn(async move { ready.count_down() }).detach();
/// }
/// ready.wait().await;
/// assert!(ready.is_open());
/// # });
/// ```
pub struct Latch {
    /// Who makes it zero ends the line, and after that nobody waits.
    remaining: AtomicUsize,
    line: Mutex<Line>,
}

impl Latch {
    /// A latch that opens when it has been counted down `count` times; with 0 it is open.
    pub const fn new(count: usize) -> Self {
        Self { remaining: AtomicUsize::new(count), line: Mutex::new(Line::new()) }
    }

    /// Counts one down, and opens the latch if that was the last. An open one stays as it is.
    pub fn count_down(&self) {
        self.count_down_by(1);
    }

    /// Counts `n` down, or as many as remain.
    pub fn count_down_by(&self, n: usize) {
        // What was done before is seen by whoever passes: release here, acquire there.
        let counted =
            self.remaining.fetch_update(Ordering::AcqRel, Ordering::Relaxed, |remaining| {
                (remaining > 0).then(|| remaining.saturating_sub(n))
            });
        if counted.is_ok_and(|before| before <= n) {
            self.open();
        }
    }

    /// Waits until the latch is open; ready at once if it is.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn wait(&self) -> impl Future<Output = ()> + Unpin {
        Wait { latch: self, place: None }
    }

    /// Whether it has been counted down to zero.
    pub fn is_open(&self) -> bool {
        self.remaining() == 0
    }

    /// What is left to be counted down.
    pub fn remaining(&self) -> usize {
        self.remaining.load(Ordering::Acquire)
    }

    fn open(&self) {
        let mut wakes = Wakes::default();
        lock(&self.line).end(&mut wakes);
        wakes.wake();
    }
}

impl fmt::Debug for Latch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Latch").field("remaining", &self.remaining()).finish_non_exhaustive()
    }
}

/// The future of [`Latch::wait`].
#[must_use = "futures do nothing unless polled"]
struct Wait<'a> {
    latch: &'a Latch,
    /// Void as soon as the latch is open.
    place: Option<usize>,
}

impl Future for Wait<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let latch = self.latch;
        if latch.is_open() {
            return Poll::Ready(());
        }
        // Looked at under the lock: who opens it comes for the line after that.
        let passes = |_: &mut Line, _: &mut Option<usize>| latch.is_open().then_some(());
        poll_turn(&latch.line, &mut self.place, cx.waker(), |line| line, passes)
    }
}

impl Drop for Wait<'_> {
    fn drop(&mut self) {
        let Some(place) = self.place else { return };
        let mut line = lock(&self.latch.line);
        let left = if self.latch.is_open() { None } else { line.leave(place) };
        drop(line);
        drop(left);
    }
}
