//! How long a run goes on in a row, and what a stage's report says of its time.

use std::future::{Future, IntoFuture as _};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, SystemTime};

use futures_util::{FutureExt as _, stream};
use mtaio::pipeline::{Emit, Parallel, RunEnd, Transform, pipeline};
use mtaio::{CancellationToken, Instant, Runtime, RuntimeExt};
use mtaio_runtime::TaskName;
use mtaio_sim::Sim;

use crate::assert_conserved;
use crate::common::ms;

/// The simulator, whose clock goes on by a step each time that somebody looks.
#[derive(Clone)]
pub struct Ticking {
    sim: Sim,
    step: Duration,
    looks: Arc<AtomicU64>,
}

impl Ticking {
    pub fn new(sim: &Sim, step: Duration) -> Self {
        Self { sim: sim.clone(), step, looks: Arc::default() }
    }

    fn looks(&self) -> u64 {
        self.looks.load(Ordering::SeqCst)
    }
}

impl Runtime for Ticking {
    type Sleep = <Sim as Runtime>::Sleep;

    fn now(&self) -> Instant {
        let looks = self.looks.fetch_add(1, Ordering::SeqCst);
        Instant::ZERO + self.step * u32::try_from(looks).expect("it is short")
    }

    fn wall_clock(&self) -> SystemTime {
        self.sim.wall_clock()
    }

    fn entropy(&self) -> u64 {
        self.sim.entropy()
    }

    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        self.sim.sleep_until(deadline)
    }

    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.sim.spawn_detached(name, future);
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        self.sim.spawn_blocking(job);
    }
}

/// How many items one poll of a run takes whose items are all there, each time.
async fn rows(rt: &Sim, clock: &Ticking, polls: usize) -> Vec<u64> {
    let taken = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&taken);
    let source = stream::repeat_with(move || counted.fetch_add(1, Ordering::SeqCst));
    let pipeline = pipeline::<String>().filter(|_: &u64| false).build().expect("it is fine");
    // So that a poll is not spent on the setup.
    let _open = pipeline.open(rt).await.expect("it sets up");
    let mut run = Box::pin(pipeline.run(clock, source).into_future());
    let mut rows = Vec::new();
    for _ in 0..polls {
        assert!(run.as_mut().now_or_never().is_none());
        rows.push(taken.swap(0, Ordering::SeqCst));
    }
    rows
}

#[test]
fn others_have_their_turn_by_time_and_by_count() {
    Sim::run(0, |rt| async move {
        // At once: in rows of 128, of which eight make a turn.
        let still = Ticking::new(&rt, Duration::ZERO);
        assert_eq!(rows(&rt, &still, 3).await, [1_024, 1_024, 1_024]);
        // A look at the clock after each row: the first, and the one that sees that it was long.
        let slow = Ticking::new(&rt, Duration::from_micros(100));
        assert_eq!(rows(&rt, &slow, 3).await, [256, 256, 256]);
        let quick = Ticking::new(&rt, Duration::from_micros(40));
        assert_eq!(rows(&rt, &quick, 2).await, [512, 512]);
    });
}

/// Many of one.
#[derive(Clone)]
struct Flood;

impl Transform<u64> for Flood {
    type Out = u64;
    type Err = String;

    async fn push(&mut self, n: u64, out: &mut Emit<u64>) -> Result<(), String> {
        out.extend(0..n);
        Ok(())
    }

    async fn finish(&mut self, _out: &mut Emit<u64>) -> Result<(), String> {
        Ok(())
    }
}

#[test]
fn many_of_one_leave_others_their_turn() {
    Sim::run(0, |rt| async move {
        let pipeline = pipeline::<String>().transform(Flood).build().expect("it is fine");
        let token = CancellationToken::new();
        let stop = token.clone();
        let seen = Arc::new(AtomicU64::new(0));
        let counted = Arc::clone(&seen);
        let other = rt.spawn({
            let rt = rt.clone();
            async move {
                // It comes to its turn though the outputs are all there.
                while seen.load(Ordering::SeqCst) == 0 {
                    rt.yield_now().await;
                }
                stop.cancel();
                seen.load(Ordering::SeqCst)
            }
        });
        let run = pipeline.run(&rt, stream::iter([10_000, 10_000])).until(&token);
        let report = run
            .for_each(async move |_| {
                counted.fetch_add(1, Ordering::SeqCst);
            })
            .await;
        assert_eq!((report.outputs, report.end), (10_000, RunEnd::Cancelled));
        assert_conserved(&report);
        let seen = other.await.expect("it ends");
        assert!(seen <= 4 * 1_024, "it had to wait for {seen}");
    });
}

#[test]
fn calls_are_timed_now_and_then() {
    Sim::run(0, |rt| async move {
        // The first one and the 65th are.
        for longest in [0, 64] {
            let clock = rt.clone();
            let slow = async move |n: u64| {
                clock.sleep(ms(if n == longest { 30 } else { 10 })).await;
                Ok::<_, String>(n)
            };
            let pipeline = pipeline::<String>()
                .then(slow.clone())
                .map_async(Parallel::ordered(4), slow)
                .build()
                .expect("it is fine");
            let report = pipeline.run(&rt, stream::iter(0..100)).await;
            for stage in &report.stages {
                assert_eq!((stage.mean_latency, stage.longest_latency), (ms(20), ms(30)));
                assert_eq!((stage.taken, stage.given), (100, 100));
            }
        }
    });
}

/// Where calls are short the clock is looked at more rarely than once in 64 of them.
#[test]
fn short_calls_are_timed_rarely() {
    Sim::run(0, |rt| async move {
        let stage = async |n: u64| Ok::<_, String>(n);
        let pipeline = pipeline::<String>().then(stage).build().expect("it is fine");
        for (nanos, looks) in [(500, 2 * 8), (1_500, 2 * 110)] {
            let clock = Ticking::new(&rt, Duration::from_nanos(nanos));
            let report = pipeline.run(&clock, stream::iter(0..7_000)).await;
            assert_eq!((report.stages[0].taken, report.stages[0].given), (7_000, 7_000));
            assert_eq!(report.stages[0].mean_latency, Duration::from_nanos(nanos));
            // Besides, the gate looks once a row.
            assert_eq!(clock.looks() - 7_000 / 128, looks);
        }
    });
}

/// What is dropped on its way was taken and not given.
#[test]
fn what_is_unprocessed_was_not_given() {
    Sim::run(0, |rt| async move {
        let clock = rt.clone();
        let stage = async move |n: u64| {
            clock.sleep(if n == 0 { ms(1) } else { ms(10_000) }).await;
            Ok::<_, String>(n)
        };
        let one = pipeline::<String>().then(stage.clone()).build().expect("it is fine");
        let many = pipeline::<String>().map_async(Parallel::unordered(3), stage).build();
        let many = many.expect("it is fine");
        let report = one.run(&rt, stream::iter(0..9)).within(ms(5)).drain_within(ms(5)).await;
        assert_eq!((report.delivered, report.unprocessed), (1, 1));
        assert_eq!((report.stages[0].taken, report.stages[0].given), (2, 1));
        let report = many.run(&rt, stream::iter(0..9)).within(ms(5)).drain_within(ms(5)).await;
        assert_eq!((report.delivered, report.unprocessed), (1, 3));
        assert_eq!((report.stages[0].taken, report.stages[0].given), (4, 1));
    });
}

/// Where items have to be waited for nobody has to be let in, and no clock is looked at.
#[test]
fn a_wait_begins_a_row_anew() {
    Sim::run(0, |rt| async move {
        let clock = Ticking::new(&rt, Duration::ZERO);
        let mut polls = 0;
        let source = stream::poll_fn(move |cx| {
            polls += 1;
            match polls {
                2_001 => Poll::Ready(None),
                n if n % 100 == 0 => {
                    cx.waker().wake_by_ref();
                    Poll::Pending
                }
                n => Poll::Ready(Some(n)),
            }
        });
        let pipeline = pipeline::<String>().filter(|_: &u64| false).build().expect("it is fine");
        let report = pipeline.run(&clock, source).await;
        assert_eq!((report.filtered, clock.looks()), (1_980, 0));
    });
}
