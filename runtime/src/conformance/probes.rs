//! What the checks look at futures with.

use std::future::{Future, poll_fn};
use std::panic::Location;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use super::check::{Outcome, Reason};
use crate::{Panic, Runtime, RuntimeExt};

/// Far more than anything here takes, and less than the suite's patience.
pub(super) const LONG: Duration = Duration::from_secs(5);

/// Longer than anybody waits.
pub(super) const HOUR: Duration = Duration::from_secs(3_600);

pub(super) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Waits, on the runtime's clock, until `holds`.
#[track_caller]
pub(super) fn eventually<R: Runtime>(
    rt: &R,
    what: &'static str,
    mut holds: impl FnMut() -> bool + Send,
) -> impl Future<Output = Outcome> + Send {
    let caller = Location::caller();
    async move {
        let end = rt.now() + LONG;
        while !holds() {
            if rt.now() >= end {
                return Err(Reason::at(caller, format_args!("it never came true that {what}")));
            }
            rt.sleep(ms(1)).await;
        }
        Ok(())
    }
}

/// Polls once, with the waker of the task that asks.
pub(super) async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Polls once, for `wakes` to be woken.
pub(super) fn poll_with<F: Future + ?Sized>(
    future: Pin<&mut F>,
    wakes: &Arc<Wakes>,
) -> Poll<F::Output> {
    let waker = Waker::from(Arc::clone(wakes));
    future.poll(&mut Context::from_waker(&waker))
}

/// Counts how often it is woken.
#[derive(Debug, Default)]
pub(super) struct Wakes(AtomicUsize);

impl Wakes {
    pub(super) fn new() -> Arc<Self> {
        Arc::default()
    }

    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// Waits for a future on a thread that knows no runtime.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }

    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// A thread that no runtime knows of, on its way.
pub(super) struct Foreign<T>(thread::JoinHandle<T>);

impl<T: Send + 'static> Foreign<T> {
    pub(super) fn start(f: impl FnOnce() -> T + Send + 'static) -> Outcome<Self> {
        match thread::Builder::new().spawn(f) {
            Ok(thread) => Ok(Self(thread)),
            Err(error) => Err(Reason::new(format_args!("the system has no thread: {error}"))),
        }
    }

    /// Waits for its end, also in a poll: so a simulation knows the order.
    #[track_caller]
    pub(super) fn join(self) -> Outcome<T> {
        let panic = |payload| format!("a foreign thread panicked: {}", Panic::new(payload));
        let place = Location::caller();
        self.0.join().map_err(|payload| Reason::at(place, panic(payload)))
    }
}

/// Does `f` on a thread that no runtime knows of, and waits for it.
#[track_caller]
pub(super) fn elsewhere<T: Send + 'static>(f: impl FnOnce() -> T + Send + 'static) -> Outcome<T> {
    Foreign::start(f)?.join()
}

/// Locks what the parts of one check share. Poison is of no concern: the panic that left it is the
/// check's subject, or its end.
pub(super) fn lock<T: ?Sized>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Something that a future or closure holds, to see when it lets it go.
#[derive(Debug)]
pub(super) struct Held {
    dropped: Arc<AtomicBool>,
    slow: bool,
}

impl Held {
    /// The thing to hold, and whether it has been dropped.
    pub(super) fn new() -> (Self, impl Fn() -> bool + Clone + Send + Sync) {
        Self::with_destructor(false)
    }

    /// As [`new`](Self::new), with a destructor that other threads get ahead of, if they can.
    pub(super) fn slow() -> (Self, impl Fn() -> bool + Clone + Send + Sync) {
        Self::with_destructor(true)
    }

    fn with_destructor(slow: bool) -> (Self, impl Fn() -> bool + Clone + Send + Sync) {
        let dropped = Arc::new(AtomicBool::new(false));
        (Self { dropped: Arc::clone(&dropped), slow }, move || dropped.load(Ordering::SeqCst))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        if self.slow {
            // Yields would take seconds where many threads want to run.
            thread::park_timeout(ms(1));
        }
        self.dropped.store(true, Ordering::SeqCst);
    }
}

/// Closed until it is opened, once.
#[derive(Clone, Debug, Default)]
pub(super) struct Gate(Arc<Mutex<Inside>>);

#[derive(Debug, Default)]
struct Inside {
    open: bool,
    waiting: Vec<Waker>,
}

impl Gate {
    pub(super) fn open(&self) {
        let mut inside = lock(&self.0);
        inside.open = true;
        let waiting = std::mem::take(&mut inside.waiting);
        drop(inside);
        waiting.into_iter().for_each(Waker::wake);
    }

    pub(super) fn is_open(&self) -> bool {
        lock(&self.0).open
    }

    pub(super) async fn passed(&self) {
        poll_fn(|cx| {
            let waker = cx.waker().clone();
            let mut inside = lock(&self.0);
            if inside.open {
                return Poll::Ready(());
            }
            // Whoever polls again leaves a second waker: these gates open soon.
            inside.waiting.push(waker);
            Poll::Pending
        })
        .await;
    }
}
