//! Scopes in spawned tasks: that this file compiles is half of what it says.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use mtaio::scope::{AsyncClose, Outcome, Scoped};
use mtaio::{ResourceScope, Runtime, RuntimeExt, TaskExecutor};

use crate::common::on_every_runtime;

on_every_runtime!(
    a_body_may_borrow_from_its_task,
    a_scope_of_known_runtime,
    a_scope_within_a_scope,
    a_scope_in_each_call_of_a_map,
    parts_of_a_body_run_side_by_side,
    a_body_that_is_passed_on,
    a_boxed_body_of_any_type,
);

/// Counts how often it was closed.
#[derive(Clone, Default)]
struct Counter(Arc<AtomicUsize>);

impl Counter {
    fn closed(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

impl AsyncClose for Counter {
    type Error = std::convert::Infallible;

    async fn close(self) -> Result<(), Self::Error> {
        self.0.fetch_add(1, Ordering::SeqCst);
        Ok(())
    }
}

async fn open<'a, R: Runtime>(
    scope: &'a ResourceScope<R>,
    rt: &R,
    counter: &Counter,
) -> Scoped<'a, Counter, R> {
    rt.yield_now().await;
    scope.add("counter", counter.clone())
}

async fn look(counter: &Counter) -> usize {
    counter.closed()
}

async fn a_body_may_borrow_from_its_task<R: Runtime>(rt: R) {
    let counter = Counter::default();
    let (own, theirs) = (rt.clone(), counter.clone());
    let task = rt.spawn(async move {
        let names = vec![String::from("first"), String::from("second")];
        let outcome = ResourceScope::new(&own)
            .run(async |scope| {
                let mut kept = Vec::new();
                for name in &names {
                    kept.push(scope.add(name.clone(), theirs.clone()));
                    own.yield_now().await;
                }
                let guard = kept.pop().expect("there are two");
                let seen = look(&guard).await + look(&kept[0]).await;
                guard.close().await.expect("it closes");
                own.yield_now().await;
                (seen, names[0].len())
            })
            .await;
        (outcome.into_value(), names.len())
    });
    let (value, names) = task.await.expect("no panic");
    assert_eq!((value.expect("all is closed"), names), ((0, 5), 2));
    assert_eq!(counter.closed(), 2);
}

async fn a_scope_of_known_runtime<R: Runtime>(rt: R) {
    let counter = Counter::default();
    let (own, theirs) = (rt.clone(), counter.clone());
    let task = rt.spawn(async move {
        let scope = ResourceScope::with_runtime(&own);
        let scope = scope.close_within(Duration::from_secs(5)).expect("a limit");
        scope
            .run(async |scope| {
                let mut counter = open(scope, &own, &theirs).await;
                let other = open(scope, &own, &theirs).await;
                counter.replace(Counter::default()).await.expect("it closes");
                own.yield_now().await;
                look(&other).await
            })
            .await
            .into_value()
    });
    assert_eq!(task.await.expect("no panic").expect("all is closed"), 1);
    assert_eq!(counter.closed(), 2);
}

async fn a_scope_within_a_scope<R: Runtime>(rt: R) {
    let counter = Counter::default();
    let (own, theirs) = (rt.clone(), counter.clone());
    let task = rt.spawn(async move {
        let outer = ResourceScope::new(&own).run(async |scope| {
            let outside = scope.add("outside", theirs.clone());
            let inner = ResourceScope::new(&own)
                .run(async |scope| {
                    let inside = scope.add("inside", theirs.clone());
                    own.yield_now().await;
                    look(&inside).await + look(&outside).await
                })
                .await;
            (inner.into_value().expect("all is closed"), outside.closed())
        });
        outer.await.into_value()
    });
    assert_eq!(task.await.expect("no panic").expect("all is closed"), (0, 1));
    assert_eq!(counter.closed(), 2);
}

async fn a_scope_in_each_call_of_a_map<R: Runtime>(rt: R) {
    let counter = Counter::default();
    let (own, theirs) = (rt.clone(), counter.clone());
    let executor = TaskExecutor::new(&rt).limit(4).expect("a limit");
    let doubled = executor.map(0..20_usize, async move |n| {
        let outcome = ResourceScope::new(&own).run(async |scope| {
            let _guard = scope.add("counter", theirs.clone());
            own.yield_now().await;
            Ok::<_, String>(2 * n)
        });
        outcome.await.into_result()
    });
    let doubled = doubled.await.expect("none fails");
    assert_eq!(doubled, (0..20).map(|n| 2 * n).collect::<Vec<_>>());
    assert_eq!(counter.closed(), 20);
}

async fn parts_of_a_body_run_side_by_side<R: Runtime>(rt: R) {
    let counter = Counter::default();
    let (own, theirs) = (rt.clone(), counter.clone());
    let task = rt.spawn(async move {
        let executor = TaskExecutor::new(&own);
        let outcome = ResourceScope::new(&own).run(async |scope| {
            let shared = scope.add("shared", theirs.clone());
            let parts = (0..10).map(|_| async {
                let guard = scope.add("own", theirs.clone());
                own.yield_now().await;
                guard.close().await.expect("it closes");
                Ok::<_, String>(look(&shared).await)
            });
            executor.inline().gather(parts).await.expect("none fails").len()
        });
        outcome.await.into_value()
    });
    assert_eq!(task.await.expect("no panic").expect("all is closed"), 10);
    assert_eq!(counter.closed(), 11);
}

/// The body's own type is known to the caller, and so is whether its future is `Send`.
async fn logged<T>(rt: &impl Runtime, body: impl AsyncFnOnce(&ResourceScope) -> T) -> Outcome<T> {
    ResourceScope::new(rt).run(body).await
}

async fn a_body_that_is_passed_on<R: Runtime>(rt: R) {
    let counter = Counter::default();
    let (own, theirs) = (rt.clone(), counter.clone());
    let task = rt.spawn(async move {
        let outcome = logged(&own, async |scope| {
            let guard = scope.add("counter", theirs.clone());
            own.yield_now().await;
            look(&guard).await
        });
        outcome.await.into_value()
    });
    assert_eq!(task.await.expect("no panic").expect("all is closed"), 0);
    assert_eq!(counter.closed(), 1);
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where the body's type is a parameter, its future's type can't be asked to be `Send`: its boxed
/// future can.
async fn spawned<R: Runtime, T: Send + 'static>(
    rt: &R,
    body: impl for<'a> FnOnce(&'a ResourceScope) -> BoxFuture<'a, T> + Send + 'static,
) -> T {
    let own = rt.clone();
    let task = rt.spawn(async move {
        ResourceScope::new(&own).run(async move |scope| body(scope).await).await.into_value()
    });
    task.await.expect("no panic").expect("all is closed")
}

async fn a_boxed_body_of_any_type<R: Runtime>(rt: R) {
    let counter = Counter::default();
    let theirs = counter.clone();
    let seen = spawned(&rt, move |scope| {
        Box::pin(async move {
            let guard = scope.add("counter", theirs);
            look(&guard).await
        })
    });
    assert_eq!(seen.await, 0);
    assert_eq!(counter.closed(), 1);
}
