//! The trace for Chrome and Perfetto: read back by another parser of JSON.

use std::collections::HashMap;
use std::time::Duration;

use mtaio::monitor::{Profiler, SpanRecord};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Explore, Schedule, Sim};
use serde_json::Value;

use crate::common::{FAULTS, ms};

/// A time of less than so many milliseconds, to the nanosecond.
fn some_of(rt: &Sim, millis: u64) -> Duration {
    Duration::from_nanos(rt.entropy() % (millis * 1_000_000))
}

/// A few tasks that work in each other, for times that a seed decides.
async fn busy(rt: Sim) -> Profiler<Sim> {
    let profiler = Profiler::with_runtime(&rt);
    let tasks: Vec<_> = (0..10)
        .map(|_| {
            let (inside, rt) = (profiler.clone(), rt.clone());
            profiler.spawn_named(&rt.clone(), "request", async move {
                rt.sleep(some_of(&rt, 5)).await;
                let queries = (0..2).map(|_| {
                    let (rt, inside) = (rt.clone(), inside.clone());
                    inside.clone().span("query").trace(async move {
                        rt.sleep(some_of(&rt, 5)).await;
                        let row = inside.span("row").trace(rt.sleep(some_of(&rt, 3)));
                        row.await;
                    })
                });
                let queries: Vec<_> = queries.map(|query| rt.spawn(query)).collect();
                inside.span("render").trace(rt.sleep(ms(1))).await;
                // It goes on when what it is part of is over.
                let late = rt.spawn(inside.span("late").trace(rt.sleep(ms(20))));
                for query in queries {
                    query.await.unwrap();
                }
                [late]
            })
        })
        .collect();
    for task in tasks {
        let [late] = task.await.unwrap();
        late.await.unwrap();
    }
    profiler
}

fn events(trace: &str) -> Vec<Value> {
    let trace: Value = serde_json::from_str(trace).expect("it is JSON");
    trace["traceEvents"].as_array().expect("an array of events").clone()
}

/// Microseconds with three decimals, as nanoseconds.
fn nanos(value: &Value) -> u64 {
    (value.as_f64().expect("a number") * 1_000.0).round() as u64
}

fn phase<'a>(events: &'a [Value], phase: &'a str) -> impl Iterator<Item = &'a Value> {
    events.iter().filter(move |event| event["ph"] == phase)
}

/// What a viewer makes of the trace is what was recorded: who is below whom, or has an arrow to it.
fn check(events: &[Value], spans: &[SpanRecord]) {
    let known: HashMap<u64, &SpanRecord> =
        spans.iter().map(|span| (span.id.number(), span)).collect();
    let arrows: HashMap<u64, [&Value; 2]> = phase(events, "s")
        .map(|from| {
            let id = from["id"].as_u64().unwrap();
            let to =
                phase(events, "f").find(|to| to["id"] == from["id"]).expect("it ends somewhere");
            (id, [from, to])
        })
        .collect();
    let mut lanes: HashMap<u64, Vec<(u64, u64, u64)>> = HashMap::new();
    let mut seen = 0;
    for event in phase(events, "X") {
        let id = event["args"]["id"].as_u64().unwrap();
        let span = known[&id];
        seen += 1;
        assert_eq!(event["name"], span.name.to_string());
        assert_eq!(event["args"]["polls"], span.polls);
        assert_eq!(event["args"]["parent"].as_u64(), span.parent.map(|parent| parent.number()));
        let (begun, took) = (nanos(&event["ts"]), nanos(&event["dur"]));
        assert_eq!(begun, span.begun.as_nanos());
        assert_eq!(u128::from(took), span.took().as_nanos());
        assert_eq!(u128::from(nanos(&event["args"]["idle_us"])), span.idle().as_nanos());

        // They stand in the order in which they begin, so what is open in the line is what was not
        // over then, and it must hold all of this.
        let open = lanes.entry(event["tid"].as_u64().unwrap()).or_default();
        let parent = span.parent.map(|parent| parent.number());
        open.retain(|&(other, _, end)| end > begun || Some(other) == parent);
        assert!(open.iter().all(|&(_, from, end)| from <= begun && begun + took <= end), "{event}");
        let above = open.last().map(|(above, ..)| *above);
        match arrows.get(&id) {
            Some([from, to]) => {
                assert_eq!(above, None, "it has a line of its own");
                let parent = known[&parent.expect("arrows come from parents")];
                let left = nanos(&from["ts"]);
                assert!(parent.begun.as_nanos() <= left && left <= parent.ended.as_nanos());
                assert_eq!((nanos(&to["ts"]), &to["tid"]), (begun, &event["tid"]));
                assert_ne!(from["tid"], event["tid"]);
            }
            None => assert_eq!(above, parent, "{event}"),
        }
        open.push((id, begun, begun + took));
    }
    assert_eq!(seen, spans.len(), "none is lost");
    let names = phase(events, "M").filter(|event| event["name"] == "thread_name").count();
    assert_eq!(names, lanes.len());
}

#[test]
fn a_viewer_sees_what_was_recorded() {
    for seed in 0..50 {
        let explore = Explore::new().faults(FAULTS);
        let (events, spans) = explore
            .run_seed(seed, |rt| async move {
                let profiler = busy(rt).await;
                (events(&profiler.chrome_trace()), profiler.spans())
            })
            .unwrap();
        check(&events, &spans);
        assert_eq!(spans.len(), 10 * (1 + 2 + 2 + 1 + 1));
    }
}

#[test]
fn a_seed_has_one_trace_to_the_byte() {
    let trace = |seed, schedule| {
        let explore = Explore::new().policy(schedule).faults(FAULTS);
        let run = explore.run_seed(seed, |rt| async move {
            let profiler = busy(rt).await;
            (profiler.chrome_trace(), profiler.summary().to_string())
        });
        run.unwrap()
    };
    for schedule in [Schedule::Random, Schedule::Pct(3), Schedule::Lifo] {
        for seed in 0..20 {
            assert_eq!(trace(seed, schedule), trace(seed, schedule), "seed {seed}");
        }
    }
    assert_ne!(trace(0, Schedule::Random), trace(1, Schedule::Random), "seeds differ");
}

#[test]
fn names_of_any_text_come_back() {
    let names =
        ["quote \" and \\", "line\nline\r\ttab", "nul \0 bell \u{7}", "é 日本 🦀 \u{2028}", ""];
    Sim::run(0, |rt| async move {
        let profiler = Profiler::new(&rt);
        for name in names {
            profiler.span(name).run(|| ());
        }
        let events = events(&profiler.chrome_trace());
        let told: Vec<_> =
            phase(&events, "X").map(|event| event["name"].as_str().unwrap()).collect();
        assert_eq!(told, names);
        check(&events, &profiler.spans());

        let mut written = Vec::new();
        profiler.write_chrome_trace(&mut written).unwrap();
        assert_eq!(written, profiler.chrome_trace().into_bytes());
    });
}

#[test]
fn an_empty_trace_is_a_trace() {
    Sim::run(0, |rt| async move {
        assert_eq!(events(&Profiler::new(&rt).chrome_trace()).len(), 1);
        assert_eq!(events(&Profiler::<Sim>::off().chrome_trace()).len(), 1);
    });
}

#[test]
fn what_runs_is_shown_up_to_now_and_what_went_is_counted() {
    Sim::run(0, |rt| async move {
        let profiler = Profiler::with_runtime(&rt).keep_last(1).unwrap();
        profiler.span("gone").run(|| ());
        profiler.span("kept").run(|| ());
        let task = profiler.spawn_named(&rt, "stuck", std::future::pending::<()>());
        rt.sleep(ms(5)).await;
        let trace = profiler.chrome_trace();
        let events = events(&trace);
        let shown: Vec<_> = phase(&events, "X")
            .map(|event| (event["name"].as_str().unwrap(), nanos(&event["dur"])))
            .collect();
        assert_eq!(shown, [("kept", 0), ("stuck", 5_000_000)]);
        let running = phase(&events, "X").last().unwrap();
        assert_eq!(running["args"]["outcome"], "running");
        let whole: Value = serde_json::from_str(&trace).unwrap();
        assert_eq!(whole["otherData"]["dropped"], "1");
        task.abort();
        assert!(task.await.is_err());
    });
}
