//! What is closed when.

use std::mem;

use mtaio::{ResourceScope, Runtime, RuntimeExt};

use crate::common::{on_every_runtime, poll_once};
use crate::probe::{Journal, Thing};

on_every_runtime!(
    the_last_one_is_closed_first,
    a_guard_dropped_early_keeps_its_place,
    an_early_close_is_at_once_and_once,
    what_is_released_is_not_closed,
    a_replacement_takes_the_place,
    a_guard_is_as_good_as_the_resource,
    what_is_deferred_has_its_turn,
    what_is_deferred_can_be_done_early_or_not_at_all,
    nothing_is_closed_before_the_body_is_dropped,
    many_resources,
    a_scope_can_be_kept,
    a_scope_can_be_a_resource,
    a_shared_resource_is_closed_by_its_last_owner,
);

async fn the_last_one_is_closed_first<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let _a = scope.add("a", journal.thing("a"));
        rt.yield_now().await;
        scope.add("b", journal.thing("b"));
        let thing = journal.thing("c");
        let _c = scope.add_with("c", (thing, 7), async |(thing, number)| {
            assert_eq!(number, 7);
            mtaio::scope::AsyncClose::close(thing).await
        });
        rt.yield_now().await;
        assert_eq!((scope.len(), scope.is_empty()), (3, false));
        journal.note("done");
        42
    });
    assert_eq!(outcome.await.into_value().expect("all is closed"), 42);
    assert_eq!(journal.lines(), ["done", "close c", "close b", "close a"]);
}

async fn a_guard_dropped_early_keeps_its_place<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let a = scope.add("a", journal.thing("a"));
        let b = scope.add("b", journal.thing("b"));
        drop(a);
        rt.yield_now().await;
        let c = scope.add("c", journal.thing("c"));
        drop((c, b));
        assert!(journal.lines().is_empty());
    });
    outcome.await.into_value().expect("all is closed");
    assert_eq!(journal.lines(), ["close c", "close b", "close a"]);
}

async fn an_early_close_is_at_once_and_once<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let a = scope.add("a", journal.thing("a"));
        let b = scope.add("b", journal.thing("b").fails());
        let c = scope.add("c", journal.thing("c").panics());
        scope.add("d", journal.thing("d"));
        a.close().await.expect("it closes");
        journal.note("now b");
        let failed = b.close().await.expect_err("it refuses");
        assert_eq!(failed.to_string(), "`b` did not close: b refuses");
        let panicked = c.close().await.expect_err("it breaks");
        assert!(panicked.is_panicked() && panicked.resource() == "c", "{panicked}");
        assert_eq!(scope.len(), 1);
    });
    let outcome = outcome.await;
    assert!(outcome.close_errors.is_empty(), "who closes early has the error: {outcome:?}");
    assert_eq!(journal.lines(), ["close a", "now b", "fail b", "drop c", "close d"]);
}

async fn what_is_released_is_not_closed<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let a = scope.add("a", journal.thing("a"));
        scope.add("b", journal.thing("b"));
        let a = a.release();
        assert_eq!(scope.len(), 1);
        a
    });
    let a = outcome.await.into_value().expect("all is closed");
    assert_eq!(journal.lines(), ["close b"]);
    assert_eq!(a.name, "a");
    drop(a);
    assert_eq!(journal.lines(), ["close b", "drop a"]);
}

async fn a_replacement_takes_the_place<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let mut a = scope.add("a", journal.thing("a1"));
        let mut b = scope.add("b", journal.thing("b1"));
        let _c = scope.add("c", journal.thing("c"));
        a.replace(journal.thing("a2").fails()).await.expect("it closes");
        assert_eq!(a.name, "a2");
        // The old one is not closed, the new one is there.
        let mut replacing = b.replace_with(journal.thing("b2"), async |b: Thing| {
            b.fails(); // Dropped: that is its way.
        });
        assert_eq!(b.name, "b2");
        assert!(poll_once(&mut replacing).await.is_ready());
        drop(replacing);
        // Never polled: it is left to the scope.
        drop(b.replace(journal.thing("b3")));
        assert_eq!(scope.len(), 4);
        let back = a.replace(journal.thing("a3")).await.expect_err("it refuses");
        assert_eq!(back.resource(), "a");
    });
    outcome.await.into_value().expect("all is closed");
    let expected =
        ["close a1", "close b1", "fail a2", "drop b2", "close c", "close b3", "close a3"];
    assert_eq!(journal.lines(), expected);
}

async fn a_guard_is_as_good_as_the_resource<R: Runtime>(rt: R) {
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let mut list = scope.add_with("list", vec![1], async |list: Vec<i32>| {
            if list == [7, 8] { Ok(()) } else { Err(format!("it is {list:?}")) }
        });
        list.push(2);
        assert_eq!(format!("{list:?}"), "Scoped([1, 2])");
        assert_eq!(mem::replace(&mut *list, vec![7]), [1, 2]);
        rt.yield_now().await;
        list.push(8);
        list.len()
    });
    assert_eq!(outcome.await.into_value().expect("it is what it should be"), 2);
}

async fn what_is_deferred_has_its_turn<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let (early, late) = (journal.clone(), journal.clone());
        scope.defer("early", async move || early.note("early"));
        scope.add("a", journal.thing("a"));
        let rt = rt.clone();
        scope.defer("late", async move || {
            rt.yield_now().await;
            late.note("late");
            Err("it was in vain")
        });
        journal.note("done");
    });
    let outcome = outcome.await;
    assert_eq!(journal.lines(), ["done", "late", "close a", "early"]);
    assert_eq!(outcome.close_errors.len(), 1);
    assert_eq!(outcome.close_errors[0].to_string(), "`late` did not close: it was in vain");
}

async fn what_is_deferred_can_be_done_early_or_not_at_all<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let defer = |name: &'static str| {
            let journal = journal.clone();
            scope.defer(name, async move || journal.note(name))
        };
        let (a, b, _c) = (defer("a"), defer("b"), defer("c"));
        b.release();
        a.close().await.expect("it is done");
        journal.note("done");
    });
    outcome.await.into_value().expect("all is closed");
    assert_eq!(journal.lines(), ["a", "done", "c"]);
}

async fn nothing_is_closed_before_the_body_is_dropped<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let captured = journal.thing("what the body captured");
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        scope.add("a", journal.thing("a"));
        let local = journal.thing("what the body made");
        rt.yield_now().await;
        let _moved = captured;
        drop(local);
    });
    outcome.await.into_value().expect("all is closed");
    let expected = ["drop what the body made", "drop what the body captured", "close a"];
    assert_eq!(journal.lines(), expected);
}

async fn many_resources<R: Runtime>(rt: R) {
    const MANY: usize = 3_000;
    let closed = std::sync::Arc::new(std::sync::Mutex::new(Vec::new()));
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let mut guards = Vec::new();
        for n in 0..MANY {
            let closed = std::sync::Arc::clone(&closed);
            let close = async move |n| closed.lock().expect("no panic").push(n);
            guards.push(scope.add_with("one of many", n, close));
        }
        // Every third goes early, every sixth of them for good.
        for (n, guard) in guards.into_iter().enumerate() {
            match n % 6 {
                0 => guard.close().await.expect("it closes"),
                3 => assert_eq!(guard.release(), n),
                _ => assert_eq!(*guard, n),
            }
        }
        assert_eq!(scope.len(), MANY / 3 * 2);
    });
    outcome.await.into_value().expect("all is closed");
    let early = (0..MANY).filter(|n| n % 6 == 0);
    let late = (0..MANY).rev().filter(|n| n % 3 != 0);
    let expected: Vec<_> = early.chain(late).collect();
    assert_eq!(*closed.lock().expect("no panic"), expected);
}

/// The guide's class, in Rust: it acquires when it suits, and cleans up in the end.
struct ManagedResources {
    scope: ResourceScope,
}

impl ManagedResources {
    fn acquire(&self, thing: Thing) {
        self.scope.add(thing.name, thing);
    }

    async fn cleanup(self) -> Result<(), mtaio::Error> {
        Ok(self.scope.close().await?)
    }
}

async fn a_scope_can_be_kept<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let managed = ManagedResources { scope: ResourceScope::new(&rt) };
    for name in ["a", "b", "c"] {
        managed.acquire(journal.thing(name));
        rt.yield_now().await;
    }
    managed.acquire(journal.thing("d").fails());
    let error = managed.cleanup().await.expect_err("one refuses");
    assert_eq!(error.to_string(), "`d` did not close: d refuses");
    assert_eq!(journal.lines(), ["fail d", "close c", "close b", "close a"]);

    let empty = ManagedResources { scope: ResourceScope::new(&rt) };
    empty.cleanup().await.expect("there is nothing");
}

async fn a_scope_can_be_a_resource<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        scope.add("a", journal.thing("a"));
        let group = scope.add("group", ResourceScope::new(&rt));
        scope.add("z", journal.thing("z"));
        let _kept = group.add("b", journal.thing("b"));
        group.add("c", journal.thing("c").fails());
        group.add("d", journal.thing("d").fails());
    });
    let outcome = outcome.await;
    assert_eq!(journal.lines(), ["close z", "fail d", "fail c", "close b", "close a"]);
    let error = "`group` did not close: `d` did not close: d refuses; `c` did not close: c refuses";
    assert_eq!(outcome.close_errors.len(), 1);
    assert_eq!(outcome.close_errors[0].to_string(), error);
}

async fn a_shared_resource_is_closed_by_its_last_owner<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let share = |name| std::sync::Arc::new(journal.thing(name));
    let other = share("b");
    let outcome = ResourceScope::new(&rt).run(async |scope| {
        let a = scope.add("a", share("a"));
        let theirs = std::sync::Arc::clone(&a);
        let task = rt.spawn(async move { theirs.name.len() });
        assert_eq!(task.await.expect("no panic"), 1);
        scope.add("b", std::sync::Arc::clone(&other));
    });
    let outcome = outcome.await;
    assert_eq!(journal.lines(), ["close a"]);
    let error = outcome.close_errors.first().expect("the other one is shared");
    assert_eq!(error.to_string(), "`b` did not close: others hold it too: 1");
    drop(other);
    assert_eq!(journal.lines(), ["close a", "drop b"]);
}
