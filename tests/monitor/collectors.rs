//! What collectors may do, and what is done about what they may not.

use std::panic::panic_any;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};

use mtaio::cache::TtlCache;
use mtaio::monitor::{Collection, Collector, CollectorId, Registry, Stats};
use mtaio_sim::Sim;

use crate::common::Bomb;
use crate::parser::parse;

fn told(registry: &Registry, name: &str) -> Option<f64> {
    registry.gather().get(name, &[]).map(|value| value.as_f64())
}

#[test]
fn it_is_asked_each_time() {
    let registry = Registry::new();
    let asked = Arc::new(AtomicU64::new(0));
    let collector = {
        let asked = Arc::clone(&asked);
        move |metrics: &mut Collection| {
            let times = asked.fetch_add(1, Ordering::Relaxed);
            metrics.counter("asked_total", "Asked.", &[], times);
            metrics.sum("asked_seconds_total", "Asked.", &[], 0.5);
        }
    };
    let id = registry.register(collector).expect("it tells nothing wrong");
    assert_eq!(told(&registry, "asked_total"), Some(1.0));
    assert_eq!(told(&registry, "asked_total"), Some(2.0));
    assert!(registry.render().contains("asked_seconds_total 0.5\n"));
    assert!(registry.unregister(id) && !registry.unregister(id));
    assert_eq!(registry.render(), "");
    assert_eq!(asked.load(Ordering::Relaxed), 4);
    // Its names are free again.
    registry.gauge("asked", "A.").expect("new");
    registry.counter("asked_total", "Another.").expect("free again");
}

#[test]
fn what_breaks_a_rule_at_once_is_refused() {
    let registry = Registry::new();
    registry.counter("mine_total", "Mine.").expect("new");
    registry
        .register(|metrics: &mut Collection| metrics.gauge("told", "Told.", &[("a", "1")], 1.0))
        .expect("new");
    let bad: [fn(&mut Collection); 11] = [
        |metrics| metrics.counter("no name_total", "", &[], 1),
        |metrics| metrics.counter("requests", "", &[], 1),
        |metrics| metrics.gauge("requests_total", "", &[], 1.0),
        |metrics| metrics.gauge("label", "", &[("le", "1")], 1.0),
        |metrics| metrics.gauge("label", "", &[("a", "1"), ("a", "2")], 1.0),
        |metrics| metrics.counter("mine_total", "Mine.", &[("a", "1")], 1),
        |metrics| metrics.gauge("told", "Another.", &[], 1.0),
        |metrics| metrics.gauge("told", "Told.", &[("a", "1")], 2.0),
        |metrics| {
            metrics.gauge("twice", "", &[("a", "1"), ("b", "2")], 1.0);
            metrics.gauge("twice", "", &[("b", "2"), ("a", "1")], 1.0);
        },
        |metrics| {
            metrics.gauge("both", "", &[], 1.0);
            metrics.gauge("both", "Another.", &[("a", "1")], 1.0);
        },
        |_| panic_any(Bomb("on purpose, at its end")),
    ];
    for (number, collector) in bad.into_iter().enumerate() {
        assert!(registry.register(collector).is_err(), "{number}");
    }
    assert_eq!(registry.stats().collectors, 1);
    assert_eq!(parse(&registry.render()).len(), 2);
    // A name that one tells is not there for others.
    assert!(registry.gauge("told", "Told.").is_err());
    // But another series of it may be told.
    let more = |metrics: &mut Collection| metrics.gauge("told", "Told.", &[("a", "0")], 2.0);
    registry.register(more).expect("another series");
    let text = registry.render();
    assert!(text.contains("told{a=\"0\"} 2\ntold{a=\"1\"} 1\n"), "{text}");
}

#[test]
fn what_breaks_a_rule_later_is_left_out_and_counted() {
    let registry = Registry::with_max_series(3).expect("not zero");
    let is_bad = Arc::new(AtomicBool::new(false));
    let collector = {
        let is_bad = Arc::clone(&is_bad);
        move |metrics: &mut Collection| {
            metrics.gauge("good", "Good.", &[], 1.0);
            if is_bad.load(Ordering::Relaxed) {
                metrics.gauge("mine", "Mine.", &[], 7.0);
                metrics.gauge("good", "Good.", &[], 2.0);
                metrics.gauge("bad name", "", &[], 1.0);
                for n in 0..5 {
                    metrics.gauge("many", "Many.", &[("n", &n.to_string())], 1.0);
                }
            }
        }
    };
    registry.register(collector).expect("it is good");
    registry.gauge("mine", "Mine.").expect("nobody tells it yet").set(3.0);
    assert_eq!(registry.stats().refused, 0);
    is_bad.store(true, Ordering::Relaxed);
    let text = registry.render();
    assert_eq!(parse(&text).len(), 3);
    assert!(text.contains("mine 3\n") && text.contains("good 1\n"), "{text}");
    assert_eq!(registry.gather().family("many").expect("it is told").samples.len(), 3);
    // Each time: `mine`, the second `good`, the bad name, and two that are too many.
    assert_eq!(registry.stats().refused, 10);
}

#[test]
fn one_that_panics_costs_nobody_else() {
    let registry = Registry::new();
    let is_bad = Arc::new(AtomicBool::new(false));
    let collector = {
        let is_bad = Arc::clone(&is_bad);
        move |metrics: &mut Collection| {
            metrics.gauge("before", "Before.", &[], 1.0);
            if is_bad.load(Ordering::Relaxed) {
                // What it carries panics as well.
                panic_any(Bomb("on purpose, at its end"));
            }
        }
    };
    registry.register(collector).expect("it is good");
    registry
        .register(|metrics: &mut Collection| metrics.gauge("other", "Other.", &[], 1.0))
        .expect("it is good");
    registry.gauge("mine", "Mine.").expect("new");
    assert_eq!(parse(&registry.render()).len(), 3);
    is_bad.store(true, Ordering::Relaxed);
    assert_eq!(parse(&registry.render()).len(), 2, "what it told this time is left out");
    assert_eq!(registry.stats().panicked, 1);
    is_bad.store(false, Ordering::Relaxed);
    assert_eq!(parse(&registry.render()).len(), 3);
}

#[test]
fn it_may_use_the_registry() {
    let registry = Registry::new();
    let id = Arc::new(OnceLock::<CollectorId>::new());
    let calls = Arc::new(AtomicUsize::new(0));
    let collector = {
        let (registry, id, calls) = (registry.clone(), Arc::clone(&id), Arc::clone(&calls));
        move |metrics: &mut Collection| {
            let call = calls.fetch_add(1, Ordering::Relaxed);
            registry.counter("calls_total", "Calls.").expect("it is the same each time").inc();
            metrics.gauge("series", "Series.", &[], registry.stats().series as f64);
            if call == 2 {
                assert!(registry.unregister(*id.get().expect("it is known by now")));
                let other = |metrics: &mut Collection| metrics.gauge("late", "", &[], 1.0);
                registry.register(other).expect("it is good");
            }
        }
    };
    id.set(registry.register(collector).expect("it is good")).expect("once");
    assert_eq!(told(&registry, "calls_total"), Some(2.0), "what it makes is shown");
    assert_eq!(told(&registry, "series"), Some(1.0), "it is still asked to its end");
    assert_eq!((told(&registry, "series"), told(&registry, "late")), (None, Some(1.0)));
}

/// The destructor of a collector may panic, and may use the registry.
#[test]
fn its_end_is_its_own() {
    struct AtItsEnd(Registry);

    impl Collector for AtItsEnd {
        fn collect(&self, metrics: &mut Collection) {
            metrics.gauge("a", "A.", &[], 1.0);
        }
    }

    impl Drop for AtItsEnd {
        fn drop(&mut self) {
            assert_eq!(self.0.render(), "");
            panic!("on purpose");
        }
    }

    let registry = Registry::new();
    // Where it is refused, too.
    registry
        .register(|metrics: &mut Collection| metrics.gauge("a", "A.", &[], 1.0))
        .map(|id| {
            assert!(registry.register(AtItsEnd(Registry::new())).is_err());
            assert!(registry.unregister(id));
        })
        .expect("it is good");
    let id = registry.register(AtItsEnd(registry.clone())).expect("it is good");
    assert_eq!(told(&registry, "a"), Some(1.0));
    assert!(registry.unregister(id));
    assert_eq!(registry.stats().collectors, 0);
}

#[test]
fn names_tell_those_of_one_kind_apart() {
    Sim::run(0, |rt| async move {
        let registry = Registry::new();
        let cache = || Arc::new(TtlCache::<u32, u32>::new(&rt, 10).expect("not zero"));
        let (one, two) = (cache(), cache());
        let of = |cache: &Arc<TtlCache<u32, u32>>| {
            let cache = Arc::downgrade(cache);
            move || cache.upgrade().map(|cache| cache.stats())
        };
        registry.watch("one", of(&one)).expect("new");
        registry.watch("two\"\n", of(&two)).expect("new");
        assert!(registry.watch("one", of(&two)).is_err(), "the name is taken");
        two.insert(1, 1);
        let snapshot = registry.gather();
        let entries = |name| snapshot.get("mtaio_cache_entries", &[("name", name)]);
        assert_eq!(entries("one").map(|value| value.as_f64()), Some(0.0));
        assert_eq!(entries("two\"\n").map(|value| value.as_f64()), Some(1.0));
        parse(&registry.render());
        // One that is gone is told no more, and the other one is.
        drop(one);
        assert!(!registry.render().contains("\"one\""));
        assert_eq!(registry.gather().families.len(), snapshot.families.len());
    });
}

#[test]
fn own_numbers_are_watched_as_those_of_the_library() {
    struct Own(u64);

    impl Stats for Own {
        fn tell(&self, metrics: &mut Collection) {
            metrics.counter("app_orders_total", "Orders.", &[("kind", "new")], self.0);
        }
    }

    let registry = Registry::new();
    registry.watch("shop", || Own(5)).expect("new");
    let labels = [("kind", "new"), ("name", "shop")];
    let orders = registry.gather().get("app_orders_total", &labels).map(|value| value.as_f64());
    assert_eq!(orders, Some(5.0));
}

#[test]
fn a_registry_watches_itself_and_is_not_kept_by_that() {
    let registry = Registry::with_max_series(1).expect("not zero");
    registry.watch_itself("main").expect("new");
    let counters = registry.counters("a_total", "A.", ["x"]).expect("new");
    (0..3_u32).for_each(|x| counters.with([&x.to_string()]).inc());
    let text = registry.render();
    for line in ["overflowed_total{name=\"main\"} 2\n", "series{name=\"main\"} 2\n"] {
        assert!(text.contains(&format!("mtaio_registry_{line}")), "{text}");
    }
    let kept = Arc::new(());
    let seen = Arc::downgrade(&kept);
    registry.register(move |_: &mut Collection| _ = &kept).expect("it tells nothing");
    drop((registry, counters));
    assert_eq!(seen.strong_count(), 0, "the registry is gone with its last handle");
}
