//! What no contest counts: how those who wait for a rate fare, and what a key takes.
//!
//! `cargo run --release -p mtaio-bench --example limits` runs a thousand who wait at a thousand a
//! second, in real time, and prints polls a grant, how many were overtaken, and how much of what the
//! rate allows was made use of. It exits non-zero where ours is not what was promised.

#![allow(clippy::disallowed_methods)] // It measures by the real clock.

use std::error::Error;
use std::future::Future;
use std::num::NonZeroU32;
use std::pin::Pin;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use allocation_counter::measure;
use governor::clock::FakeRelativeClock;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter as Governor};
use mtaio::limit::{KeyedRateLimiter, Rate, RateLimiter};
use mtaio_runtime::{Runtime, RuntimeExt};

type Keyed = Governor<u64, DashMapStateStore<u64>, FakeRelativeClock, NoOpMiddleware<Nanos>>;

const CROWD: usize = 1_000;
const RATE: u32 = 1_000;

/// Something that a task waits for.
trait Waits: Clone + Send + 'static {
    fn wait(&self) -> impl Future<Output = ()> + Send;
}

#[derive(Clone)]
struct Ours<R: Runtime>(RateLimiter<R>);

impl<R: Runtime> Waits for Ours<R> {
    async fn wait(&self) {
        if self.0.acquire().await.is_err() {
            unreachable!("there is no deadline");
        }
    }
}

#[derive(Clone)]
struct Governed(Arc<governor::DefaultDirectRateLimiter>);

impl Waits for Governed {
    async fn wait(&self) {
        self.0.until_ready().await;
    }
}

#[derive(Clone)]
struct Leaky(Arc<leaky_bucket::RateLimiter>);

impl Waits for Leaky {
    async fn wait(&self) {
        self.0.acquire_one().await;
    }
}

/// What it came to.
struct Figures {
    polls: f64,
    inversions: usize,
    goodput: f64,
}

impl Figures {
    fn is_kept(&self) -> bool {
        self.polls <= 2.05 && self.inversions == 0 && self.goodput >= 0.99
    }
}

struct Counted<F>(Pin<Box<F>>, Arc<AtomicUsize>);

impl<F: Future> Future for Counted<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.1.fetch_add(1, Ordering::Relaxed);
        self.0.as_mut().poll(cx)
    }
}

/// A crowd waits; `aborted` says of whom the task is dropped once all are in line.
async fn crowd<R: Runtime>(
    rt: R,
    limiter: impl Waits,
    burst: usize,
    aborted: fn(usize) -> bool,
) -> Figures {
    let order = Arc::new(Mutex::new(Vec::new()));
    let tickets = Arc::new(AtomicUsize::new(0));
    let start = Instant::now();
    let mut tasks = Vec::new();
    let mut counts = Vec::new();
    for _ in 0..CROWD {
        let (limiter, order, polls) =
            (limiter.clone(), Arc::clone(&order), Arc::new(AtomicUsize::new(0)));
        counts.push(Arc::clone(&polls));
        let tickets = Arc::clone(&tickets);
        let waits = async move {
            // The order of coming is that of the first polls.
            let ticket = tickets.fetch_add(1, Ordering::Relaxed);
            limiter.wait().await;
            order.lock().unwrap_or_else(PoisonError::into_inner).push(ticket);
        };
        tasks.push(Some(rt.spawn(Counted(Box::pin(waits), polls))));
    }
    // Each has been polled before any is dropped.
    while counts.iter().any(|polls| polls.load(Ordering::Relaxed) == 0) {
        rt.yield_now().await;
    }
    for task in tasks
        .iter_mut()
        .enumerate()
        .filter_map(|(number, task)| (number >= burst && aborted(number)).then_some(task))
    {
        drop(task.take());
    }
    let (mut stayed, mut polls) = (0, 0);
    for (task, count) in tasks.into_iter().zip(&counts) {
        if let Some(task) = task
            && task.await.is_ok()
        {
            stayed += 1;
            polls += count.load(Ordering::Relaxed);
        }
    }
    let took = start.elapsed().as_secs_f64();
    let order = order.lock().unwrap_or_else(PoisonError::into_inner);
    let inversions = order.windows(2).filter(|pair| pair[0] > pair[1]).count();
    let needs = (stayed - burst) as f64 / f64::from(RATE);
    Figures { polls: polls as f64 / stayed as f64, inversions, goodput: needs / took }
}

fn print(name: &str, host: &str, burst: u32, is_aborted: bool, figures: &Figures) {
    let Figures { polls, inversions, goodput } = figures;
    let half = if is_aborted { ", half of them aborted" } else { "" };
    let goodput = goodput * 100.0;
    println!(
        "{name:13} {host:14} burst {burst:3}: {polls:6.2} polls a grant, {inversions:3} overtaken, {goodput:5.1}% used{half}"
    );
}

fn even(number: usize) -> bool {
    number.is_multiple_of(2)
}

/// Runs all who run on tokio, and answers whether ours kept what was promised.
fn on_tokio(burst: u32, is_aborted: bool) -> Result<bool, Box<dyn Error>> {
    let aborted: fn(usize) -> bool = if is_aborted { even } else { |_| false };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let rt = mtaio_tokio::Tokio::new(runtime.handle().clone())?;
    let first = burst as usize;
    let run = |name: &str, figures: Figures| {
        print(name, "tokio", burst, is_aborted, &figures);
        figures
    };
    let ours = Ours(RateLimiter::with_runtime(&rt, Rate::per_second(RATE)?, burst)?);
    let ours = run("mtaio", runtime.block_on(crowd(rt.clone(), ours, first, aborted)));
    let (rate, size) = (NonZeroU32::new(RATE), NonZeroU32::new(burst));
    let (Some(rate), Some(size)) = (rate, size) else { return Err("zero".into()) };
    let governed = Governed(Arc::new(Governor::direct(Quota::per_second(rate).allow_burst(size))));
    run("governor", runtime.block_on(crowd(rt.clone(), governed, first, aborted)));
    let _entered = runtime.enter();
    let leaky = leaky_bucket::RateLimiter::builder()
        .initial(first)
        .max(first)
        .refill(1)
        .interval(Duration::from_millis(1))
        .build();
    run(
        "leaky-bucket",
        runtime.block_on(crowd(rt.clone(), Leaky(Arc::new(leaky)), first, aborted)),
    );
    Ok(ours.is_kept())
}

fn on_smol(burst: u32, is_aborted: bool) -> Result<bool, Box<dyn Error>> {
    let aborted: fn(usize) -> bool = if is_aborted { even } else { |_| false };
    let rate = Rate::per_second(RATE)?;
    // One thread runs all tasks, or the order in which they run would not be that of their wakes.
    let executor = Arc::new(smol::Executor::new());
    let rt = mtaio_smol::Smol::new(&executor);
    let ours = Ours(RateLimiter::with_runtime(&rt, rate, burst)?);
    let figures = smol::block_on(executor.run(crowd(rt, ours, burst as usize, aborted)));
    print("mtaio", "smol", burst, is_aborted, &figures);
    Ok(figures.is_kept())
}

/// What a key takes beside itself, ours and governor's.
fn bytes(count: u64) -> Result<bool, Box<dyn Error>> {
    let (mut ours, mut theirs) = (0, 0);
    let rate = Rate::per_day(1)?;
    mtaio_sim::Sim::run(0, async |rt| -> Result<(), mtaio::ConfigError> {
        let now = rt.now();
        let mut limiter = Ok(None);
        let mut admitted = 0;
        let taken = measure(|| {
            limiter = KeyedRateLimiter::<u64, _>::with_runtime(&rt, rate, 1).map(Some);
            if let Ok(Some(keyed)) = &limiter {
                admitted = (0..count).filter(|key| keyed.try_acquire_at(key, now).is_ok()).count();
            }
        });
        ours = taken.bytes_current;
        assert_eq!(admitted as u64, count);
        limiter.map(drop)
    })?;
    let mut governor = None;
    let taken = measure(|| {
        let store = DashMapStateStore::<u64>::default();
        let keyed =
            Keyed::new(Quota::per_second(NonZeroU32::MIN), store, FakeRelativeClock::default());
        assert!((0..count).all(|key| keyed.check_key(&key).is_ok()));
        governor = Some(keyed);
    });
    theirs += taken.bytes_current;
    drop(governor);
    let beyond = |bytes: i64| bytes as f64 / count as f64 - size_of::<u64>() as f64;
    let ratio = ours as f64 / theirs as f64;
    println!(
        "{count} keys: {:.1} bytes each beside the key, governor {:.1}; in all {ratio:.3} of governor's",
        beyond(ours),
        beyond(theirs)
    );
    Ok(beyond(ours) <= 40.0)
}

fn run() -> Result<bool, Box<dyn Error>> {
    let mut kept = true;
    for count in [10_000, 1_000_000] {
        kept &= bytes(count)?;
    }
    for is_aborted in [false, true] {
        for burst in [1, 10, 100] {
            kept &= on_tokio(burst, is_aborted)?;
            kept &= on_smol(burst, is_aborted)?;
        }
    }
    Ok(kept)
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => {
            eprintln!("ours is not what was promised");
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
