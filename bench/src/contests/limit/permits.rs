//! Permits: one acquired and dropped again, by itself and beside another thread.

use std::future::Future;
use std::hint::black_box;
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Instant;

use futures::executor::block_on;
use mtaio::limit::ConcurrencyLimiter;
use mtaio_runtime::DynRuntime;
use mtaio_tokio::Tokio;
use tokio::task::unconstrained;

use super::GROUP;
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, Side, Unit, timed_on};
use crate::host::{Host, TokioHost};

pub(super) fn contests(host: &TokioHost) -> Vec<Contest> {
    let rt = host.adapter();
    vec![
        against("permit/one-thread", |meets| meets.alone(host), &rt, PLENTY),
        against("permit/two-threads", |meets| meets.two_threads(), &rt, PLENTY),
        against("permit/two-threads-waiting", |meets| meets.two_threads(), &rt, 1),
    ]
}

/// More permits than there are takers.
const PLENTY: u32 = 8;

fn against(name: &str, side: impl Fn(Meets) -> Side, rt: &Tokio, permits: u32) -> Contest {
    let ours = ConcurrencyLimiter::with_runtime(rt, permits).map(Ours);
    let erased = ConcurrencyLimiter::new(rt, permits).map(Erased);
    let (Ok(ours), Ok(erased)) = (ours, erased) else { unreachable!("there are permits") };
    let many = permits as usize;
    Contest::new(GROUP, name)
        .ours(side(Meets::new(ours)))
        .peer(
            "async-lock",
            Wish(Ratio(1.2)),
            side(Meets::new(AsyncLock(async_lock::Semaphore::new(many)))),
        )
        .peer("tokio", Wish(Ratio(1.0)), side(Meets::new(tokio::sync::Semaphore::new(many))))
        .peer("asyncband", Open, side(Meets::new(asyncband::semaphore::Semaphore::new(many))))
        .peer("ours, erased", Open, side(Meets::new(erased)))
}

/// Something that lets in so many at once.
trait Semaphore: Send + Sync + 'static {
    /// Acquires one, and drops it again.
    fn use_one(&self) -> impl Future<Output = Outcome> + Send;
}

struct Ours(ConcurrencyLimiter<Tokio>);
struct Erased(ConcurrencyLimiter<DynRuntime>);
struct AsyncLock(async_lock::Semaphore);

impl Semaphore for Ours {
    #[inline]
    async fn use_one(&self) -> Outcome {
        drop(black_box(self.0.acquire().await?));
        Ok(())
    }
}

impl Semaphore for Erased {
    #[inline]
    async fn use_one(&self) -> Outcome {
        drop(black_box(self.0.acquire().await?));
        Ok(())
    }
}

impl Semaphore for AsyncLock {
    #[inline]
    async fn use_one(&self) -> Outcome {
        drop(black_box(self.0.acquire().await));
        Ok(())
    }
}

impl Semaphore for tokio::sync::Semaphore {
    #[inline]
    async fn use_one(&self) -> Outcome {
        drop(black_box(self.acquire().await?));
        Ok(())
    }
}

impl Semaphore for asyncband::semaphore::Semaphore {
    #[inline]
    async fn use_one(&self) -> Outcome {
        drop(black_box(self.acquire(1).await));
        Ok(())
    }
}

/// A semaphore and how it is used, without its type.
struct Meets {
    alone: Box<dyn FnOnce(&TokioHost) -> Side>,
    two_threads: Box<dyn FnOnce() -> Side>,
}

impl Meets {
    fn new<S: Semaphore>(semaphore: S) -> Self {
        let semaphore = Arc::new(semaphore);
        let other = Arc::clone(&semaphore);
        Self {
            alone: Box::new(move |host| alone(host, &semaphore)),
            two_threads: Box::new(move || two_threads(other)),
        }
    }

    fn alone(self, host: &TokioHost) -> Side {
        (self.alone)(host)
    }

    fn two_threads(self) -> Side {
        (self.two_threads)()
    }
}

fn alone<S: Semaphore>(host: &TokioHost, semaphore: &Arc<S>) -> Side {
    let semaphore = Arc::clone(semaphore);
    timed_on(host, move |times| {
        let semaphore = Arc::clone(&semaphore);
        unconstrained(async move {
            for _ in 0..times {
                semaphore.use_one().await?;
            }
            Ok(())
        })
    })
}

/// Half of them on each of two threads that begin together, and park where they have to wait.
fn two_threads<S: Semaphore>(semaphore: Arc<S>) -> Side {
    Side::new(Unit::Nanos, move |times| {
        let begin = Arc::new(Barrier::new(2));
        let work = {
            let (semaphore, begin) = (Arc::clone(&semaphore), Arc::clone(&begin));
            move || {
                begin.wait();
                let start = Instant::now();
                block_on(unconstrained(async {
                    for _ in 0..times.div_ceil(2) {
                        semaphore.use_one().await?;
                    }
                    Outcome::Ok(())
                }))?;
                Outcome::Ok((start, Instant::now()))
            }
        };
        let other = thread::spawn(work.clone());
        let mine = work()?;
        let theirs = other.join().map_err(|_| "the other thread panicked")??;
        // From the first start on: where one is late, the other does not count as quick.
        let (start, end) = (mine.0.min(theirs.0), mine.1.max(theirs.1));
        Ok((end - start).as_nanos() as f64)
    })
}
