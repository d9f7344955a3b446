//! Days of noise, under which what is told must be what the definition says.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtaio::monitor::{Alert, AlertState, Collection, Monitor, Registry, Rule, Severity, Signal};
use mtaio::{Instant, Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::common::{FAULTS, is_soak};
use crate::reference::{self, Seen, Told};

const PERIOD: Duration = Duration::from_secs(15);
const MINUTE: Duration = Duration::from_secs(60);
const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const SERIES: usize = 4;

/// Numbers from a seed: `SplitMix64`.
struct Noise(u64);

impl Noise {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, most: u64) -> u64 {
        self.next() % most
    }
}

/// What the series of both metrics were at each look.
#[derive(Default)]
struct Log {
    gauges: [Vec<Seen>; SERIES],
    requests: [Vec<Seen>; SERIES],
    seconds: [Vec<Seen>; SERIES],
}

/// Series that wander, stand still for a while, vanish, come back, are NaN, and begin anew.
struct World {
    noise: Noise,
    levels: [f64; SERIES],
    requests: [u64; SERIES],
    seconds: [f64; SERIES],
    hidden_for: [u64; SERIES],
    still_for: [u64; SERIES],
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            noise: Noise(seed),
            levels: [50.0; SERIES],
            requests: [0; SERIES],
            seconds: [0.0; SERIES],
            hidden_for: [0; SERIES],
            still_for: [0; SERIES],
        }
    }

    fn step(&mut self, now: Instant, log: &mut Log, into: &mut Collection) {
        for series in 0..SERIES {
            let name = series.to_string();
            let labels = [("series", name.as_str())];
            self.wander(series);
            let hidden = self.hidden_for[series] > 0;
            self.hidden_for[series] = self.hidden_for[series].saturating_sub(1);
            let gauge = match self.noise.below(50) {
                0 => f64::NAN,
                1 => f64::INFINITY,
                _ => self.levels[series],
            };
            log.gauges[series].push((now, (!hidden).then_some(gauge)));
            log.requests[series].push((now, (!hidden).then_some(self.requests[series] as f64)));
            log.seconds[series].push((now, (!hidden).then_some(self.seconds[series])));
            if hidden {
                continue;
            }
            into.gauge("level", "A level.", &labels, gauge);
            into.counter("requests_total", "Requests.", &labels, self.requests[series]);
            into.sum("request_seconds_total", "Their time.", &labels, self.seconds[series]);
        }
    }

    fn wander(&mut self, series: usize) {
        let noise = &mut self.noise;
        if noise.below(200) == 0 {
            self.hidden_for[series] = noise.below(40);
        }
        if noise.below(60) == 0 {
            self.still_for[series] = noise.below(60);
        }
        if noise.below(500) == 0 {
            (self.requests[series], self.seconds[series]) = (0, 0.0);
        }
        if self.still_for[series] > 0 {
            self.still_for[series] -= 1;
            return;
        }
        let step = noise.below(21) as f64 - 10.0;
        self.levels[series] = (self.levels[series] + step).clamp(0.0, 100.0);
        let more = noise.below(100);
        self.requests[series] += more;
        self.seconds[series] += more as f64 * noise.below(1_000) as f64 / 1_000.0;
    }
}

/// A rule, and whether it holds for a series, by the definition, when it has been seen like that.
struct Case {
    name: &'static str,
    signal: Signal,
    bound: f64,
    is_above: bool,
    hold: Duration,
    keep: Duration,
    value: fn(&Log, usize, usize) -> Option<f64>,
}

fn cases() -> Vec<Case> {
    fn level(log: &Log, series: usize, at: usize) -> Option<f64> {
        log.gauges[series][at].1
    }
    fn grown(seen: &[Seen], at: usize, window: Duration) -> Option<(f64, Duration)> {
        reference::growth(&seen[at.saturating_sub(60)..=at], window, PERIOD)
    }
    fn rate(log: &Log, series: usize, at: usize) -> Option<f64> {
        let (grown, time) = grown(&log.requests[series], at, MINUTE * 2)?;
        Some(grown / time.as_secs_f64())
    }
    fn increase(log: &Log, series: usize, at: usize) -> Option<f64> {
        Some(grown(&log.requests[series], at, MINUTE)?.0)
    }
    fn average(log: &Log, series: usize, at: usize) -> Option<f64> {
        let (seconds, time) = grown(&log.seconds[series], at, MINUTE * 5)?;
        let (requests, _) = grown(&log.requests[series], at, MINUTE * 5)?;
        let seconds = seconds / time.as_secs_f64();
        Some(seconds / (requests / time.as_secs_f64()))
    }
    let level_signal = || Signal::value("level");
    let rate_signal = || Signal::rate("requests_total", MINUTE * 2);
    let average_signal = Signal::rate("request_seconds_total", MINUTE * 5)
        .over(Signal::rate("requests_total", MINUTE * 5));
    let seconds = Duration::from_secs;
    let case = |name, signal, bound, is_above, hold, keep, value| {
        let (hold, keep) = (seconds(hold), seconds(keep));
        Case { name, signal, bound, is_above, hold, keep, value }
    };
    vec![
        case("at once", level_signal(), 60.0, true, 0, 0, level),
        case("held", level_signal(), 55.0, true, 60, 0, level),
        case("kept", level_signal(), 70.0, true, 0, 120, level),
        case("held and kept", level_signal(), 50.0, true, 45, 90, level),
        case("between looks", level_signal(), 40.0, false, 50, 50, level),
        case("low", level_signal(), 20.0, false, 300, 600, level),
        case("rate", rate_signal(), 3.0, true, 60, 60, rate),
        case("no rate", rate_signal(), 0.5, false, 60, 0, rate),
        case("increase", Signal::increase("requests_total", MINUTE), 250.0, true, 0, 30, increase),
        case("average", average_signal, 0.5, true, 60, 120, average),
    ]
}

fn rule(case: &Case) -> Rule {
    let signal = case.signal.clone();
    let rule = if case.is_above {
        Rule::above(case.name, signal, case.bound)
    } else {
        Rule::below(case.name, signal, case.bound)
    };
    rule.for_at_least(case.hold).keep_for(case.keep)
}

async fn days_of_noise(rt: Sim, days: u32) {
    let registry = Registry::new();
    let log = Arc::new(Mutex::new(Log::default()));
    let world = Mutex::new(World::new(rt.entropy()));
    registry
        .register({
            let (rt, log) = (rt.clone(), Arc::clone(&log));
            move |into: &mut Collection| {
                world.lock().unwrap().step(rt.now(), &mut log.lock().unwrap(), into);
            }
        })
        .unwrap();
    // Registering may have asked it already.
    *log.lock().unwrap() = Log::default();

    let cases = cases();
    let mut builder = Monitor::with_runtime(&rt)
        .registry(&registry)
        .interval(PERIOD)
        .keep(40, 100)
        .without_system();
    for case in &cases {
        builder = builder.rule(rule(case));
    }
    let monitor = builder.build().unwrap();
    let told = Arc::new(Mutex::new(Vec::<Alert>::new()));
    monitor.emitter().on({
        let told = Arc::clone(&told);
        async move |alert: &Alert| told.lock().unwrap().push(alert.clone())
    });
    monitor.start();
    rt.sleep(DAY * days).await;
    monitor.stop().await;
    monitor.delivered().await;

    let (log, told) = (log.lock().unwrap(), told.lock().unwrap());
    let looks = log.gauges[0].len();
    assert!(looks as u32 >= days * 5_000, "{looks} looks");
    assert_eq!(monitor.stats().looks, looks as u64);
    check_against_reference(&cases, &log, &told);
    check_episodes(&told);
}

fn check_against_reference(cases: &[Case], log: &Log, told: &[Alert]) {
    let mut by_series: BTreeMap<(&str, usize), Vec<Told>> = BTreeMap::new();
    for alert in told {
        let series = alert.labels.get("series").expect("it is of a series").parse().unwrap();
        let key = (&*alert.name, series);
        by_series.entry(key).or_default().push((alert.state, alert.at, alert.since));
    }
    let mut all = 0;
    for case in cases {
        for series in 0..SERIES {
            let looks: Vec<_> = log.gauges[series]
                .iter()
                .enumerate()
                .map(|(at, (time, _))| {
                    let value = (case.value)(log, series, at);
                    let beyond = |value: f64| {
                        if case.is_above { value > case.bound } else { value < case.bound }
                    };
                    (*time, value.is_some_and(beyond))
                })
                .collect();
            let must = reference::alerts(&looks, case.hold, case.keep);
            all += must.len();
            let is = by_series.remove(&(case.name, series)).unwrap_or_default();
            let differ = must.iter().zip(&is).position(|(must, is)| must != is);
            assert_eq!(differ, None, "{} of {series}: {must:?} must be, {is:?} is", case.name);
            assert_eq!(must.len(), is.len(), "{} of {series}", case.name);
        }
    }
    assert!(by_series.is_empty(), "{by_series:?}");
    assert!(all > 100, "only {all} alerts: nothing was tried");
}

/// Each episode fires once, and is resolved once after that, if at all.
fn check_episodes(told: &[Alert]) {
    let (mut firing, mut over) = (BTreeMap::new(), BTreeSet::new());
    for alert in told {
        let who = (Arc::clone(&alert.name), alert.labels.clone(), alert.since);
        match alert.state {
            AlertState::Firing => {
                assert!(firing.insert(alert.episode, who).is_none(), "{alert} fires twice");
            }
            AlertState::Resolved => {
                assert_eq!(firing.get(&alert.episode), Some(&who), "{alert}");
                assert!(over.insert(alert.episode), "{alert} is resolved twice");
            }
            other => panic!("{other:?}"),
        }
    }
    let numbers: Vec<u64> = firing.keys().copied().collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>());
}

#[test]
fn days_of_noise_come_to_what_the_definition_says() {
    let days = if is_soak() { 30 } else { 1 };
    // Not as many seeds more in the soak: there are more days.
    let seeds = 0..2;
    let explore = || Explore::new().max_polls(100_000_000).max_time(DAY * 60).seeds(seeds.clone());
    Sim::explore(explore().run_twice(100), |rt| days_of_noise(rt, days));
    Sim::explore(explore().run_twice(100).faults(FAULTS), |rt| days_of_noise(rt, days));
}

#[test]
fn an_alert_says_what_it_is_about() {
    Sim::run(0, |rt| async move {
        let registry = Registry::new();
        let errors = registry.counters("errors_total", "Errors.", ["route"]).unwrap();
        let rule = Rule::above("errors", Signal::value("errors_total"), 100.0)
            .severity(Severity::Critical)
            .label("team", "web")
            .label("route", "any");
        let monitor = Monitor::new(&rt).registry(&registry).without_system().rule(rule);
        let monitor = monitor.build().unwrap();
        let told = Arc::new(Mutex::new(Vec::new()));
        monitor.emitter().on({
            let told = Arc::clone(&told);
            async move |alert: &Alert| told.lock().unwrap().push(alert.to_string())
        });
        monitor.start();
        errors.with(["/users"]).add(100);
        rt.sleep(Duration::from_secs(5)).await;
        assert_eq!(monitor.firing(), []);
        errors.with(["/users"]).inc();
        rt.sleep(Duration::from_secs(10)).await;
        let [firing] = &monitor.firing()[..] else { panic!("it fires") };
        assert_eq!((firing.since, firing.at), (Instant::ZERO + PERIOD * 10 / 15, firing.since));
        errors.with(["/users"]).inc();
        rt.sleep(Duration::from_secs(10)).await;
        assert_eq!(monitor.firing()[0].value, 102.0);
        errors.remove(["/users"]);
        rt.sleep(Duration::from_secs(10)).await;
        monitor.stop().await;
        monitor.delivered().await;
        let labels = r#"{route="any",team="web"}"#;
        assert_eq!(
            *told.lock().unwrap(),
            [
                format!("[critical] errors{labels} firing: errors_total > 100 (101)"),
                format!("[critical] errors{labels} resolved: errors_total > 100 (102)"),
            ]
        );
        assert_eq!(monitor.firing(), []);
    });
}
