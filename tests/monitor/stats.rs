//! Every `stats()` is shown by one call, each number under its name.

use std::sync::Arc;

use futures::stream;
use mtaio::cache::TtlCache;
use mtaio::event::{Event, EventEmitter, Topics};
use mtaio::executor::TaskExecutor;
use mtaio::limit::{
    Adaptation, AdaptiveConcurrency, AdaptiveRateLimiter, ConcurrencyLimiter, KeyedRateLimiter,
    Rate, RateLimiter, Window, WindowLimiter,
};
use mtaio::monitor::{PolicyCounts, Registry, RunTotals, Stats};
use mtaio::observable::Observable;
use mtaio::pipeline::pipeline;
use mtaio::policy::{
    Attempt, BreakerConfig, Bulk, CircuitBreaker, Listener, PolicyEvent, Retry, RetryBudget,
};
use mtaio::queue::{LifoQueue, PriorityQueue, Queue};
use mtaio::stream::{BroadcastStats, MapStats};
use mtaio::time::Timeouts;
use mtaio_sim::Sim;

use crate::common::ms;
use crate::parser::parse;

/// Watches `stats`, and holds what is shown to `expected`: all of it, and under names that follow the
/// conventions.
#[track_caller]
fn shows<S: Stats>(stats: impl Fn() -> S + Send + Sync + 'static, expected: &[(&str, f64)]) {
    let expected: Vec<_> =
        expected.iter().map(|(name, value)| ((*name).to_owned(), *value)).collect();
    shows_owned(stats, &expected);
}

#[track_caller]
fn shows_owned<S: Stats>(
    stats: impl Fn() -> S + Send + Sync + 'static,
    expected: &[(String, f64)],
) {
    let registry = Registry::new();
    registry.watch("it", stats).expect("nothing of it is there");
    let mut told = Vec::new();
    for family in parse(&registry.render()) {
        let (unit, name) = (family.name.trim_end_matches("_total"), &family.name);
        assert!(
            name.starts_with("mtaio_") && name.chars().all(|c| c == '_' || c.is_ascii_lowercase())
        );
        assert!(!["_ms", "_nanos", "_millis", "_kb"].iter().any(|other| unit.ends_with(other)));
        assert!(family.help.ends_with('.') && family.help.len() > 8, "{family:?}");
        for line in family.lines {
            let (own, rest): (Vec<_>, Vec<_>) =
                line.labels.into_iter().partition(|(name, _)| name == "name");
            assert_eq!(own, [("name".to_owned(), "it".to_owned())]);
            let rest: Vec<_> = rest.into_iter().map(|(_, value)| value).collect();
            let short = family.name.trim_start_matches("mtaio_");
            told.push(([&[short.to_owned()], &rest[..]].concat().join(" "), line.value));
        }
    }
    let mut expected = expected.to_vec();
    expected.sort_by(|one, other| one.0.cmp(&other.0));
    told.sort_by(|one, other| one.0.cmp(&other.0));
    assert_eq!(told, expected);
}

#[test]
fn of_a_cache() {
    Sim::run(0, |rt| async move {
        let cache = Arc::new(TtlCache::<u32, u32>::new(&rt, 2).expect("not zero"));
        for key in 0..5 {
            cache.insert(key, key);
        }
        cache.insert(100, 1);
        cache.insert(100, 2);
        cache.get(&100);
        cache.get(&777);
        cache.get(&778);
        let stats = cache.stats();
        assert!(stats.evictions > 0 && stats.hits == 1 && stats.misses == 2);
        shows(
            move || cache.stats(),
            &[
                ("cache_hits_total", 1.0),
                ("cache_misses_total", 2.0),
                ("cache_insertions_total", 7.0),
                ("cache_evictions_total", stats.evictions as f64),
                ("cache_expirations_total", 0.0),
                ("cache_replacements_total", stats.replacements as f64),
                ("cache_removals_total", 0.0),
                ("cache_rejections_total", 0.0),
                ("cache_loads_total", 0.0),
                ("cache_load_failures_total", 0.0),
                ("cache_listener_panics_total", 0.0),
                ("cache_entries", stats.len as f64),
                ("cache_weight", stats.weight as f64),
            ],
        );
    });
}

#[test]
fn of_limiters() {
    Sim::run(0, |rt| async move {
        let rate = Rate::per_second(10).expect("not zero");
        let limiter = RateLimiter::new(&rt, rate, 5).expect("not zero");
        limiter.try_acquire().expect("it is full");
        shows(
            move || limiter.stats(),
            &[
                ("rate_limit_hertz", 10.0),
                ("rate_limit_burst", 5.0),
                ("rate_limit_available", 4.0),
                ("rate_limit_waiting", 0.0),
            ],
        );
        let window = Window::Fixed(ms(1_000));
        let limiter = WindowLimiter::new(&rt, window, 3).expect("not zero");
        limiter.try_acquire().expect("it is empty");
        shows(
            move || limiter.stats(),
            &[
                ("window_limit_most", 3.0),
                ("window_limit_available", 2.0),
                ("window_limit_waiting", 0.0),
            ],
        );
        let limiter = ConcurrencyLimiter::new(&rt, 2).expect("not zero");
        let permit = limiter.try_acquire().expect("it is free");
        let limiter = limiter.clone();
        shows(
            move || limiter.stats(),
            &[
                ("concurrency_limit_most", 2.0),
                ("concurrency_limit_in_use", 1.0),
                ("concurrency_limit_waiting", 0.0),
                ("concurrency_limit_turned_away_total", 0.0),
                ("concurrency_limit_elapsed_total", 0.0),
            ],
        );
        drop(permit);
        let limiter = Arc::new(KeyedRateLimiter::<u32>::new(&rt, rate, 1).expect("not zero"));
        limiter.try_acquire(&7).expect("it is full");
        let bytes = limiter.stats().bytes as f64;
        shows(move || limiter.stats(), &[("keyed_limit_keys", 1.0), ("keyed_limit_bytes", bytes)]);
        let limiter = AdaptiveRateLimiter::<String>::new(&rt);
        limiter.adjust_rate("db", 0.95).expect("a load");
        shows(
            move || limiter.stats(),
            &[
                ("adaptive_rate_resources", 1.0),
                ("adaptive_rate_ratio", 0.5),
                ("adaptive_rate_waiting", 0.0),
            ],
        );
        let limiter = AdaptiveConcurrency::new(&rt, Adaptation::new().start(7)).expect("a range");
        assert_eq!(limiter.stats().latency, None);
        shows(
            move || limiter.stats(),
            &[
                ("concurrency_limit_most", 7.0),
                ("concurrency_limit_in_use", 0.0),
                ("concurrency_limit_waiting", 0.0),
                ("concurrency_limit_turned_away_total", 0.0),
                ("concurrency_limit_elapsed_total", 0.0),
                ("adaptive_concurrency_raised_total", 0.0),
                ("adaptive_concurrency_lowered_total", 0.0),
            ],
        );
    });
}

#[test]
fn of_policies() {
    Sim::run(0, |rt| async move {
        let counts = PolicyCounts::new();
        let budget = RetryBudget::builder(0.5).build().expect("a ratio");
        let retry = Retry::constant(ms(1)).max_attempts(2).listener(counts.clone()).build();
        let retry = retry.expect("it makes sense");
        let second =
            async |attempt: Attempt| if attempt.number() == 1 { Err("busy") } else { Ok(()) };
        retry.run(&rt, second).await.expect("the second is good");
        retry.run(&rt, async |_: Attempt| Err::<(), _>("down")).await.expect_err("it is down");
        for event in [PolicyEvent::Limited, PolicyEvent::TimedOut { limit: ms(1) }] {
            counts.hear(&event);
        }
        let breaker = CircuitBreaker::new(&rt, BreakerConfig::new().listener(counts.clone()));
        let breaker = breaker.expect("the default");
        breaker.run(async { Err::<(), _>("down") }).await.expect_err("it is down");
        let states = ["closed", "open", "half_open", "forced_closed", "forced_open"];
        let numbers = |state: &str, calls: f64, refused: f64| {
            let state =
                states.map(|known| (format!("breaker_state {known}"), f64::from(known == state)));
            let rest = [
                ("breaker_window_calls".to_owned(), calls),
                ("breaker_window_failures".to_owned(), calls),
                ("breaker_window_slow".to_owned(), 0.0),
                ("breaker_refused_total".to_owned(), refused),
                ("breaker_opened_total".to_owned(), 0.0),
            ];
            [&state[..], &rest[..]].concat()
        };
        let seen = breaker.clone();
        shows_owned(move || seen.stats(), &numbers("closed", 1.0, 0.0));
        breaker.force_open();
        assert!(breaker.try_begin().is_err());
        let seen = breaker.clone();
        shows_owned(move || seen.stats(), &numbers("forced_open", 0.0, 1.0));
        breaker.force_closed();
        shows_owned(move || breaker.stats(), &numbers("forced_closed", 0.0, 1.0));
        shows(
            move || counts.clone(),
            &[
                ("policy_attempts_total", 4.0),
                ("policy_retries_total", 2.0),
                ("policy_gave_up_total stopped", 0.0),
                ("policy_gave_up_total attempts", 1.0),
                ("policy_gave_up_total time", 0.0),
                ("policy_gave_up_total deadline", 0.0),
                ("policy_gave_up_total budget", 0.0),
                ("policy_opened_total", 1.0),
                ("policy_half_opened_total", 0.0),
                ("policy_closed_total", 1.0),
                ("policy_limited_total", 2.0),
                ("policy_timed_out_total", 1.0),
            ],
        );
        (0..4).for_each(|_| budget.deposit());
        assert!(budget.try_withdraw(mtaio::Runtime::now(&rt)));
        shows(
            move || budget.stats(),
            &[
                ("retry_budget_saved", 1.0),
                ("retry_budget_granted_total", 1.0),
                ("retry_budget_refused_total", 0.0),
            ],
        );
        let bulk = Bulk::new(&rt, async |inputs: Vec<u32>| {
            inputs.into_iter().map(Ok::<_, String>).collect()
        });
        let bulk = bulk.max_size(2).max_delay(ms(1)).build().expect("it makes sense");
        let (one, two) = futures::join!(bulk.call(1), bulk.call(2));
        assert!(one.is_ok() && two.is_ok());
        shows(
            move || bulk.stats(),
            &[("bulk_batches_total", 1.0), ("bulk_inputs_total", 2.0), ("bulk_largest", 2.0)],
        );
    });
}

#[derive(Clone)]
struct Ping;

impl Event for Ping {
    const NAME: &'static str = "ping";
}

#[test]
fn of_events() {
    Sim::run(0, |rt| async move {
        let _ = &rt;
        let emitter = EventEmitter::new();
        emitter.on(async |_: &Ping| {});
        emitter.on(async |_: &Ping| Err::<(), _>("on purpose"));
        emitter.emit(Ping).await;
        shows(
            move || emitter.stats(),
            &[
                ("emitter_listeners", 2.0),
                ("emitter_emitted_total", 1.0),
                ("emitter_handled_total", 2.0),
                ("emitter_failed_total", 1.0),
                ("emitter_suppressed_total", 0.0),
                ("emitter_dropped_total", 0.0),
                ("emitter_looped_total", 0.0),
            ],
        );
        let topics = Topics::<u32>::retaining(5);
        topics.publish_retained("a", 1).await.expect("a topic");
        shows(
            move || topics.stats(),
            &[
                ("topics_subscribers", 0.0),
                ("topics_retained", 1.0),
                ("topics_published_total", 1.0),
            ],
        );
        let mut stats = mtaio::event::SubscriberStats::default();
        (stats.waiting, stats.missed) = (2, 3);
        shows(move || stats, &[("subscriber_waiting", 2.0), ("subscriber_missed_total", 3.0)]);
        let value = Observable::new(1);
        let watch = value.watch();
        value.set(2);
        let version = value.stats().version as f64;
        shows(
            move || value.stats(),
            &[
                ("observable_sets_total", version),
                ("observable_watches", 1.0),
                ("observable_changes", 0.0),
            ],
        );
        drop(watch);
    });
}

#[test]
fn of_tasks_and_queues() {
    Sim::run(0, |rt| async move {
        let executor = TaskExecutor::new(&rt);
        executor.run(async {}).await.expect("it ends");
        shows(move || executor.stats(), &[("executor_started_total", 1.0), ("executor_live", 0.0)]);
        let timeouts = Timeouts::new(&rt);
        let slow = mtaio::RuntimeExt::sleep(&rt, ms(100));
        timeouts.run_with(ms(1), slow).await.expect_err("it is slow");
        let seen = timeouts.clone();
        shows(
            move || seen.stats(),
            &[("timeouts_run_total", 1.0), ("timeouts_elapsed_total", 1.0)],
        );
        let expected = [
            ("queue_items", 1.0),
            ("queue_in_work", 1.0),
            ("queue_waiting_puts", 0.0),
            ("queue_waiting_gets", 0.0),
            ("queue_dropped_total", 0.0),
        ];
        let (queue, heap, stack) =
            (Queue::unbounded(), PriorityQueue::unbounded(), LifoQueue::unbounded());
        for number in [1, 2] {
            queue.try_put(number).expect("there is room");
            heap.try_put(number, number).expect("there is room");
            stack.try_put(number).expect("there is room");
        }
        queue.try_get().expect("there are two");
        heap.try_get().expect("there are two");
        stack.try_get().expect("there are two");
        shows(move || queue.stats(), &expected);
        shows(move || heap.stats(), &expected);
        shows(move || stack.stats(), &expected);

        let mut map = MapStats::default();
        (map.taken, map.in_flight, map.ready, map.waiting) = (1, 2, 3, 4);
        shows(
            move || map,
            &[
                ("map_taken_total", 1.0),
                ("map_in_flight", 2.0),
                ("map_ready", 3.0),
                ("map_waiting", 4.0),
            ],
        );
        let mut broadcast = BroadcastStats::default();
        (broadcast.waiting, broadcast.missed) = (5, 6);
        shows(move || broadcast, &[("broadcast_waiting", 5.0), ("broadcast_missed_total", 6.0)]);
    });
}

#[test]
fn of_the_runs_of_a_pipeline() {
    Sim::run(0, |rt| async move {
        let totals = RunTotals::new();
        let numbers = pipeline::<String>()
            .then(async |word: &'static str| word.parse::<u64>().map_err(|error| error.to_string()))
            .skip()
            .filter(|number: &u64| number % 2 == 1)
            .build()
            .expect("it makes sense");
        for words in [vec!["1", "x", "2"], vec!["3"]] {
            let (_, report) = numbers.run(&rt, stream::iter(words)).collect().await;
            totals.add(&report);
        }
        let registry = Registry::new();
        registry.watch("it", move || totals.clone()).expect("new");
        let snapshot = registry.gather();
        parse(&registry.render());
        let of = |name: &str, labels: &[(&str, &str)]| {
            let labels = [&[("name", "it")], labels].concat();
            snapshot.get(&format!("mtaio_pipeline_{name}"), &labels).map(|value| value.as_f64())
        };
        let outcomes =
            ["delivered", "filtered", "skipped", "dead_lettered", "failed", "unprocessed"];
        let counts = outcomes.map(|outcome| of("items_total", &[("outcome", outcome)]));
        assert_eq!(counts, [2.0, 1.0, 1.0, 0.0, 0.0, 0.0].map(Some));
        let ends = ["finished", "cancelled", "time_up", "failed"];
        let counts = ends.map(|end| of("runs_total", &[("end", end)]));
        assert_eq!(counts, [2.0, 0.0, 0.0, 0.0].map(Some));
        assert_eq!((of("taken_total", &[]), of("outputs_total", &[])), (Some(4.0), Some(2.0)));
        assert_eq!(of("close_errors_total", &[]), Some(0.0));
        let family = snapshot.family("mtaio_pipeline_stage_taken_total").expect("there are stages");
        let first = family.samples.iter().find(|sample| sample.labels.get("position") == Some("0"));
        let first = first.expect("there is a first one");
        assert!(first.labels.get("stage").is_some_and(|name| !name.is_empty()));
        assert_eq!(first.value.as_f64(), 4.0, "the first stage began with all of them");
        let labels: Vec<_> = first.labels.iter().filter(|(name, _)| *name != "name").collect();
        assert_eq!(of("stage_errors_total", &labels), Some(1.0));
        assert_eq!(of("stage_given_total", &labels), Some(3.0));
        assert!(of("stage_mean_seconds", &labels).is_some_and(|mean| mean >= 0.0));
        assert!(of("stage_longest_seconds", &labels).is_some_and(|longest| longest >= 0.0));
    });
}
