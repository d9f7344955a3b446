//! Scopes whose inner ones are taken out of their hands: whoever relied on a timer that is gone
//! still ends on time, and nobody is woken again and again.

use std::future::{Future, pending, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::future::{join, select};
use futures_util::stream::{FuturesUnordered, StreamExt};
use mtaio::time::{Deadline, Elapsed};
use mtaio::{Instant, Runtime, RuntimeExt};
use mtaio_sim::{Explore, Faults, Schedule, Sim};

use crate::common::{Gate, Wakes, on_every_runtime, poll_once, poll_with};
use crate::{HOUR, ms};

on_every_runtime!(seeds = 20; whoever_is_relied_on_may_go_anywhere);

/// A future in a place that is shared.
type Shared = Arc<Mutex<Option<Pin<Box<dyn Future<Output = Result<(), Elapsed>> + Send>>>>>;

fn shared<F: Future<Output = Result<(), Elapsed>> + Send + 'static>(future: F) -> Shared {
    Arc::new(Mutex::new(Some(Box::pin(future))))
}

fn poll_shared(shared: &Shared, cx: &mut Context<'_>) -> Poll<()> {
    match &mut *shared.lock().unwrap_or_else(PoisonError::into_inner) {
        Some(future) => future.as_mut().poll(cx).map(|_| ()),
        None => Poll::Ready(()),
    }
}

fn take(shared: &Shared) -> Option<impl Future<Output = Result<(), Elapsed>> + Send + use<>> {
    shared.lock().unwrap_or_else(PoisonError::into_inner).take()
}

async fn poll_shared_once(shared: &Shared) {
    poll_fn(|cx| {
        let _ = poll_shared(shared, cx);
        Poll::Ready(())
    })
    .await;
}

/// What becomes of the inner scope that the outer one relied on.
#[derive(Clone, Copy, Debug)]
enum Then {
    Dropped,
    Forgotten,
    PolledByAnother,
    DoneInAnother,
}

/// An outer scope of `ms(20)` relies on an inner one, of `limit`, which is then taken from it.
async fn taken<R: Runtime>(rt: &R, limit: Duration, then: Then) {
    let (gate, start) = (Gate::default(), rt.now());
    let passes = gate.clone();
    // Both use the runtime by one reference: else they rely on nothing.
    let rt: &'static R = Box::leak(Box::new(rt.clone()));
    let inner = shared(Deadline::at(start + limit).run(rt, async move { passes.passed().await }));
    let outer = {
        let inner = Arc::clone(&inner);
        rt.spawn(async move {
            let relies = async {
                poll_shared_once(&inner).await;
                pending::<()>().await;
            };
            Deadline::at(start + ms(20)).run(rt, relies).await.expect_err("it never ends");
            rt.now()
        })
    };
    rt.sleep(ms(2)).await;
    let inner = take(&inner);
    let elsewhere = match then {
        Then::Dropped => {
            drop(inner);
            None
        }
        Then::Forgotten => {
            // It keeps its timer, and that wakes the outer one.
            Some(rt.spawn(async move {
                let _kept = inner;
                pending::<()>().await;
            }))
        }
        Then::PolledByAnother => Some(rt.spawn(async move {
            let _ = inner.expect("it was there").await;
            pending::<()>().await;
        })),
        Then::DoneInAnother => {
            gate.open();
            Some(rt.spawn(async move {
                let _ = inner.expect("it was there").await;
                pending::<()>().await;
            }))
        }
    };
    let ended = outer.await.expect("it ends");
    assert!(ended >= start + ms(20), "{then:?}");
    assert!(ended < start + HOUR / 2, "{then:?} at {ended:?}");
    drop(elsewhere);
}

async fn whoever_is_relied_on_may_go_anywhere<R: Runtime>(rt: R) {
    for limit in [ms(10), ms(20), HOUR] {
        for then in [Then::Dropped, Then::Forgotten, Then::PolledByAnother, Then::DoneInAnother] {
            taken(&rt, limit, then).await;
        }
    }
}

/// Where the outer scope looks for itself when its deadline has come, in virtual time: exactly then.
#[track_caller]
fn ends_on_time<F>(scenario: impl Fn(Sim, Instant) -> F)
where
    F: Future<Output = ()>,
{
    for explore in [
        Explore::new().seeds(0..50),
        Explore::new().seeds(0..50).policy(Schedule::Pct(3)),
        Explore::new().seeds(0..50).faults(Faults::new().spurious_polls(0.2)),
    ] {
        Sim::explore(explore.max_polls(5_000), |rt| {
            let end = rt.now() + ms(20);
            let ended = scenario(rt.clone(), end);
            async move {
                ended.await;
                assert_eq!(rt.now(), end);
            }
        });
    }
}

#[test]
fn an_inner_one_that_loses_a_race_in_the_same_poll() {
    ends_on_time(|rt, end| async move {
        let body = async {
            let inner = pin!(Deadline::after(&rt, ms(5)).run(&rt, pending::<()>()));
            let other = pin!(async { rt.yield_now().await });
            let _ = select(inner, other).await;
            pending::<()>().await;
        };
        Deadline::at(end).run(&rt, body).await.expect_err("it never ends");
    });
}

#[test]
fn an_inner_one_that_is_dropped_in_the_very_poll() {
    ends_on_time(|rt, end| async move {
        let body = async {
            let mut inner = Box::pin(Deadline::after(&rt, ms(5)).run(&rt, pending::<()>()));
            assert!(poll_once(&mut inner).await.is_pending());
            drop(inner);
            pending::<()>().await;
        };
        Deadline::at(end).run(&rt, body).await.expect_err("it never ends");
    });
}

#[test]
fn an_inner_one_whose_waker_leads_nowhere() {
    ends_on_time(|rt, end| async move {
        let rt: &'static Sim = Box::leak(Box::new(rt));
        let inner = shared(Deadline::after(rt, ms(5)).run(rt, pending::<()>()));
        let body = async {
            // The waker is that of a place in the set, and both are gone before it is woken.
            let mut set = FuturesUnordered::new();
            set.push(poll_shared_once(&inner));
            set.next().await;
            drop(set);
            pending::<()>().await;
        };
        Deadline::at(end).run(rt, body).await.expect_err("it never ends");
        drop(take(&inner));
    });
}

#[test]
fn a_deep_one_that_loses_a_race() {
    ends_on_time(|rt, end| async move {
        let body = async {
            let deep = Deadline::after(&rt, ms(5)).run(&rt, pending::<()>());
            let inner = pin!(Deadline::after(&rt, ms(7)).run(&rt, deep));
            let other = pin!(async { rt.yield_now().await });
            let _ = select(inner, other).await;
            pending::<()>().await;
        };
        Deadline::at(end).run(&rt, body).await.expect_err("it never ends");
    });
}

#[test]
fn an_inner_one_that_is_done_right_after_in_the_same_task() {
    ends_on_time(|rt, end| async move {
        let rt: &'static Sim = Box::leak(Box::new(rt));
        let yields = async move { rt.yield_now().await };
        let inner = shared(Deadline::after(rt, ms(5)).run(rt, yields));
        let body = async {
            poll_shared_once(&inner).await;
            pending::<()>().await;
        };
        let outer = Deadline::at(end).run(rt, body);
        let other = poll_fn(|cx| poll_shared(&inner, cx));
        join(outer, other).await.0.expect_err("it never ends");
        drop(take(&inner));
    });
}

#[test]
fn inner_ones_that_are_polled_only_when_they_are_woken() {
    ends_on_time(|rt, end| async move {
        let body = async {
            let mut inner = FuturesUnordered::new();
            for time in [3, 60, 90] {
                inner.push(Deadline::after(&rt, ms(time)).run(&rt, pending::<()>()));
            }
            while inner.next().await.is_some() {}
            pending::<()>().await;
        };
        Deadline::at(end).run(&rt, body).await.expect_err("it never ends");
    });
}

#[test]
fn a_middle_one_that_moves_out_with_what_is_in_it() {
    ends_on_time(|rt, end| async move {
        let rt: &'static Sim = Box::leak(Box::new(rt));
        let deep = Deadline::after(rt, ms(30)).run(rt, pending::<()>());
        let middle = async move { deep.await.and(Ok(())) };
        let middle = Deadline::after(rt, HOUR).run(rt, middle);
        let middle = shared(async move { middle.await.map(|_| ()) });
        let outer = {
            let middle = Arc::clone(&middle);
            rt.spawn(async move {
                let body = async {
                    poll_shared_once(&middle).await;
                    pending::<()>().await;
                };
                Deadline::at(end).run(rt, body).await.expect_err("it never ends");
            })
        };
        rt.sleep(ms(1)).await;
        let moved = rt.spawn(async move { poll_fn(|cx| poll_shared(&middle, cx)).await });
        outer.await.expect("it ends");
        drop(moved);
        rt.run_until_stalled().await;
    });
}

#[test]
fn another_waker_at_each_poll_wakes_nobody_again_and_again() {
    Sim::run(0, |rt| async move {
        let inner = Deadline::after(&rt, ms(5)).run(&rt, pending::<()>());
        let mut outer = pin!(Deadline::after(&rt, HOUR).run(&rt, inner));
        let wakes: Vec<_> = (0..100).map(|_| Wakes::new()).collect();
        for wakes in &wakes {
            assert!(poll_with(outer.as_mut(), wakes).is_pending());
        }
        rt.advance(ms(5)).await;
        let counts: Vec<_> = wakes.iter().map(|wakes| wakes.count()).collect();
        assert_eq!(counts.iter().sum::<usize>(), 1, "{counts:?}");
        assert_eq!(counts.last(), Some(&1));
    });
}
