//! What a time to live costs a get: the clock.

use std::hint::black_box;
use std::time::{Duration, Instant, SystemTime};

use mtaio::cache::TtlCache;
use mtaio_runtime::{Instant as Now, Runtime, TaskName};
use mtaio_tokio::Tokio;

use super::GROUP;
use super::keys::Random;
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Aim, Contest, Side, Unit};
use crate::host::{Host, TokioHost};

const KEYS: u64 = 100_000;
const TTL: Duration = Duration::from_secs(3_600);

pub(super) fn contests(host: &TokioHost) -> Vec<Contest> {
    let std = host.adapter();
    let fast = std.clone().with_fast_clock();
    let free = Still(std.clone());
    vec![
        contest::<Still>("free-clock", free, Wish(Ratio(1.15))),
        contest::<Tokio>("fast-clock", fast, Wish(Ratio(1.6))),
        contest::<Tokio>("std-clock", std, Open),
    ]
}

fn contest<R: Runtime>(clock: &str, rt: R, aim: Aim) -> Contest {
    Contest::new(GROUP, format!("cache-ttl-get-100k/{clock}")).ours(side(rt.clone(), true)).peer(
        "without a time to live",
        aim,
        side(rt, false),
    )
}

fn side<R: Runtime>(rt: R, is_timed: bool) -> Side {
    let mut filled = None;
    Side::new(Unit::Nanos, move |times| {
        let (cache, keys) = filled.get_or_insert_with(|| fill(&rt, is_timed));
        let start = Instant::now();
        for key in keys.iter().cycle().take(times as usize) {
            black_box(cache.get(key));
        }
        Ok(start.elapsed().as_nanos() as f64)
    })
}

/// A cache, and keys to ask it for.
fn fill<R: Runtime>(rt: &R, is_timed: bool) -> (TtlCache<u64, u64, R>, Vec<u64>) {
    let builder = TtlCache::builder(KEYS as usize / 4 * 5);
    let cache = builder.default_ttl(is_timed.then_some(TTL)).build_with_runtime(rt);
    let cache = cache.unwrap_or_else(|refused| panic!("{refused}"));
    cache.insert_many((0..KEYS).map(|key| (key, key)));
    let mut random = Random::new(5);
    (cache, std::iter::repeat_with(|| random.below(KEYS)).take(1 << 20).collect())
}

/// A runtime whose clock stands still, and costs nothing.
#[derive(Clone)]
struct Still(Tokio);

impl Runtime for Still {
    type Sleep = <Tokio as Runtime>::Sleep;

    fn now(&self) -> Now {
        Now::from_nanos(black_box(1_000))
    }

    fn wall_clock(&self) -> SystemTime {
        self.0.wall_clock()
    }

    fn entropy(&self) -> u64 {
        self.0.entropy()
    }

    fn sleep_until(&self, deadline: Now) -> Self::Sleep {
        self.0.sleep_until(deadline)
    }

    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn_detached(name, future);
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        self.0.spawn_blocking(job);
    }
}
