//! A second call where the first takes long.

use mtaio::policy::{Attempt, Hedge, Policy, RetryBudget};
use mtaio::{Runtime, RuntimeExt};

use crate::Count;
use crate::common::{Census, LONG, WORKER, done_or_dropped, ms, on_every_runtime, survives};

async fn a_quick_answer_is_the_only_call<R: Runtime>(rt: R) {
    let hedge = Hedge::after(LONG).unwrap().at_most(5).unwrap();
    let count = Count::default();
    let calls = count.clone();
    let answer = hedge.run(&rt, async move |_: Attempt| Ok::<_, String>(calls.up()));
    assert_eq!(answer.await, Ok(1));
    let calls = count.clone();
    let failed = hedge.run(&rt, async move |_: Attempt| Err::<(), _>(calls.up())).await;
    assert_eq!(failed, Err(2), "a failure is no reason for another call");
    assert_eq!(count.get(), 2);
}

async fn the_first_good_answer_wins_and_the_others_are_dropped<R: Runtime>(rt: R) {
    let hedge = Hedge::after(ms(5)).unwrap().at_most(3).unwrap();
    let census = Census::default();
    let (alive, clock) = (census.clone(), rt.clone());
    let answer = hedge.run(&rt, async move |attempt: Attempt| {
        let _alive = alive.enter();
        match attempt.number() {
            1 => std::future::pending().await,
            2 => {
                clock.sleep(ms(1)).await;
                Err("the second is down")
            }
            number => Ok(number),
        }
    });
    assert_eq!(answer.await, Ok(3));
    assert_eq!((census.now(), census.most()), (0, 2));
}

async fn where_all_fail_it_is_the_last_error<R: Runtime>(rt: R) {
    let hedge = Hedge::after(ms(5)).unwrap();
    let clock = rt.clone();
    let failed = hedge.run(&rt, async move |attempt: Attempt| {
        // The second fails before the first.
        let millis = if attempt.is_first() { 100 } else { 1 };
        clock.sleep(ms(millis)).await;
        Err::<(), _>(attempt.number())
    });
    assert_eq!(failed.await, Err(1));
}

async fn a_budget_that_is_used_up_grants_no_call<R: Runtime>(rt: R) {
    let budget = RetryBudget::builder(0.5).build().unwrap();
    let hedge = Hedge::after(ms(2)).unwrap().at_most(9).unwrap().budget(&budget);
    let count = Count::default();
    for _ in 0..4 {
        let (count, clock) = (count.clone(), rt.clone());
        let answer = hedge.run(&rt, async move |_: Attempt| {
            count.up();
            clock.sleep(ms(12)).await;
            Ok::<_, String>(())
        });
        assert_eq!(answer.await, Ok(()));
    }
    assert_eq!(count.get(), 6, "four, and a half for each");
    assert_eq!(budget.stats().granted, 2);
}

async fn a_wrapped_function_is_hedged<R: Runtime>(rt: R) {
    let count = Count::default();
    let calls = count.clone();
    let hedged = Hedge::after(ms(5)).unwrap().wrap(&rt, async move |text: &'static str| {
        if calls.up() == 1 {
            std::future::pending::<()>().await;
        }
        text.parse::<u8>()
    });
    assert_eq!(rt.spawn(hedged("42")).await.unwrap(), Ok(42));
    assert_eq!(count.get(), 2);
}

on_every_runtime!(
    seeds = 20;
    a_quick_answer_is_the_only_call,
    the_first_good_answer_wins_and_the_others_are_dropped,
    where_all_fail_it_is_the_last_error,
    a_budget_that_is_used_up_grants_no_call,
    a_wrapped_function_is_hedged,
);

/// Never more calls than it may make, and none is alive when there is an answer, or when it was
/// dropped; alone and in a policy.
#[test]
fn no_call_outlives_its_answer() {
    survives(|rt| async move {
        let census = Census::default();
        let hedge = Hedge::after(ms(3)).unwrap().at_most(3).unwrap();
        let workers: Vec<_> = (0..3_u64)
            .map(|worker| {
                let (clock, hedge, census) = (rt.clone(), hedge.clone(), census.clone());
                rt.spawn_named(WORKER, async move {
                    let own = Census::default();
                    let (sleeper, alive) = (clock.clone(), own.clone());
                    let call = async move |_: Attempt| {
                        let _alive = (census.enter(), alive.enter());
                        let millis = sleeper.entropy() % 12;
                        sleeper.sleep(ms(millis)).await;
                        if millis < 5 { Err(millis) } else { Ok(millis) }
                    };
                    let answer = if worker == 0 {
                        hedge.run(&clock, call).await
                    } else {
                        let policy = Policy::new(&clock).hedge(hedge).build().unwrap();
                        policy.run(call).await.map_err(|error| error.into_failed().unwrap())
                    };
                    assert!(matches!(answer, Ok(5..) | Err(..5)), "{answer:?}");
                    assert_eq!(own.now(), 0);
                    assert!(own.most() <= 3);
                })
            })
            .collect();
        for worker in workers {
            done_or_dropped(worker.await);
        }
        assert_eq!(census.now(), 0);
    });
}
