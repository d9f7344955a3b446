//! The backend answers although its store fails: in the simulator, in any order.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a test may fail")]

use mtaio::{EventEmitter, Runtime, RuntimeExt, TaskExecutor};
use mtaio_sim::{Explore, Sim};
use seats::{Backend, Condition, Store};

fn simulated<F: Future<Output = ()>>(scenario: impl Fn(Sim, Store, Backend) -> F) {
    Sim::explore(Explore::new().seeds(0..50), |rt| {
        let store = Store::new(&rt);
        let backend = Backend::new(&rt, &store, &EventEmitter::new());
        scenario(rt, store, backend.expect("its settings make sense"))
    });
}

#[test]
fn every_question_is_answered_although_the_store_fails() {
    simulated(async |rt, _, backend| {
        let known = Store::tailnums().map(|(tailnum, seats)| (tailnum, Some(seats)));
        let questions: Vec<_> = known.chain([("N404", None)]).cycle().take(60).collect();
        let asked = backend.clone();
        let ask = async move |(tailnum, seats): (&'static str, Option<u32>)| {
            assert_eq!(asked.seats(tailnum).await.unwrap(), seats);
        };
        let begun = rt.now();
        let executor = TaskExecutor::new(&rt).limit(4).expect("more than zero");
        executor.map(questions, ask).values().await.expect("no answer is wrong");
        // One question in nine waits for an answer that does not come.
        assert!((rt.now() - begun).as_millis() >= 50, "the store is never at fault");
        let stats = backend.stats();
        assert!(stats.loads >= 9 && stats.hits >= 30, "{stats:?}");
    });
}

#[test]
fn what_is_changed_is_answered_at_once() {
    simulated(async |_, _, backend| {
        assert_eq!(backend.seats("N10156").await.unwrap(), Some(55));
        assert_eq!(backend.change("N10156", 60).await, Ok(Some(60)));
        assert_eq!(backend.seats("N10156").await.unwrap(), Some(60));
        assert_eq!(backend.change("N404", 60).await, Ok(None));
    });
}

#[test]
fn an_old_answer_serves_while_the_store_is_down() {
    simulated(async |rt, store, backend| {
        assert_eq!(backend.seats("N10156").await.unwrap(), Some(55));
        store.set_condition(Condition::Down);
        store.set_behind_our_back("N10156", 60);
        for _ in 0..5 {
            rt.sleep(Backend::ANSWERS_FOR).await;
            assert_eq!(backend.seats("N10156").await.unwrap(), Some(55));
        }
        assert!(backend.seats("N102UW").await.is_err(), "it was never asked for");
        store.set_condition(Condition::Usual);
        rt.sleep(Backend::ANSWERS_FOR * 10).await;
        assert_eq!(backend.seats("N10156").await.unwrap(), Some(60));
    });
}
