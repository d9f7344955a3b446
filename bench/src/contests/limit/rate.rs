//! Rates: a check that admits.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use governor::clock::{DefaultClock, FakeRelativeClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::state::{InMemoryState, NotKeyed};
use governor::{Quota, RateLimiter as Governor};
use mtaio::limit::{KeyedRateLimiter, Rate, RateLimiter};
use mtaio_runtime::Runtime;

use super::GROUP;
use crate::contests::Hosts;
use crate::harness::Aim::{Gate, Wish};
use crate::harness::Bound::{Nanos, Ratio};
use crate::harness::{Contest, Outcome, Side, timed};
use crate::host::Host;

/// So many a second, and as many more at once as are not used up in all rounds.
const RATE: NonZeroU32 = NonZeroU32::new(1_000_000_000).unwrap();
const BURST: NonZeroU32 = NonZeroU32::MAX;

/// Governor with a clock that costs nothing.
type Faked<K, S> = Governor<K, S, FakeRelativeClock, NoOpMiddleware<governor::nanos::Nanos>>;

fn rate() -> Outcome<Rate> {
    Ok(Rate::per_second(RATE.get())?)
}

const fn quota() -> Quota {
    Quota::per_second(RATE).allow_burst(BURST)
}

pub(super) fn contests(hosts: &Hosts) -> Outcome<Vec<Contest>> {
    let rt = hosts.tokio[0].adapter();
    let mut contests = vec![given(&rt)?, fast_clock(&rt.clone().with_fast_clock())?];
    for (name, count) in [("10k", 10_000), ("1M", 1_000_000)] {
        contests.push(keyed(name, count, &rt)?);
    }
    Ok(contests)
}

/// The time is known: no clock is read. Under two aims.
fn given<R: Runtime>(rt: &R) -> Outcome<Contest> {
    let (limiter, now) = (RateLimiter::with_runtime(rt, rate()?, BURST.get())?, rt.now());
    let contest = Contest::new(GROUP, "rate-check-given")
        .ours(timed(move || limiter.try_acquire_at(now).is_ok()));
    let governor = || -> Side {
        let limiter = Faked::<NotKeyed, _>::new(
            quota(),
            InMemoryState::default(),
            FakeRelativeClock::default(),
        );
        let limiter = Arc::new(limiter);
        timed(move || limiter.check().is_ok())
    };
    Ok(contest.peer("governor, fake clock", Gate(Ratio(1.5)), governor()).peer(
        "governor, again",
        Wish(Nanos(6.0)),
        governor(),
    ))
}

/// Both read the processor's counter.
fn fast_clock<R: Runtime>(rt: &R) -> Outcome<Contest> {
    let limiter = RateLimiter::with_runtime(rt, rate()?, BURST.get())?;
    let governor = Arc::new(Governor::direct_with_clock(quota(), DefaultClock::default()));
    Ok(Contest::new(GROUP, "rate-check-fast-clock")
        .ours(timed(move || limiter.try_acquire().is_ok()))
        .peer("governor, quanta", Gate(Ratio(1.2)), timed(move || governor.check().is_ok())))
}

/// One key after the other, in an order that no prefetcher knows; the time is known.
fn keyed<R: Runtime>(name: &str, count: u64, rt: &R) -> Outcome<Contest> {
    let (limiter, now) = (KeyedRateLimiter::with_runtime(rt, rate()?, BURST.get())?, rt.now());
    let store = DashMapStateStore::<u64>::default();
    let governor = Arc::new(Faked::new(quota(), store, FakeRelativeClock::default()));
    for key in 0..count {
        limiter.try_acquire_at(&key, now)?;
        if governor.check_key(&key).is_err() {
            return Err("a burst is used up at once".into());
        }
    }
    let (ours, theirs) = (Keys::new(count), Keys::new(count));
    Ok(Contest::new(GROUP, format!("rate-check-keyed/{name}"))
        .ours(timed(move || limiter.try_acquire_at(&ours.next(), now).is_ok()))
        .peer(
            "governor, dashmap",
            Wish(Ratio(1.0)),
            timed(move || governor.check_key(&theirs.next()).is_ok()),
        ))
}

/// All numbers below `count`, over and over.
#[derive(Clone)]
struct Keys {
    last: Arc<AtomicU64>,
    count: u64,
}

impl Keys {
    fn new(count: u64) -> Self {
        Self { last: Arc::default(), count }
    }

    fn next(&self) -> u64 {
        // Prime, so each number comes once before any comes again.
        let next = self.last.load(Ordering::Relaxed) + 611_953;
        let next = next % self.count;
        self.last.store(next, Ordering::Relaxed);
        next
    }
}
