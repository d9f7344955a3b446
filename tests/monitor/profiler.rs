//! Spans: whose they are, what they took, and how many are kept.

use std::collections::{BTreeMap, HashMap};
use std::future::{pending, poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread;
use std::time::{Duration, SystemTime};

use mtaio::monitor::{Outcome, Profiler, SpanRecord};
use mtaio::{DynRuntime, Instant, Runtime, RuntimeExt, Task, TaskName};
use mtaio_sim::Sim;

use crate::common::{Wakes, block_on, is_soak, on_every_runtime, poll_with};

/// The parents of all spans, by name; each name must be there once.
fn parents(spans: &[SpanRecord]) -> BTreeMap<String, Option<String>> {
    let names: HashMap<_, _> = spans.iter().map(|span| (span.id, span.name.to_string())).collect();
    let parent = |span: &SpanRecord| {
        span.parent.map(|parent| names.get(&parent).expect("the parent is kept").clone())
    };
    let parents: BTreeMap<_, _> =
        spans.iter().map(|span| (span.name.to_string(), parent(span))).collect();
    assert_eq!(parents.len(), spans.len(), "two spans of one name");
    parents
}

fn is_below(parents: &BTreeMap<String, Option<String>>, name: &str, parent: Option<&str>) {
    assert_eq!(parents[name].as_deref(), parent, "{name}");
}

async fn a_child_is_part_of_where_it_was_made<R: Runtime>(rt: R) {
    let profiler = Profiler::with_runtime(&rt);
    let root = async {
        let traced = rt.spawn(profiler.span("task").trace({
            let profiler = profiler.clone();
            let rt = rt.clone();
            async move {
                rt.yield_now().await;
                profiler.span("in the task").run(|| ());
            }
        }));
        // Not traced itself, but made here.
        let plain = rt.spawn({
            let (profiler, rt) = (profiler.clone(), rt.clone());
            async move {
                rt.yield_now().await;
                profiler.span("in the plain task").trace(rt.yield_now()).await;
            }
        });
        let named = profiler.spawn_named(&rt, "named", ready(()));
        // Made here and polled elsewhere.
        let made = profiler.span("made").trace(rt.yield_now());
        let elsewhere = profiler.span("elsewhere").trace(made);
        let given = profiler.span("given").parent(None).trace(ready(()));
        elsewhere.await;
        given.await;
        for task in [traced, plain, named] {
            task.await.unwrap();
        }
    };
    assert_eq!(profiler.current(), None);
    profiler.span("root").trace(root).await;
    assert_eq!(profiler.current(), None);

    let spans = profiler.spans();
    let parents = parents(&spans);
    is_below(&parents, "root", None);
    for child in ["task", "in the plain task", "named", "made", "elsewhere"] {
        is_below(&parents, child, Some("root"));
    }
    is_below(&parents, "in the task", Some("task"));
    is_below(&parents, "given", None);
    assert!(spans.iter().all(|span| span.outcome == Outcome::Completed), "{spans:?}");
    assert_eq!(spans.len(), 8);
    let numbers: Vec<_> = spans.iter().map(|span| span.id.number()).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5, 6, 7, 8]);
}

/// Tasks that overlap, each of which goes through waits, spawns a child, and joins two futures.
async fn many(rt: impl Runtime, tasks: u32) {
    let profiler = Profiler::with_runtime(&rt).keep_last(1 << 20).unwrap();
    let running: Vec<Task<()>> = (0..tasks)
        .map(|task| {
            let work = family(rt.clone(), profiler.clone(), task);
            rt.spawn(profiler.span(format!("{task}")).trace(work))
        })
        .collect();
    for task in running {
        task.await.unwrap();
    }
    let spans = profiler.spans();
    assert_eq!(spans.len(), tasks as usize * 6, "none is lost");
    assert_eq!((profiler.stats().running, profiler.stats().dropped), (0, 0));
    let parents = parents(&spans);
    for (name, parent) in &parents {
        // The parent is in the name: all of it but the last part.
        let must = name.rsplit_once('/').map(|(parent, _)| parent);
        assert_eq!(parent.as_deref(), must, "{name}");
    }
    let polls: u64 = spans.iter().map(|span| span.polls).sum();
    assert!(polls >= u64::from(tasks) * 12, "{polls} polls");
}

async fn family<R: Runtime>(rt: R, profiler: Profiler<R>, task: u32) {
    let within = |name: &str| profiler.span(format!("{task}/{name}"));
    rt.yield_now().await;
    // One that is not traced itself, in between.
    let child = rt.spawn({
        let (profiler, rt) = (profiler.clone(), rt.clone());
        async move {
            rt.yield_now().await;
            let span = profiler.span(format!("{task}/child"));
            let inner = profiler.clone();
            let grandchild = async move {
                rt.yield_now().await;
                let span = inner.span(format!("{task}/child/grandchild"));
                rt.spawn(span.trace(rt.yield_now())).await.unwrap();
            };
            span.trace(grandchild).await;
        }
    });
    let one = within("one").trace(async {
        rt.yield_now().await;
        rt.yield_now().await;
    });
    let other = within("other").trace(async {
        rt.yield_now().await;
        profiler.span(format!("{task}/other/inside")).trace(rt.yield_now()).await;
    });
    futures::join!(one, other);
    child.await.unwrap();
}

async fn some_tasks<R: Runtime>(rt: R) {
    many(rt, 20).await;
}

on_every_runtime!(seeds = 10; a_child_is_part_of_where_it_was_made, some_tasks);

#[test]
fn ten_thousand_tasks_on_many_threads() {
    let times = if is_soak() { 20 } else { 1 };
    let tokio = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(8)
        .enable_time()
        .build()
        .unwrap();
    let rt = mtaio_tokio::Tokio::new(tokio.handle().clone()).unwrap();
    for _ in 0..times {
        tokio.block_on(many(rt.clone(), 10_000));
    }
}

#[test]
fn a_future_that_goes_from_thread_to_thread_stays_what_it_is() {
    let rt = mtaio_smol::Smol::global();
    let profiler = Profiler::new(&rt);
    let inside = profiler.clone();
    let work = async move {
        for step in 0..8 {
            inside.span(format!("step {step}")).run(|| ());
            let mut polled = false;
            poll_fn(|_| {
                if std::mem::replace(&mut polled, true) { Poll::Ready(()) } else { Poll::Pending }
            })
            .await;
        }
    };
    let mut traced = Box::pin(profiler.span("traveller").trace(work));
    for _ in 0..8 {
        traced = thread::spawn(move || {
            assert!(poll_with(traced.as_mut(), &Wakes::new()).is_pending());
            traced
        })
        .join()
        .unwrap();
        assert_eq!(profiler.current(), None);
    }
    assert!(poll_with(traced.as_mut(), &Wakes::new()).is_ready());
    let spans = profiler.spans();
    assert_eq!((spans.len(), spans[0].polls), (9, 9));
    assert!(spans[1..].iter().all(|span| span.parent == Some(spans[0].id)));
}

/// A clock that goes on where it is told to.
#[derive(Clone)]
struct ByHand(DynRuntime, Arc<AtomicU64>);

impl ByHand {
    fn pass(&self, nanos: u64) {
        self.1.fetch_add(nanos, Ordering::SeqCst);
    }
}

impl Runtime for ByHand {
    type Sleep = <DynRuntime as Runtime>::Sleep;

    fn now(&self) -> Instant {
        Instant::from_nanos(self.1.load(Ordering::SeqCst))
    }

    fn wall_clock(&self) -> SystemTime {
        self.0.wall_clock()
    }

    fn entropy(&self) -> u64 {
        self.0.entropy()
    }

    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        self.0.sleep_until(deadline)
    }

    fn spawn_detached<F: Future<Output = ()> + Send + 'static>(&self, name: TaskName, future: F) {
        self.0.spawn_detached(name, future);
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        self.0.spawn_blocking(job);
    }
}

fn by_hand(test: impl AsyncFn(ByHand)) {
    Sim::run(0, async |rt| test(ByHand(DynRuntime::new(&rt), Arc::default())).await);
}

const fn nanos(nanos: u64) -> Duration {
    Duration::from_nanos(nanos)
}

#[test]
fn times_are_told_apart() {
    by_hand(async |rt| {
        rt.pass(1_000);
        let profiler = Profiler::with_runtime(&rt);
        let mut left = [30, 5, 70].into_iter();
        let work = poll_fn(|_| match left.next() {
            Some(time) => {
                rt.pass(time);
                Poll::Pending
            }
            None => Poll::Ready(()),
        });
        let mut traced = pin!(profiler.span("work").trace(work));
        rt.pass(200);
        let wakes = Wakes::new();
        for wait in [1, 2, 3] {
            assert!(poll_with(traced.as_mut(), &wakes).is_pending());
            rt.pass(wait);
        }
        let [running] = &profiler.spans()[..] else { panic!("it runs") };
        assert_eq!((running.outcome, running.polls), (Outcome::Running, 3));
        assert_eq!((running.busy, running.idle()), (nanos(105), nanos(6)));
        assert_eq!(traced.id(), Some(running.id));
        assert_eq!(profiler.summary().get("work").map(|row| row.running), Some(1));

        assert!(poll_with(traced.as_mut(), &wakes).is_ready());
        rt.pass(10_000);
        let [span] = &profiler.spans()[..] else { panic!("it ended") };
        assert_eq!((span.waited, span.begun), (nanos(200), Instant::from_nanos(1_200)));
        assert_eq!((span.took(), span.busy, span.idle()), (nanos(111), nanos(105), nanos(6)));
        assert_eq!((span.polls, span.longest_poll), (4, nanos(70)));
        assert_eq!((span.outcome, traced.id()), (Outcome::Completed, None));

        profiler.span("work").run(|| rt.pass(500));
        let summary = profiler.summary();
        let row = summary.get("work").unwrap();
        assert_eq!((row.spans, row.running, row.polls), (2, 0, 5));
        assert_eq!((row.busy, row.idle), (nanos(605), nanos(6)));
        assert_eq!((row.longest_poll, row.longest), (nanos(500), nanos(500)));
        assert!(summary.to_string().contains("605.000ns"), "{summary}");
    });
}

#[test]
fn ends_are_told_apart() {
    by_hand(async |rt| {
        let profiler = Profiler::with_runtime(&rt);
        let wakes = Wakes::new();
        {
            let inside = profiler.span("inside").trace(pending::<()>());
            let mut dropped = Box::pin(profiler.span("dropped").trace(inside));
            assert!(poll_with(dropped.as_mut(), &wakes).is_pending());
            rt.pass(7);
        }
        {
            let panics = poll_fn(|_| -> Poll<()> {
                rt.pass(3);
                panic!("on purpose")
            });
            let mut panics = Box::pin(profiler.span("panics").trace(panics));
            let polled = AssertUnwindSafe(|| poll_with(panics.as_mut(), &wakes));
            assert!(catch_unwind(polled).is_err());
            rt.pass(100);
        }
        let panics = AssertUnwindSafe(|| profiler.span("panics too").run(|| panic!("on purpose")));
        assert!(catch_unwind(panics).is_err());
        assert_eq!(profiler.current(), None, "the surroundings come back");
        drop(profiler.span("never polled").trace(pending::<()>()));

        let spans = profiler.spans();
        let told: Vec<_> = spans
            .iter()
            .map(|span| (span.name.to_string(), span.outcome, span.took(), span.busy))
            .collect();
        let told: Vec<_> =
            told.iter().map(|(name, end, took, busy)| (&**name, *end, *took, *busy)).collect();
        assert_eq!(
            told,
            [
                ("dropped", Outcome::Dropped, nanos(7), nanos(0)),
                ("inside", Outcome::Dropped, nanos(7), nanos(0)),
                ("panics", Outcome::Panicked, nanos(3), nanos(3)),
                ("panics too", Outcome::Panicked, nanos(0), nanos(0)),
            ]
        );
        assert_eq!(spans[1].parent, None, "it was made before the other one ran");
    });
}

#[test]
fn the_last_ones_are_kept_and_all_are_counted() {
    by_hand(async |rt| {
        let profiler = Profiler::with_runtime(&rt).keep_last(3).unwrap();
        for number in 0..10 {
            profiler.span(format!("{number}")).run(|| ());
        }
        let kept: Vec<_> = profiler.spans().iter().map(|span| span.name.to_string()).collect();
        assert_eq!(kept, ["7", "8", "9"]);
        let stats = profiler.stats();
        assert_eq!((stats.kept, stats.dropped, stats.running), (3, 7, 0));
        assert_eq!(profiler.summary().names.len(), 10);
        let profiler = profiler.keep_last(1).unwrap();
        assert_eq!((profiler.stats().kept, profiler.stats().dropped), (1, 9));
        profiler.clear();
        assert_eq!((profiler.spans().len(), profiler.summary().names.len()), (0, 0));

        for number in 0..1_100 {
            profiler.span(format!("{number}")).run(|| rt.pass(1));
        }
        let summary = profiler.summary();
        assert_eq!(summary.names.len(), 1_001);
        assert_eq!(summary.get("(others)").map(|row| row.spans), Some(100));
        assert_eq!(summary.names[0].name, "(others)", "the busiest first");
        for wrong in [0, usize::MAX] {
            let refused = Profiler::with_runtime(&rt).keep_last(wrong).unwrap_err();
            assert_eq!(refused.field(), "keep_last");
        }
    });
}

#[test]
fn names_with_one_text_are_one_row() {
    by_hand(async |rt| {
        let profiler = Profiler::with_runtime(&rt);
        profiler.span("same").run(|| ());
        profiler.span(String::from("same")).run(|| ());
        assert_eq!(profiler.summary().get("same").map(|row| row.spans), Some(2));
        assert_eq!(profiler.summary().names.len(), 1);
    });
}

#[test]
fn profilers_do_not_take_each_others_spans_for_theirs() {
    by_hand(async |rt| {
        let (one, other) = (Profiler::with_runtime(&rt), Profiler::with_runtime(&rt));
        one.span("a").run(|| {
            other.span("x").run(|| {
                assert_eq!(one.current(), None);
                other.span("y").run(|| ());
            });
            one.span("b").run(|| ());
        });
        assert_eq!((one.spans()[0].parent, one.spans()[1].parent), (None, Some(one.spans()[0].id)));
        assert_eq!(
            (other.spans()[0].parent, other.spans()[1].parent),
            (None, Some(other.spans()[0].id))
        );
    });
}

#[test]
fn what_is_off_records_nothing() {
    by_hand(async |rt| {
        let profiler = Profiler::<ByHand>::off();
        profiler.span("a").run(|| ());
        profiler.span("b").trace(rt.yield_now()).await;
        profiler.set_on(true);
        assert!(!profiler.is_on() && profiler.spans().is_empty());

        let profiler = Profiler::with_runtime(&rt);
        let begun = profiler.span("begun").trace(async {
            rt.yield_now().await;
            profiler.span("begun too").run(|| ());
        });
        let mut begun = Box::pin(begun);
        assert!(poll_with(begun.as_mut(), &Wakes::new()).is_pending());
        profiler.set_on(false);
        profiler.span("off").trace(rt.yield_now()).await;
        begun.await;
        profiler.set_on(true);
        profiler.span("on").run(|| ());
        let names: Vec<_> = profiler.spans().iter().map(|span| span.name.to_string()).collect();
        assert_eq!(names, ["begun", "on"]);
    });
}

#[test]
fn a_poll_allocates_nothing() {
    let rt = mtaio_smol::Smol::global();
    let profilers = [Profiler::new(&rt), Profiler::off()];
    for profiler in profilers {
        let is_on = profiler.is_on();
        let mut traced = pin!(profiler.span("waits").trace(pending::<()>()));
        let wakes = Wakes::new();
        let mut poll = || assert!(poll_with(traced.as_mut(), &wakes).is_pending());
        poll();
        let counted = allocation_counter::measure(|| (0..100).for_each(|_| poll()));
        assert_eq!(counted.count_total, 0);
        assert_eq!(profiler.spans().first().map(|span| span.polls), is_on.then_some(101));
    }
}

#[test]
fn it_goes_on_when_the_runtime_is_gone() {
    let tokio = tokio::runtime::Builder::new_multi_thread().enable_time().build().unwrap();
    let rt = mtaio_tokio::Tokio::new(tokio.handle().clone()).unwrap();
    let profiler = Profiler::new(&rt);
    let task = profiler.spawn_named(&DynRuntime::new(&rt), "stuck", pending::<()>());
    while profiler.stats().running == 0 {
        thread::yield_now();
    }
    drop(tokio);
    assert!(block_on(task).is_err());
    profiler.span("later").run(|| ());
    let spans = profiler.spans();
    assert_eq!(spans[0].outcome, Outcome::Dropped);
    assert_eq!(spans[1].outcome, Outcome::Completed);
}
