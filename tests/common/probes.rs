//! What scenarios observe futures with.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};
use std::time::Duration;

use event_listener::Event;
use mtaio_runtime::{Runtime, RuntimeExt};

/// Waits, on the runtime's clock, until `holds`; fails when it never does.
#[track_caller]
pub fn eventually<R: Runtime>(
    rt: &R,
    what: &'static str,
    mut holds: impl FnMut() -> bool,
) -> impl Future<Output = ()> {
    let caller = std::panic::Location::caller();
    let rt = rt.clone();
    async move {
        let end = rt.now() + super::LONG;
        while !holds() {
            assert!(rt.now() < end, "{caller}: never came true: {what}");
            rt.sleep(Duration::from_millis(1)).await;
        }
    }
}

/// Polls once, with the waker of the task that asks.
pub async fn poll_once<F: Future + Unpin>(future: &mut F) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(Pin::new(&mut *future).poll(cx))).await
}

/// Polls once, for `wakes` to be woken.
pub fn poll_with<F: Future + ?Sized>(future: Pin<&mut F>, wakes: &Arc<Wakes>) -> Poll<F::Output> {
    let waker = Waker::from(Arc::clone(wakes));
    future.poll(&mut Context::from_waker(&waker))
}

/// Counts how often it is woken.
#[derive(Debug, Default)]
pub struct Wakes(AtomicUsize);

impl Wakes {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

/// The least that can wait for a future: a thread that parks, and knows no runtime.
pub fn block_on<F: Future>(future: F) -> F::Output {
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

/// Something that a future or closure holds, to see when it lets it go.
#[derive(Debug)]
pub struct Held(Arc<AtomicBool>);

impl Held {
    /// The thing to hold, and whether it has been dropped.
    pub fn new() -> (Self, impl Fn() -> bool + Clone + Send + Sync + use<>) {
        let dropped = Arc::new(AtomicBool::new(false));
        (Self(Arc::clone(&dropped)), move || dropped.load(Ordering::SeqCst))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}

/// Panics with its text when it is dropped.
#[derive(Debug)]
pub struct Bomb(pub &'static str);

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("{}", self.0);
    }
}

/// Closed until it is opened, once.
#[derive(Clone, Debug, Default)]
pub struct Gate(Arc<Inside>);

#[derive(Debug, Default)]
struct Inside {
    open: AtomicBool,
    opened: Event,
}

impl Gate {
    pub fn open(&self) {
        self.0.open.store(true, Ordering::SeqCst);
        self.0.opened.notify(usize::MAX);
    }

    pub fn is_open(&self) -> bool {
        self.0.open.load(Ordering::SeqCst)
    }

    pub async fn passed(&self) {
        while !self.is_open() {
            let opened = self.0.opened.listen();
            if !self.is_open() {
                opened.await;
            }
        }
    }
}
