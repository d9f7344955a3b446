//! What the tests of this module watch futures with.

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use mtaio_runtime::Runtime;

/// Anything below `n`, by the seed of a simulation.
pub(super) fn below<R: Runtime>(rt: &R, n: usize) -> usize {
    // The high bits, scaled: as even as 64 bits are for numbers as small as those of a test.
    ((u128::from(rt.entropy()) * n as u128) >> 64) as usize
}

/// Counts how often it is woken.
#[derive(Default)]
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

/// Polls once, for `wakes` to be woken.
pub(super) fn poll_with<F: Future + ?Sized>(
    future: Pin<&mut F>,
    wakes: &Arc<Wakes>,
) -> Poll<F::Output> {
    let waker = Waker::from(Arc::clone(wakes));
    future.poll(&mut Context::from_waker(&waker))
}

/// Waits for `future` on a thread that knows no runtime; fails when it is not woken, where it would
/// wait for ever.
pub(super) fn block_on<F: Future>(future: F) -> F::Output {
    struct Knock(mpsc::Sender<()>);

    impl Wake for Knock {
        fn wake(self: Arc<Self>) {
            // Fails only when nobody waits any more.
            let _ = self.0.send(());
        }
    }

    let (sender, woken) = mpsc::channel();
    let waker = Waker::from(Arc::new(Knock(sender)));
    let mut future = pin!(future);
    loop {
        if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
            return output;
        }
        woken.recv_timeout(Duration::from_secs(30)).expect("a wake was lost");
    }
}

/// Runs `ours` and `theirs` at the same time on two threads, again and again, so that either may
/// be ahead by a little; `after` looks at what has become of each round.
pub(super) fn race<T>(
    rounds: usize,
    before: impl Fn() -> T,
    ours: impl Fn(&mut T),
    theirs: impl Fn() + Sync,
    after: impl Fn(T),
) {
    let (begun, done) = (AtomicUsize::new(0), AtomicUsize::new(0));
    let over = AtomicBool::new(false);
    let wait_for = |counter: &AtomicUsize, round: usize| {
        let mut looks = 0_usize;
        while counter.load(Ordering::SeqCst) < round && !over.load(Ordering::SeqCst) {
            looks += 1;
            // The other one may need the only processor there is.
            if looks.is_multiple_of(256) { thread::yield_now() } else { std::hint::spin_loop() }
        }
    };
    // Steps of a nanosecond or a few, unlike those of `spin_loop`.
    let delay = |steps: usize| {
        for step in 0..steps {
            std::hint::black_box(step);
        }
    };
    thread::scope(|scope| {
        let _over = OnDrop(&over);
        scope.spawn(|| {
            let _over = OnDrop(&over);
            for round in 1..=rounds {
                wait_for(&begun, round);
                delay(round % 61);
                if !over.load(Ordering::SeqCst) {
                    theirs();
                }
                done.store(round, Ordering::SeqCst);
            }
        });
        for round in 1..=rounds {
            let mut value = before();
            begun.store(round, Ordering::SeqCst);
            delay(round % 67);
            ours(&mut value);
            wait_for(&done, round);
            after(value);
        }
    });
}

/// Tells other threads to stop, also when this one panics.
pub(super) struct OnDrop<'a>(pub(super) &'a AtomicBool);

impl Drop for OnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::SeqCst);
    }
}
