//! How a monitor begins and ends, and that nobody holds it up.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use futures::StreamExt;
use mtaio::event::EventEmitter;
use mtaio::monitor::{
    Alert, AlertState, Collection, Load, Monitor, MonitorBuilder, Registry, Rule, Severity, Signal,
    System,
};
use mtaio::queue::Overflow;
use mtaio::time::Deadline;
use mtaio::{Ambient, ConfigError, Runtime, RuntimeExt};
use mtaio_sim::Sim;

use crate::common::{Gate, WORKER, done_or_dropped, eventually, ms, on_every_runtime, survives};

pub(crate) const SECOND: Duration = Duration::from_secs(1);

pub(crate) fn sim<F: Future<Output = ()>>(test: impl FnOnce(Sim) -> F) {
    Sim::run(0, test);
}

/// One that looks at a gauge once a second and tells when it is above 1.
pub(crate) fn monitor<R: Runtime>(rt: &R, registry: &Registry) -> MonitorBuilder<R> {
    Monitor::with_runtime(rt)
        .registry(registry)
        .without_system()
        .interval(SECOND)
        .rule(Rule::above("high", Signal::value("level"), 1.0))
}

/// What comes to a handler.
fn told<R: Runtime>(monitor: &Monitor<R>) -> Arc<Mutex<Vec<Alert>>> {
    let told = Arc::new(Mutex::new(Vec::new()));
    monitor.emitter().on({
        let told = Arc::clone(&told);
        async move |alert: &Alert| told.lock().unwrap().push(alert.clone())
    });
    told
}

fn states(told: &Mutex<Vec<Alert>>) -> Vec<AlertState> {
    told.lock().unwrap().iter().map(|alert| alert.state).collect()
}

/// A source that counts how often it is asked.
fn counting(asked: &Arc<AtomicU32>) -> impl FnMut() -> System + Send + use<> {
    let asked = Arc::clone(asked);
    move || {
        let mut system = System::default();
        let one = f64::from(asked.fetch_add(1, Ordering::SeqCst) + 1);
        system.load = Ok(Load { one, ..Load::default() });
        system
    }
}

async fn it_looks_until_it_is_stopped<R: Runtime>(rt: R) {
    let asked = Arc::new(AtomicU32::new(0));
    let registry = Registry::new();
    let requests = registry.counter("requests_total", "Requests.").unwrap();
    let monitor = Monitor::with_runtime(&rt)
        .registry(&registry)
        .system(counting(&asked))
        .interval(ms(5))
        .rule(Rule::above("busy", Signal::value("requests_total"), 0.0))
        .build()
        .unwrap();
    let mut alerts = monitor.alerts(Overflow::DropOldest(8)).unwrap();
    assert!(monitor.current().is_none() && !monitor.is_running());

    let begun = rt.now();
    monitor.start();
    monitor.start();
    assert!(monitor.is_running());
    eventually(&rt, "it looks again and again", || asked.load(Ordering::SeqCst) >= 3).await;
    requests.inc();
    let alert = alerts.next().await.expect("the emitter is there");
    assert_eq!((&*alert.name, alert.state), ("busy", AlertState::Firing));
    monitor.stop().await;
    monitor.stop().await;
    assert!(!monitor.is_running());

    let looks = asked.load(Ordering::SeqCst);
    assert_eq!(monitor.stats().looks, u64::from(looks));
    let reading = monitor.current().unwrap();
    assert_eq!(reading.metrics.get("requests_total", &[]).unwrap().as_f64(), 1.0);
    assert!(reading.at >= begun && reading.at <= rt.now());
    let series = monitor.history("system_load1", ..);
    assert_eq!(series[0].points.len(), looks as usize);
    assert!(series[0].points.windows(2).all(|two| two[0].at < two[1].at));
    rt.sleep(ms(20)).await;
    assert_eq!(asked.load(Ordering::SeqCst), looks, "it has stopped");

    monitor.start();
    eventually(&rt, "it goes on", || asked.load(Ordering::SeqCst) > looks).await;
    drop(monitor);
    assert!(alerts.next().await.is_none(), "nobody is there to tell anything");
    // A look that has begun ends.
    rt.sleep(ms(20)).await;
    let looks = asked.load(Ordering::SeqCst);
    rt.sleep(ms(20)).await;
    assert_eq!(asked.load(Ordering::SeqCst), looks, "dropping it has ended it");
}

on_every_runtime!(seeds = 20; it_looks_until_it_is_stopped);

#[test]
fn looks_are_an_interval_apart_and_the_first_is_now() {
    sim(|rt| async move {
        let monitor = monitor(&rt, &Registry::new()).system(counting(&Arc::default()));
        let monitor = monitor.build().unwrap();
        rt.sleep(SECOND / 3).await;
        let begun = rt.now();
        monitor.start();
        rt.sleep(SECOND * 7 / 2).await;
        monitor.stop().await;
        assert_eq!(rt.now(), begun + SECOND * 7 / 2, "stopping takes no time");
        let series = monitor.history("system_load1", ..);
        let times: Vec<_> = series[0].points.iter().map(|point| point.at).collect();
        assert_eq!(times, [0, 1, 2, 3].map(|n| begun + SECOND * n));
    });
}

/// Where the registry has a name of the system, it is the registry's, once.
#[test]
fn what_the_registry_says_of_the_system_goes_first() {
    sim(|rt| async move {
        let registry = Registry::new();
        registry.gauge("system_load1", "Ours.").unwrap().set(42.0);
        let monitor = monitor(&rt, &registry).system(counting(&Arc::default()));
        let monitor = monitor.build().unwrap();
        monitor.start();
        rt.sleep(SECOND / 2).await;
        let reading = monitor.current().unwrap();
        let named = |name: &str| {
            let families = reading.metrics.families.iter();
            families.filter(|family| &*family.name == name).count()
        };
        assert_eq!((named("system_load1"), named("system_load5")), (1, 1));
        assert_eq!(reading.metrics.get("system_load1", &[]).unwrap().as_f64(), 42.0);
        assert_eq!(monitor.history("system_load1", ..)[0].points[0].value, 42.0);
        monitor.stop().await;
    });
}

#[test]
fn a_handler_that_is_slow_or_panics_holds_up_nothing() {
    sim(|rt| async move {
        let registry = Registry::new();
        let level = registry.gauge("level", "A level.").unwrap();
        let monitor = monitor(&rt, &registry).build().unwrap();
        let gate = Gate::default();
        monitor.emitter().on({
            let gate = gate.clone();
            async move |_: &Alert| gate.passed().await
        });
        monitor.emitter().on(async |alert: &Alert| {
            assert!(alert.state != AlertState::Firing, "on purpose");
        });
        let told = told(&monitor);
        monitor.start();
        rt.sleep(SECOND / 2).await;
        for high in [2.0, 0.0, 3.0] {
            level.set(high);
            rt.sleep(SECOND).await;
        }
        rt.sleep(SECOND * 10).await;
        assert_eq!(monitor.stats().looks, 14, "it looks on");
        assert_eq!((states(&told).len(), monitor.stats().waiting), (0, 2));
        gate.open();
        monitor.delivered().await;
        let (firing, resolved) = (AlertState::Firing, AlertState::Resolved);
        assert_eq!(states(&told), [firing, resolved, firing]);
        assert_eq!(monitor.stats().failed, 2);
        assert_eq!((monitor.stats().firing, monitor.stats().episodes), (1, 2));
        monitor.stop().await;
    });
}

#[test]
fn what_waits_for_handlers_is_bounded_and_what_went_is_counted() {
    sim(|rt| async move {
        let monitor = monitor(&rt, &Registry::new()).build().unwrap();
        let gate = Gate::default();
        monitor.emitter().on({
            let gate = gate.clone();
            async move |_: &Alert| gate.passed().await
        });
        let told = told(&monitor);
        monitor.alert(Severity::Info, "the first");
        rt.yield_now().await;
        rt.sleep(ms(1)).await;
        for number in 0..1_030 {
            monitor.alert(Severity::Info, number.to_string());
        }
        assert_eq!((monitor.stats().waiting, monitor.stats().dropped), (1_024, 6));
        gate.open();
        monitor.delivered().await;
        let told = told.lock().unwrap();
        assert_eq!((told.len(), &*told[0].message, &*told[1].message), (1_025, "the first", "6"));
    });
}

#[test]
fn by_hand() {
    sim(|rt| async move {
        let emitter = EventEmitter::new();
        let monitor = monitor(&rt, &Registry::new()).emitter(&emitter).build().unwrap();
        let mut alerts = monitor.alerts(Overflow::Block(4)).unwrap();
        let heard = told(&monitor);
        rt.sleep(SECOND).await;
        monitor.alert(Severity::Critical, "the disk is on fire");
        let alert = alerts.next().await.unwrap();
        assert_eq!(alert.to_string(), "[critical] alert by hand: the disk is on fire");
        assert_eq!((alert.state, alert.at, alert.episode), (AlertState::ByHand, rt.now(), 0));
        assert!(alert.value.is_nan() && alert.labels.is_empty());
        monitor.delivered().await;
        assert_eq!(states(&heard), [AlertState::ByHand]);
        assert_eq!(emitter.stats(), monitor.emitter().stats());
        assert!(Severity::Critical > Severity::Warning && Severity::Warning > Severity::Info);
    });
}

#[test]
fn a_handler_may_stop_it() {
    sim(|rt| async move {
        let registry = Registry::new();
        registry.gauge("level", "A level.").unwrap().set(2.0);
        let monitor = Arc::new(monitor(&rt, &registry).build().unwrap());
        let stopped = Arc::new(AtomicBool::new(false));
        monitor.emitter().on({
            let (monitor, stopped): (Weak<_>, _) = (Arc::downgrade(&monitor), Arc::clone(&stopped));
            async move |alert: &Alert| {
                let Some(monitor) = monitor.upgrade() else { return };
                if alert.state == AlertState::ByHand {
                    return;
                }
                monitor.alert(Severity::Info, "stopping");
                monitor.stop().await;
                stopped.store(true, Ordering::SeqCst);
            }
        });
        monitor.start();
        rt.sleep(SECOND * 5).await;
        assert!(stopped.load(Ordering::SeqCst));
        assert_eq!(monitor.stats().looks, 1);
    });
}

#[test]
fn nobody_lends_it_a_deadline() {
    sim(|rt| async move {
        let registry = Registry::new();
        registry.gauge("level", "A level.").unwrap().set(2.0);
        let seen = Arc::new(Mutex::new(Vec::new()));
        let begin = async {
            let monitor = monitor(&rt, &registry).build().unwrap();
            monitor.emitter().on({
                let seen = Arc::clone(&seen);
                async move |_: &Alert| seen.lock().unwrap().push(Ambient::current().deadline())
            });
            monitor.start();
            monitor
        };
        let monitor = Deadline::after(&rt, SECOND / 2).run(&rt, begin).await.unwrap();
        rt.sleep(SECOND * 3).await;
        monitor.stop().await;
        assert_eq!((monitor.stats().looks, &seen.lock().unwrap()[..]), (4, &[None][..]));
    });
}

#[test]
fn a_source_or_a_collector_that_panics_costs_itself() {
    sim(|rt| async move {
        let registry = Registry::new();
        registry.gauge("level", "A level.").unwrap().set(2.0);
        let asked = AtomicU32::new(0);
        let collector = move |_: &mut Collection| {
            // The first time it may be asked what it has to tell.
            assert!(asked.fetch_add(1, Ordering::SeqCst) == 0, "on purpose");
        };
        registry.register(collector).unwrap();
        let mut asked = 0;
        let source = move || {
            asked += 1;
            assert!(asked != 2, "out of order");
            counting(&Arc::new(AtomicU32::new(asked)))()
        };
        let monitor = monitor(&rt, &registry).system(source).build().unwrap();
        monitor.start();
        rt.sleep(SECOND / 2).await;
        assert_eq!(monitor.current().unwrap().system.load.as_ref().map(|load| load.one), Ok(2.0));
        rt.sleep(SECOND).await;
        let reading = monitor.current().unwrap();
        let told = reading.system.load.as_ref().unwrap_err();
        assert_eq!(
            told.to_string(),
            "`load` can't be told here: its source panicked: out of order"
        );
        rt.sleep(SECOND).await;
        monitor.stop().await;
        assert!(monitor.current().unwrap().system.load.is_ok());
        assert_eq!((monitor.stats().panics, monitor.stats().looks), (1, 3));
        assert_eq!(monitor.firing().len(), 1);
    });
}

#[test]
fn what_was_about_to_fire_begins_anew_after_a_stop() {
    sim(|rt| async move {
        let registry = Registry::new();
        registry.gauge("level", "A level.").unwrap().set(2.0);
        registry.gauge("other", "Another one.").unwrap().set(2.0);
        let rule = Rule::above("slow", Signal::value("other"), 1.0).for_at_least(SECOND * 3);
        let monitor = monitor(&rt, &registry).rule(rule).build().unwrap();
        let told = told(&monitor);
        monitor.start();
        rt.sleep(SECOND * 5 / 2).await;
        monitor.stop().await;
        rt.sleep(SECOND * 60).await;
        let begun = rt.now();
        monitor.start();
        rt.sleep(SECOND * 7 / 2).await;
        monitor.stop().await;
        monitor.delivered().await;
        let told: Vec<_> = told
            .lock()
            .unwrap()
            .iter()
            .map(|alert| (alert.name.to_string(), alert.since))
            .collect();
        let first = begun - SECOND * 125 / 2;
        assert_eq!(told, [("high".into(), first), ("slow".into(), begun)]);
    });
}

#[test]
fn what_makes_no_sense_is_refused() {
    sim(|rt| async move {
        let field = |builder: MonitorBuilder| builder.build().map_err(|error| error.field()).err();
        let new = || Monitor::new(&rt).without_system().interval(SECOND).keep(10, 10);
        assert_eq!(field(new()), None);
        assert_eq!(field(new().interval(Duration::ZERO)), Some("interval"));
        assert_eq!(field(new().interval(Duration::MAX)), Some("interval"));
        assert_eq!(field(new().keep(0, 1)), Some("points"));
        assert_eq!(field(new().keep(1, 0)), Some("series"));
        assert_eq!(field(new().keep(usize::MAX, 1)), Some("points"));
        let signal = || Signal::value("level");
        let rule = |rule: Rule| field(new().rule(rule));
        assert_eq!(rule(Rule::above("", signal(), 1.0)), Some("rule"));
        assert_eq!(rule(Rule::above("a", signal(), f64::NAN)), Some("bound"));
        assert_eq!(rule(Rule::below("a", signal(), f64::INFINITY)), None);
        assert_eq!(
            rule(Rule::above("a", signal(), 1.0).for_at_least(Duration::MAX)),
            Some("for_at_least")
        );
        assert_eq!(rule(Rule::above("a", signal(), 1.0).keep_for(Duration::MAX)), Some("keep_for"));
        assert_eq!(rule(Rule::above("a", signal(), 1.0).label("no name", "x")), Some("labels"));
        let twice = || Rule::above("a", signal(), 1.0);
        assert_eq!(field(new().rule(twice()).rule(twice())), Some("rule"));
        for (window, fine) in [(999, false), (1_000, true), (9_000, true), (9_001, false)] {
            let rate = Signal::rate("a_total", ms(window));
            let refused = if fine { None } else { Some("window") };
            assert_eq!(rule(Rule::above("a", rate.clone(), 1.0)), refused, "{window}");
            assert_eq!(rule(Rule::above("a", signal().over(rate.sum()), 1.0)), refused);
        }
        for percent in [-0.1, 100.1, f64::NAN] {
            let percentile = Signal::percentile("a", percent);
            assert_eq!(rule(Rule::above("a", percentile, 1.0)), Some("percent"));
        }
        let refused: ConfigError = new().alerts_of_no_room().unwrap_err();
        assert!(!refused.field().is_empty());
    });
}

trait NoRoom {
    fn alerts_of_no_room(self) -> Result<(), ConfigError>;
}

impl NoRoom for MonitorBuilder {
    fn alerts_of_no_room(self) -> Result<(), ConfigError> {
        self.build()?.alerts(Overflow::Block(0)).map(drop)
    }
}

/// A worker that is dropped wherever it waits leaves a monitor that looks or does not, and that can be
/// begun and ended again.
#[test]
fn who_begins_and_ends_it_may_be_dropped() {
    survives(|rt| async move {
        let registry = Registry::new();
        let level = registry.gauge("level", "A level.").unwrap();
        let monitor = Arc::new(monitor(&rt, &registry).build().unwrap());
        let told = told(&monitor);
        let worker = rt.spawn_named(WORKER, {
            let (rt, monitor) = (rt.clone(), Arc::clone(&monitor));
            async move {
                for value in [2.0, 0.0] {
                    monitor.start();
                    level.set(value);
                    rt.sleep(SECOND * 3 / 2).await;
                    monitor.stop().await;
                    monitor.delivered().await;
                }
            }
        });
        let whole = done_or_dropped(worker.await).is_some();
        monitor.stop().await;
        let looks = monitor.stats().looks;
        rt.sleep(SECOND * 3).await;
        assert_eq!(monitor.stats().looks, looks);
        monitor.start();
        rt.sleep(SECOND / 2).await;
        monitor.stop().await;
        monitor.delivered().await;
        assert!(monitor.stats().looks > looks);
        let states = states(&told);
        if whole {
            assert_eq!(states, [AlertState::Firing, AlertState::Resolved]);
        }
        let episodes = states.iter().filter(|state| **state == AlertState::Firing).count();
        assert_eq!(episodes as u64, monitor.stats().episodes);
    });
}
