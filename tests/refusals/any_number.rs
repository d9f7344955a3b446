//! Where any number or any time will do: what the least and the most mean, and that nothing panics and
//! nobody waits for ever.

use std::sync::Arc;
use std::time::Duration;

use futures::stream;
use mtaio::cache::{
    CacheNode, DistributedCache, FaultNode, KeyedState, LayeredCache, Link, MemoryNode, NodeFaults,
    Rendezvous, TtlCache,
};
use mtaio::event::{Event, Priority, Topics};
use mtaio::executor::Drain;
use mtaio::limit::{
    Adaptation, AdaptiveConcurrency, ConcurrencyLimiter, KeyedRateLimiter, Limiter, Rate,
    RateLimiter, WeightError, Window, WindowLimiter,
};
use mtaio::monitor::{Collection, Histogram, HistogramOptions, Registry};
use mtaio::pipeline::pipeline;
use mtaio::queue::{Latch, LifoQueue, PriorityQueue, Queue};
use mtaio::time::{Deadline, Timeouts, sleep, timeout};
use mtaio::{EventEmitter, Instant, Runtime, TaskExecutor};
use mtaio_sim::{Explore, Sim};

/// The functions, and what no time, nothing, and the most of it are there.
pub(crate) const ANY: [(&str, &str); 80] = [
    ("cache::CacheNode::insert", "as it is of the node: no time is gone at once"),
    ("cache::CacheNode::insert_if", "as of `insert`"),
    ("cache::DistributedCache::insert_absent", "no time is gone at once"),
    ("cache::DistributedCache::insert_with_ttl", "no time is gone at once"),
    ("cache::DistributedCacheBuilder::schema", "a version"),
    ("cache::FaultNode::cut_after", "zero is now"),
    ("cache::KeyedState::with_keys", "chance"),
    ("cache::LayeredCache::insert_with_ttl", "no time is gone at once"),
    ("cache::Lease::fill_with_ttl", "no time is gone at once"),
    ("cache::Rendezvous::name", "an index, which panics as all do"),
    ("cache::TtlCache::insert_with_ttl", "no time is gone at once; the most has no end"),
    ("cache::TtlCache::touch_with_ttl", "no time is gone at once; the most has no end"),
    ("cache::TtlCacheBuilder::ttl_of", "as of `insert_with_ttl`"),
    ("cache::TtlCacheBuilder::weigher", "nothing weighs 1"),
    ("event::EventEmitter::emit_after", "no time is at once"),
    ("event::Priority::new", "an order"),
    ("event::Topics::retaining", "zero retains none"),
    ("executor::Collect::push", "an index, given to whoever collects"),
    ("executor::Drain::grace", "no time is not to wait"),
    ("executor::Drain::within", "no time is not to wait"),
    ("executor::Run::timeout", "no time is one poll"),
    ("limit::AdaptiveConcurrency::waiting_room", "zero is that nobody waits"),
    ("limit::ConcurrencyLimiter::acquire_many", "a weight has an error of its own"),
    ("limit::ConcurrencyLimiter::acquire_many_owned", "a weight"),
    ("limit::ConcurrencyLimiter::try_acquire_many", "a weight"),
    ("limit::ConcurrencyLimiter::try_acquire_many_owned", "a weight"),
    ("limit::ConcurrencyLimiter::waiting_room", "zero is that nobody waits"),
    ("limit::Ask::check", "a weight"),
    ("limit::KeyedRateLimiter::acquire_many", "a weight"),
    ("limit::KeyedRateLimiter::refund", "never more than a burst"),
    ("limit::KeyedRateLimiter::try_acquire_many", "a weight"),
    ("limit::KeyedRateLimiter::try_acquire_many_at", "a weight"),
    ("limit::Limiter::acquire_many", "a weight"),
    ("limit::Limiter::refund", "what was admitted"),
    ("limit::Limiter::try_acquire_many", "a weight"),
    ("limit::LimiterSet::acquire", "an index, given to whoever has several"),
    ("limit::LimiterSet::check", "an index, and a weight"),
    ("limit::LimiterSet::rank", "an index"),
    ("limit::LimiterSet::try_acquire", "an index"),
    ("limit::LimiterSet::weight", "an index"),
    ("limit::RateLimiter::acquire_many", "a weight"),
    ("limit::RateLimiter::refund", "never more than a burst"),
    ("limit::RateLimiter::try_acquire_many", "a weight"),
    ("limit::RateLimiter::try_acquire_many_at", "a weight"),
    ("limit::WeightError::check", "what it checks"),
    ("limit::WeightError::new", "what it tells"),
    ("limit::WindowLimiter::acquire_many", "a weight"),
    ("limit::WindowLimiter::try_acquire_many", "a weight"),
    ("monitor::Collection::counter", "a count"),
    ("monitor::Collection::gauge", "Prometheus knows NaN and the infinite"),
    ("monitor::Collection::sum", "Prometheus knows NaN and the infinite"),
    ("monitor::Counter::add", "it stays at the most"),
    (
        "monitor::Distribution::percentile",
        "beyond 0 to 100 it is the least and the largest; NaN has none",
    ),
    ("monitor::Gauge::add", "Prometheus knows NaN and the infinite"),
    ("monitor::Gauge::set", "Prometheus knows NaN and the infinite"),
    ("monitor::Histogram::record", "what is negative, infinite or NaN is refused, and counted"),
    ("monitor::Histogram::record_duration", "no time is one"),
    ("monitor::Histogram::record_many", "as of `record`; never is nothing"),
    ("pipeline::BoxRun::drain_within", "no time is not to wait"),
    ("pipeline::BoxRun::within", "no time takes no item"),
    ("pipeline::Run::drain_within", "no time is not to wait"),
    ("pipeline::Run::within", "no time takes no item"),
    ("queue::Latch::count_down_by", "as many as remain"),
    ("queue::Latch::new", "zero is open"),
    ("queue::LifoQueue::get_batch", "zero waits for none"),
    ("queue::LifoQueue::get_batch_into", "zero waits for none"),
    ("queue::LifoQueue::try_get_batch", "zero takes none"),
    ("queue::PriorityQueue::get_batch", "zero waits for none"),
    ("queue::PriorityQueue::get_batch_into", "zero waits for none"),
    ("queue::PriorityQueue::try_get_batch", "zero takes none"),
    ("queue::Queue::get_batch", "zero waits for none"),
    ("queue::Queue::get_batch_into", "zero waits for none"),
    ("queue::Queue::try_get_batch", "zero takes none"),
    ("stream::Order::has_room", "a number of items, given to the order"),
    ("stream::Order::settle", "a number of items, given to the order"),
    ("stream::Order::take_in", "a number of items, given to the order"),
    ("time::Deadline::after", "no time is over; the most has no end"),
    ("time::Timeouts::run_with", "no time is one poll"),
    ("time::sleep", "no time is at once"),
    ("time::timeout", "no time is one poll"),
];

const NEVER: Duration = Duration::ZERO;
const ALWAYS: Duration = Duration::MAX;
const TIMES: [Duration; 2] = [NEVER, ALWAYS];
const WEIGHTS: [u32; 2] = [0, u32::MAX];

/// A task may be left that sleeps for ever.
fn run<F: Future<Output = ()>>(scenario: impl FnOnce(Sim) -> F) {
    Explore::new().allow_leaks().run_seed(0, scenario).unwrap();
}

#[test]
fn times_to_live() {
    run(|rt| async move {
        let node = MemoryNode::new(&rt, 1 << 20).unwrap();
        let cut = FaultNode::new(&rt, node.client(), NodeFaults::new()).unwrap();
        for steps in [0, u64::MAX] {
            cut.cut_after(steps, Link::Down);
            assert_eq!(cut.get(b"key").await.is_err(), steps == 0);
            cut.set_link(Link::Up);
        }
        let shared = DistributedCache::<u32, u64>::builder().schema(u32::MAX).node("a", node);
        let shared = shared.build(&rt).unwrap();
        let layered = LayeredCache::builder(&shared).build().unwrap();
        let local = Arc::new(
            TtlCache::<u32, u64>::builder(10)
                .weigher(|_, value| if *value == 0 { 0 } else { u32::MAX })
                .ttl_of(|_, value| Some(if *value == 0 { NEVER } else { ALWAYS }))
                .hasher(KeyedState::with_keys(0, u64::MAX, 0, u64::MAX))
                .build_with_hasher(&rt)
                .unwrap(),
        );
        for ttl in TIMES {
            let is_there = ttl == ALWAYS;
            shared.insert_with_ttl(&1, &1, ttl).await.unwrap();
            assert_eq!(shared.get(&1).await.unwrap().is_some(), is_there);
            shared.insert_absent(&1, ttl).await.unwrap();
            assert_eq!(shared.get(&1).await.unwrap(), None);
            layered.insert_with_ttl(&2, &2, ttl).await.unwrap();
            assert_eq!(layered.get(&2).await.unwrap().is_some(), is_there);
            local.insert_with_ttl(1, 0, ttl);
            assert_eq!(local.get(&1).is_some(), is_there);
            local.insert_with_ttl(1, 0, None);
            assert!(local.touch_with_ttl(&1, ttl));
            assert_eq!(local.get(&1).is_some(), is_there);
            assert!(local.lease(&1).fill_with_ttl(0, ttl));
            assert_eq!(local.get(&1).is_some(), is_there);
        }
        for value in [0, 1] {
            local.insert(1, value);
            assert_eq!(local.get(&1), None, "it has no time, or is too heavy");
        }
        let nodes = Rendezvous::new(["a"], 1).unwrap();
        assert_eq!(nodes.name(0), "a");
    });
}

#[derive(Clone)]
struct Tick;

impl Event for Tick {
    const NAME: &'static str = "tick";
}

#[test]
fn waits() {
    run(|rt| async move {
        let ready = || async { 1 };
        let long = Duration::from_secs(1_000_000_000);
        for limit in TIMES {
            assert_eq!(timeout(&rt, limit, ready()).await.ok(), Some(1));
            assert_eq!(Timeouts::new(&rt).run_with(limit, ready()).await.ok(), Some(1));
            assert_eq!(
                TaskExecutor::new(&rt).run(ready()).timeout(limit).await.is_ok(),
                limit == ALWAYS
            );
            let deadline = Deadline::after(&rt, limit);
            assert_eq!(deadline.run(&rt, ready()).await.ok(), Some(1));
            let report = TaskExecutor::new(&rt).shutdown(Drain::within(limit).grace(limit)).await;
            assert_eq!(report.finished, 0);
        }
        assert!(sleep(&rt, NEVER).await.is_ok());
        assert!(timeout(&rt, long, sleep(&rt, ALWAYS)).await.is_err());
        let emitter = EventEmitter::new();
        assert!(emitter.emit_after(&rt, NEVER, Tick).await.is_ok());
        let late = emitter.emit_after(&rt, ALWAYS, Tick);
        assert!(timeout(&rt, long, late).await.is_err());
        assert!(Priority::new(i32::MIN) < Priority::new(i32::MAX));

        for most in [0, usize::MAX] {
            let topics = Topics::retaining(most);
            assert_eq!(topics.publish_retained("a", 1).await.is_ok(), most > 0);
        }
    });
}

#[test]
fn pipelines() {
    run(|rt| async move {
        let doubled = || pipeline::<String>().map(|n: u64| n * 2).build().unwrap();
        for time in TIMES {
            let run = doubled();
            let run = run.run(&rt, stream::iter([1, 2])).within(time).drain_within(time);
            let report = run.await;
            let boxed = doubled().boxed();
            let run = boxed.run(&rt, stream::iter([1, 2])).within(time).drain_within(time);
            let (items, _) = run.collect().await;
            assert_eq!(items.len() as u64, report.delivered);
            assert!(time == NEVER || items == [2, 4]);
        }
    });
}

#[test]
fn queues_and_latches() {
    run(|_rt| async move {
        let (queue, stack, heap) =
            (Queue::unbounded(), LifoQueue::unbounded(), PriorityQueue::unbounded());
        for max in [0, usize::MAX] {
            let is_some = usize::from(max > 0);
            for round in 0..3 {
                if max > 0 {
                    queue.put(1).await.unwrap();
                    stack.put(1).await.unwrap();
                    heap.put(1, 1).await.unwrap();
                }
                let taken = match round {
                    0 => [
                        queue.get_batch(max).await.unwrap().len(),
                        stack.get_batch(max).await.unwrap().len(),
                        heap.get_batch(max).await.unwrap().len(),
                    ],
                    1 => [
                        queue.try_get_batch(max).len(),
                        stack.try_get_batch(max).len(),
                        heap.try_get_batch(max).len(),
                    ],
                    _ => [
                        queue.get_batch_into(&mut Vec::new(), max).await.unwrap(),
                        stack.get_batch_into(&mut Vec::new(), max).await.unwrap(),
                        heap.get_batch_into(&mut Vec::new(), max).await.unwrap(),
                    ],
                };
                assert_eq!(taken, [is_some; 3]);
            }
        }
        assert!(Latch::new(0).is_open());
        let latch = Latch::new(usize::MAX);
        latch.count_down_by(0);
        assert_eq!(latch.remaining(), usize::MAX);
        latch.count_down_by(usize::MAX);
        latch.wait().await;
    });
}

#[test]
fn weights() {
    run(|rt| async move {
        let rate = Rate::per_second(1).unwrap();
        let permits = ConcurrencyLimiter::new(&rt, 2).unwrap();
        let paced = RateLimiter::new(&rt, rate, 2).unwrap();
        let keyed = KeyedRateLimiter::<u32>::new(&rt, rate, 2).unwrap();
        let window = WindowLimiter::new(&rt, Window::Fixed(Duration::from_secs(1)), 2).unwrap();
        for weight in WEIGHTS {
            let refused = format!("`weight` is {weight}, allowed is 1 to 2");
            assert_eq!(WeightError::new(weight, 2).to_string(), refused);
            let at = [Instant::ZERO, rt.now()];
            let mut told = vec![
                WeightError::check(weight, 2).unwrap_err().to_string(),
                permits.try_acquire_many(weight).unwrap_err().to_string(),
                permits.try_acquire_many_owned(weight).unwrap_err().to_string(),
                permits.acquire_many(weight).await.unwrap_err().to_string(),
                permits.acquire_many_owned(weight).await.unwrap_err().to_string(),
                Limiter::try_acquire_many(&permits, weight).unwrap_err().to_string(),
                Limiter::acquire_many(&permits, weight).await.unwrap_err().to_string(),
                paced.try_acquire_many(weight).unwrap_err().to_string(),
                paced.acquire_many(weight).await.unwrap_err().to_string(),
                keyed.try_acquire_many(&1, weight).unwrap_err().to_string(),
                keyed.acquire_many(&1, weight).await.unwrap_err().to_string(),
                window.try_acquire_many(weight).unwrap_err().to_string(),
                window.acquire_many(weight).await.unwrap_err().to_string(),
            ];
            for now in at {
                told.push(paced.try_acquire_many_at(weight, now).unwrap_err().to_string());
                told.push(keyed.try_acquire_many_at(&1, weight, now).unwrap_err().to_string());
            }
            assert!(told.iter().all(|message| *message == refused), "{told:?}");
        }
        // What is given back is never more than there was.
        for weight in WEIGHTS {
            paced.refund(weight);
            keyed.refund(&1, weight);
        }
        paced.try_acquire_many(2).unwrap();
        paced.try_acquire().unwrap_err();
        assert!(keyed.try_acquire_many(&1, 2).is_ok() && keyed.try_acquire(&1).is_err());
        assert!(window.try_acquire_many(2).is_ok() && window.try_acquire().is_err());

        let held = permits.try_acquire_many(2).unwrap();
        assert!(permits.clone().waiting_room(0).acquire().await.is_err());
        let found = AdaptiveConcurrency::new(&rt, Adaptation::new().range(1..=1)).unwrap();
        let taken = found.try_acquire().unwrap();
        assert!(found.clone().waiting_room(0).acquire().await.is_err());
        let patient = found.clone().waiting_room(usize::MAX);
        assert!(timeout(&rt, Duration::from_secs(1), patient.acquire()).await.is_err());
        drop((held, taken));
    });
}

#[test]
fn metrics() {
    let registry = Registry::new();
    let counter = registry.counter("a_total", "").unwrap();
    let (gauge, histogram) =
        (registry.gauge("b", "").unwrap(), Histogram::new(&HistogramOptions::new()).unwrap());
    counter.add(u64::MAX);
    counter.add(1);
    assert_eq!(counter.get(), u64::MAX);
    let values = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, -1.0, f64::MAX];
    for value in values {
        gauge.set(value);
        gauge.add(value);
        histogram.record(value);
        histogram.record_many(value, 0);
    }
    assert_eq!(histogram.value().total.count(), 1, "the others are none");
    histogram.record_duration(Duration::MAX);
    histogram.record_many(1.0, u64::MAX);
    let total = histogram.value().total;
    assert_eq!(total.percentile(f64::NAN), None);
    for percent in [f64::NEG_INFINITY, -1.0, 0.0] {
        assert_eq!(total.percentile(percent), total.min());
    }
    for percent in [100.0, 101.0, f64::INFINITY] {
        assert_eq!(total.percentile(percent), total.max());
    }
    registry
        .register(move |told: &mut Collection| {
            told.counter("c_total", "", &[], u64::MAX);
            told.sum("d_total", "", &[], f64::NAN);
            told.gauge("e", "", &[], f64::NEG_INFINITY);
        })
        .unwrap();
    let text = registry.render();
    assert!(text.contains("d_total NaN\n") && text.contains("e -Inf\n"), "{text}");
}
