//! Threads, and wakers that come back.

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::task::{Context, Wake, Waker};
use std::thread;

use mtaio::executor::Cancelled;
use mtaio::{CancellationToken, Runtime, RuntimeExt};

use crate::common::{block_on, is_soak, on_every_runtime, watched};

on_every_runtime!(seeds = 300; tasks_that_cancel_grow_and_wait_at_once);

/// How often a race is run.
fn rounds() -> usize {
    if is_soak() { 200_000 } else { 2_000 }
}

/// Tasks that all do something else with one tree: in the end none waits.
async fn tasks_that_cancel_grow_and_wait_at_once<R: Runtime>(rt: R) {
    let root = CancellationToken::new();
    let mut tasks = Vec::new();
    for _ in 0..8 {
        let (own, token) = (rt.clone(), root.clone());
        tasks.push(rt.spawn(async move {
            let mut token = token;
            for _ in 0..own.entropy() % 5 {
                own.yield_now().await;
                token = token.child();
            }
            token.cancelled().await;
            assert!(token.child().is_cancelled());
        }));
    }
    for _ in 0..2 {
        let (own, token) = (rt.clone(), root.clone());
        tasks.push(rt.spawn(async move {
            for _ in 0..own.entropy() % 8 {
                own.yield_now().await;
                token.child().cancel();
            }
            token.cancel();
        }));
    }
    for task in tasks {
        task.await.expect("it ends");
    }
    assert!(root.is_cancelled());
}

#[test]
fn no_child_is_born_alive_after_the_end() {
    watched("no_child_is_born_alive_after_the_end", || {
        for round in 0..rounds() {
            let token = CancellationToken::new();
            let start = Barrier::new(3);
            let grow = || {
                start.wait();
                let mut children = Vec::new();
                while children.len() < 50 {
                    let child = token.child();
                    let grandchild = child.child();
                    children.extend([child, grandchild]);
                }
                children
            };
            let children = thread::scope(|scope| {
                let growing = [scope.spawn(grow), scope.spawn(grow)];
                start.wait();
                (0..round % 50).for_each(|_| std::hint::spin_loop());
                token.cancel();
                assert!(token.child().is_cancelled());
                growing.map(|thread| thread.join().expect("no panic"))
            });
            let all = children.iter().flatten();
            assert!(all.into_iter().all(CancellationToken::is_cancelled), "round {round}");
        }
    });
}

#[test]
fn no_waiter_on_another_thread_is_missed() {
    watched("no_waiter_on_another_thread_is_missed", || {
        for round in 0..rounds() {
            let token = CancellationToken::new();
            let waiting = if round % 2 == 0 { token.clone() } else { token.child().child() };
            thread::scope(|scope| {
                scope.spawn(move || block_on(waiting.cancelled()));
                (0..round % 100).for_each(|_| std::hint::spin_loop());
                token.cancel();
            });
        }
    });
}

/// Children that are dropped while their parent is cancelled, on both sides of the race.
#[test]
fn children_that_go_meanwhile_are_no_matter() {
    watched("children_that_go_meanwhile_are_no_matter", || {
        for _ in 0..rounds() / 10 {
            let token = CancellationToken::new();
            let children: Vec<_> = (0..100).map(|_| token.child().child()).collect();
            let start = Barrier::new(2);
            thread::scope(|scope| {
                scope.spawn(|| {
                    start.wait();
                    token.cancel();
                });
                start.wait();
                drop(children);
            });
            assert!(token.child().is_cancelled());
        }
    });
}

/// Calls back whoever wakes it.
struct Calls<F: Fn() + Send + Sync + 'static>(F);

impl<F: Fn() + Send + Sync + 'static> Wake for Calls<F> {
    fn wake(self: Arc<Self>) {
        (self.0)();
    }
}

/// Registers `call` to be called when `cancelled` is woken.
fn when_woken(cancelled: &mut Cancelled, call: impl Fn() + Send + Sync + 'static) {
    let waker = Waker::from(Arc::new(Calls(call)));
    assert!(Pin::new(cancelled).poll(&mut Context::from_waker(&waker)).is_pending());
}

#[test]
fn a_waker_may_come_back_to_the_token() {
    watched("a_waker_may_come_back_to_the_token", || {
        let token = CancellationToken::new();
        let children = Arc::new(Mutex::new(Vec::new()));
        let mut cancelled = token.cancelled();
        let (own, born) = (token.clone(), Arc::clone(&children));
        when_woken(&mut cancelled, move || {
            own.cancel();
            born.lock().expect("no panic").extend([own.child(), own.child().child()]);
        });
        token.cancel();
        let children = children.lock().expect("no panic");
        assert_eq!(children.len(), 2);
        assert!(children.iter().all(CancellationToken::is_cancelled));
    });
}

#[test]
fn whoever_hears_of_the_end_finds_it_everywhere() {
    let token = CancellationToken::new();
    let descendants = [token.child(), token.child().child()];
    let found = Arc::new(AtomicBool::new(false));
    let mut cancelled = token.cancelled();
    let seen = Arc::clone(&found);
    when_woken(&mut cancelled, move || {
        seen.store(descendants.iter().all(CancellationToken::is_cancelled), Ordering::SeqCst);
    });
    token.cancel();
    assert!(found.load(Ordering::SeqCst));
}

#[test]
fn whoever_asks_for_the_end_finds_it_everywhere_also_as_the_second() {
    watched("whoever_asks_for_the_end_finds_it_everywhere_also_as_the_second", || {
        for round in 0..rounds() / 10 {
            let token = CancellationToken::new();
            let children: Vec<_> = (0..100).map(|_| token.child().child()).collect();
            let start = Barrier::new(2);
            let ask = || {
                start.wait();
                token.cancel();
                assert!(children.iter().all(CancellationToken::is_cancelled), "round {round}");
            };
            thread::scope(|scope| {
                scope.spawn(ask);
                ask();
            });
        }
    });
}
