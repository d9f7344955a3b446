use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};
use std::time::Duration;

/// One test for each scenario on the simulator, and one behind `DynRuntime`, over some seeds.
macro_rules! scenarios {
    ($($scenario:ident),* $(,)?) => {
        mod sim {
            $(#[test]
            fn $scenario() {
                mtaio_sim::Sim::explore(mtaio_sim::Explore::new().seeds(0..10), super::$scenario);
            })*
        }
        mod erased {
            $(#[test]
            fn $scenario() {
                mtaio_sim::Sim::explore(mtaio_sim::Explore::new().seeds(0..10), |rt| {
                    super::$scenario(mtaio_runtime::DynRuntime::new(&rt))
                });
            })*
        }
    };
}

/// How many times as many seeds the environment asks for.
pub(crate) fn seed_factor() -> u64 {
    std::env::var("MTAIO_SIM_SEEDS").ok().and_then(|factor| factor.parse().ok()).unwrap_or(1)
}

pub(crate) const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Polls once, with the waker of the present task.
pub(crate) async fn poll_once<F: Future>(mut future: Pin<&mut F>) -> Poll<F::Output> {
    poll_fn(|cx| Poll::Ready(future.as_mut().poll(cx))).await
}

/// A list that tasks write to.
#[derive(Clone, Default)]
pub(crate) struct Log(Arc<Mutex<Vec<u32>>>);

impl Log {
    pub(crate) fn push(&self, entry: u32) {
        self.0.lock().unwrap().push(entry);
    }

    pub(crate) fn entries(&self) -> Vec<u32> {
        self.0.lock().unwrap().clone()
    }
}

/// Counts how often it is woken.
#[derive(Default)]
pub(crate) struct CountingWaker(AtomicUsize);

impl CountingWaker {
    pub(crate) fn pair() -> (Arc<Self>, Waker) {
        let counter = Arc::new(Self::default());
        (Arc::clone(&counter), Waker::from(counter))
    }

    pub(crate) fn wakes(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Wake for CountingWaker {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
