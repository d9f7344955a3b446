//! Emitting: order, failures, once, stop, and handlers that use their emitter.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mtaio::event::{AnyEvent, EventEmitter, Flow, HandlerError, Listen, Priority};
use mtaio::{Runtime, RuntimeExt};

use crate::common::{Bomb, Gate, Held, on_every_runtime};
use crate::journal::{Journal, Number, Text, fails};

on_every_runtime!(
    seeds = 20;
    handlers_come_by_priority_and_then_by_age,
    a_failure_and_a_panic_stop_nobody_else,
    one_that_stops_keeps_those_after_it_from_being_called,
    once_is_once_also_when_it_fails,
    many_emit_at_once_and_once_is_once,
    a_handler_may_emit_listen_and_end_listening,
    a_handler_may_take_itself_out_and_wait_for_that,
    concurrent_handlers_run_at_once,
    types_and_names_are_one_engine,
    hooks_see_what_happens,
    suppressed_events_are_told_to_nobody,
    a_guard_ends_the_listening_and_drops_the_handler,
);

async fn handlers_come_by_priority_and_then_by_age<R: Runtime>(rt: R) {
    let (emitter, journal) = (EventEmitter::new(), Journal::default());
    let listens = [Priority::LOW, Priority::NORMAL, Priority::HIGH, Priority::NORMAL];
    for (number, priority) in listens.into_iter().enumerate() {
        let (rt, journal) = (rt.clone(), journal.clone());
        emitter.on_with(priority, async move |_: &Number| {
            rt.yield_now().await;
            journal.note(number);
        });
    }
    // Those who listen by a pattern, or to a view, have their place among them.
    let noting = journal.clone();
    let before = emitter.all().filter(|_| true);
    before.on_with(Priority::new(50), async move |_: &AnyEvent| noting.note("all"));
    assert_eq!(emitter.emit(Number(1)).await.ran, 5);
    assert_eq!(journal.take(), ["2", "all", "1", "3", "0"]);
}

async fn a_failure_and_a_panic_stop_nobody_else<R: Runtime>(_rt: R) {
    let emitter = EventEmitter::new();
    let failing =
        emitter.on(
            async |number: &Number| {
                if number.0 > 1 { Err(std::io::Error::other("too much")) } else { Ok(()) }
            },
        );
    let panicking = emitter.on(async |_: &Number| fails("on purpose"));
    emitter.on(async |_: &Number| {});
    // What panics when it is dropped has panicked.
    emitter.on(|_: &Number| {
        let bomb = Bomb("the future's destructor");
        async move {
            let _bomb = &bomb;
        }
    });
    for _ in 0..3 {
        let report = emitter.emit(Number(2)).await;
        assert_eq!((report.ran, report.failed(), report.is_ok()), (4, 3, false));
        let failures = &report.failures;
        assert_eq!(failures[0].listener, failing.id());
        let told = failures[0].error.downcast_ref::<std::io::Error>().expect("as it was");
        assert_eq!(told.to_string(), "too much");
        assert_eq!(failures[1].listener, panicking.id());
        assert!(
            matches!(&failures[1].error, HandlerError::Panicked(p) if p.message() == "on purpose")
        );
    }
    assert_eq!(emitter.emit(Number(1)).await.failed(), 2);
    let stats = emitter.stats();
    assert_eq!((stats.emitted, stats.ran, stats.failed, stats.listeners), (4, 16, 11, 4));
}

async fn one_that_stops_keeps_those_after_it_from_being_called<R: Runtime>(_rt: R) {
    for emitter in [EventEmitter::new(), EventEmitter::builder().concurrent().build()] {
        emitter.on(async |_: &Number| {});
        emitter.on_with(Priority::HIGH, async |number: &Number| {
            if number.0 == 1 { Ok::<_, String>(Flow::Stop) } else { Ok(Flow::Continue) }
        });
        let report = emitter.emit(Number(1)).await;
        assert_eq!((report.ran, report.stopped), (1, true));
        let report = emitter.emit(Number(2)).await;
        assert_eq!((report.ran, report.stopped), (2, false));
        // One in a view stops the event, too.
        let view = emitter.of::<Text>().filter(|_| true);
        view.on_with(Priority::HIGH, async |_: &Text| Flow::Stop);
        emitter.on(async |_: &Text| {});
        let report = emitter.emit(Text("a".into())).await;
        assert_eq!((report.ran, report.stopped), (1, true));
    }
}

async fn once_is_once_also_when_it_fails<R: Runtime>(_rt: R) {
    let emitter = EventEmitter::new();
    let once = emitter.on_with(Listen::once(), async |_: &Number| Err::<(), _>("no"));
    let panics = emitter.all().on_with(Priority::LOW.once(), async |_: &AnyEvent| fails("no"));
    assert!(once.is_listening());
    let report = emitter.emit(Number(1)).await;
    assert_eq!((report.ran, report.failed()), (2, 2));
    assert_eq!(emitter.emit(Number(1)).await.ran, 0);
    assert!(!once.is_listening() && !panics.off().await);
    assert_eq!(emitter.stats().listeners, 0);
}

async fn many_emit_at_once_and_once_is_once<R: Runtime>(rt: R) {
    let (emitter, called) = (EventEmitter::new(), Arc::new(AtomicUsize::new(0)));
    let count = Arc::clone(&called);
    let sleeping = rt.clone();
    emitter.on_with(Listen::once(), async move |_: &Number| {
        sleeping.yield_now().await;
        count.fetch_add(1, Ordering::SeqCst);
    });
    let emits = [1, 2, 3, 4].map(|number| {
        let emitter = emitter.clone();
        rt.spawn(async move { emitter.emit(Number(number)).await.ran })
    });
    let mut ran = 0;
    for emit in emits {
        ran += emit.await.expect("it ends");
    }
    assert_eq!((ran, called.load(Ordering::SeqCst)), (1, 1));
}

async fn a_handler_may_emit_listen_and_end_listening<R: Runtime>(_rt: R) {
    let (emitter, journal) = (EventEmitter::new(), Journal::default());
    let (weak, noting) = (emitter.downgrade(), journal.clone());
    emitter.on(async move |text: &Text| noting.note(&text.0));
    emitter.on(async move |number: &Number| {
        let emitter = weak.upgrade().expect("it emits");
        let nested = emitter.emit(Text(format!("number {}", number.0))).await;
        assert_eq!(nested.ran, 1);
        if number.0 > 0 {
            // The same event again: another call of the same handler.
            assert_eq!(emitter.emit(Number(number.0 - 1)).await.failed(), 0);
        }
        let new = emitter.on(async |_: &Text| {});
        assert!(new.off().await);
    });
    assert_eq!(emitter.emit(Number(2)).await.failed(), 0);
    assert_eq!(journal.take(), ["number 2", "number 1", "number 0"]);
    // Who comes during an emit is told of the next one.
    let (weak, noting) = (emitter.downgrade(), journal.clone());
    emitter.named::<u8>("grow").on(async move |_: &u8| {
        let noting = noting.clone();
        let emitter = weak.upgrade().expect("it emits");
        emitter.named::<u8>("grow").on(async move |_: &u8| noting.note("grown"));
    });
    assert_eq!(emitter.emit_named("grow", 1_u8).await.ran, 1);
    assert_eq!(emitter.emit_named("grow", 1_u8).await.ran, 2);
    assert_eq!(journal.take(), ["grown"]);
}

async fn a_handler_may_take_itself_out_and_wait_for_that<R: Runtime>(_rt: R) {
    let emitter = EventEmitter::new();
    let own = Arc::new(std::sync::Mutex::new(None::<mtaio::event::Listener>));
    let itself = Arc::clone(&own);
    let listener = emitter.on(async move |_: &Number| {
        let itself = itself.lock().unwrap().clone();
        assert!(itself.expect("it is there").off().await);
    });
    *own.lock().unwrap() = Some(listener);
    let report = emitter.emit(Number(1)).await;
    assert_eq!((report.ran, report.failed()), (1, 0));
    assert_eq!(emitter.emit(Number(1)).await.ran, 0);
    own.lock().unwrap().take();
}

async fn concurrent_handlers_run_at_once<R: Runtime>(rt: R) {
    let (emitter, gate) = (EventEmitter::builder().concurrent().build(), Gate::default());
    let waits = gate.clone();
    let waiting = emitter.on(async move |_: &Number| waits.passed().await);
    let (opens, sleeping) = (gate.clone(), rt.clone());
    emitter.on(async move |_: &Number| {
        sleeping.yield_now().await;
        opens.open();
    });
    emitter.on(async |_: &Number| fails("on purpose"));
    for _ in 0..2 {
        let report = emitter.emit(Number(1)).await;
        assert_eq!((report.ran, report.failed()), (3, 1));
    }
    assert!(waiting.off().await);
    assert_eq!(emitter.emit(Number(1)).await.ran, 2);
}

async fn types_and_names_are_one_engine<R: Runtime>(_rt: R) {
    let (emitter, journal) = (EventEmitter::new(), Journal::default());
    let noting = journal.clone();
    emitter.on(async move |number: &Number| noting.note(format!("type {}", number.0)));
    let noting = journal.clone();
    emitter
        .named::<Number>("number")
        .on(async move |n: &Number| noting.note(format!("name {}", n.0)));
    let noting = journal.clone();
    emitter
        .on_pattern("*", async move |event: &AnyEvent| {
            noting.note(format!("{} {:?}", event.name(), event.metadata("trace")));
        })
        .expect("a pattern");
    emitter.emit(Number(1)).await;
    assert_eq!(journal.take(), ["type 1", "name 1", "number None"]);
    emitter.emit_named(String::from("number"), Number(2)).await;
    assert_eq!(journal.take(), ["type 2", "name 2", "number None"]);
    let event = AnyEvent::named("number", Number(3)).with_metadata("trace", "t1");
    emitter.emit_any(event).await;
    assert_eq!(journal.take(), ["type 3", "name 3", "number Some(\"t1\")"]);
    // What was told beside one is not told beside the next, which has its memory.
    emitter.emit_named("number", Number(5)).await;
    assert_eq!(journal.take(), ["type 5", "name 5", "number None"]);
    // What carries something else is another event of that name.
    emitter.emit_named("number", "four").await;
    assert_eq!(journal.take(), ["number None"]);
}

async fn hooks_see_what_happens<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let [before, after, failed] = [(); 3].map(|()| journal.clone());
    let emitter = EventEmitter::builder()
        .before(move |event| before.note(format!("before {}", event.name())))
        .after(move |_, report| {
            after.note(format!("after {} {} {}", report.ran, report.failed(), report.dropped));
        })
        .on_error(move |_, failure| {
            failed.note(failure);
            panic!("a hook's panic is nobody's");
        })
        .build();
    let listener =
        emitter.of::<Number>().filter(|_| true).on(async |_: &Number| Err::<(), _>("no"));
    emitter.emit(Number(1)).await;
    let told = format!("handler {} failed: no", listener.id());
    assert_eq!(journal.take(), ["before number", &told, "after 1 1 false"]);
    // Nobody listens, and the hooks know.
    emitter.emit(Text("x".into())).await;
    assert_eq!(journal.take(), ["before text", "after 0 0 false"]);
    // Dropped midway: what was done is told.
    let gate = Gate::default();
    let waits = gate.clone();
    emitter.on(async move |_: &Number| waits.passed().await);
    let mut emit = Box::pin(emitter.emit(Number(2)));
    assert!(crate::common::poll_once(&mut emit).await.is_pending());
    drop(emit);
    assert_eq!(journal.take(), ["before number", &told, "after 1 1 true"]);
    assert_eq!(emitter.stats().dropped, 1);
    gate.open();
    rt.yield_now().await;
    assert_eq!(emitter.emit(Number(3)).await.ran, 2);
}

async fn suppressed_events_are_told_to_nobody<R: Runtime>(_rt: R) {
    let emitter = EventEmitter::new();
    emitter.on(async |_: &Number| {});
    let (one, other) = (emitter.suppress("number").unwrap(), emitter.suppress("#").unwrap());
    let report = emitter.emit(Number(1)).await;
    assert!(report.suppressed && report.ran == 0);
    drop(one);
    assert!(emitter.emit(Number(1)).await.suppressed);
    drop(other);
    let report = emitter.emit(Number(1)).await;
    assert!(!report.suppressed && report.ran == 1);
    assert_eq!(emitter.stats().suppressed, 2);
    assert!(emitter.suppress("").is_err());
}

async fn a_guard_ends_the_listening_and_drops_the_handler<R: Runtime>(_rt: R) {
    let emitter = EventEmitter::new();
    let (held, was_dropped) = Held::new();
    let held = Arc::new(held);
    let guard = emitter.subscribe(async move |_: &Number| {
        let _held = &held;
    });
    assert_eq!(emitter.emit(Number(1)).await.ran, 1);
    drop(guard);
    assert!(was_dropped());
    assert_eq!((emitter.emit(Number(1)).await.ran, emitter.stats().listeners), (0, 0));

    let (held, was_dropped) = Held::new();
    let held = Arc::new(held);
    let guard = emitter.all().filter(|_| true).subscribe(async move |_: &AnyEvent| {
        let _held = &held;
    });
    assert_eq!((emitter.emit(Number(1)).await.ran, emitter.stats().listeners), (1, 1));
    assert!(guard.off().await);
    assert!(was_dropped());
    assert_eq!(emitter.stats().listeners, 0, "what feeds a view goes with its listeners");
    // One that listens by a pattern, also where others are told of the same.
    let (held, was_dropped) = Held::new();
    let held = Arc::new(held);
    let other = emitter.on(async |_: &Number| {});
    let matching = emitter.matching("#").unwrap().subscribe(async move |_: &AnyEvent| {
        let _held = &held;
    });
    assert_eq!(emitter.emit(Number(1)).await.ran, 2);
    drop(matching);
    assert!(was_dropped());
    assert_eq!(emitter.emit(Number(1)).await.ran, 1);
    assert!(other.off().await);
    let kept = emitter.subscribe(async |_: &Number| {}).keep().expect("it listens");
    assert_eq!(emitter.emit(Number(1)).await.ran, 1);
    assert!(kept.off().await && !kept.off().await);
}
