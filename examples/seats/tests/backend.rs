//! The backend answers although its store fails: in the simulator, in any order.

#![allow(clippy::expect_used, reason = "a test may fail")]

use mtaio::{Runtime, TaskExecutor};
use mtaio_sim::{Explore, Sim};
use seats::{Backend, Store};

#[test]
fn every_question_is_answered_although_the_store_fails() {
    Sim::explore(Explore::new().seeds(0..50), |rt| async move {
        let backend = Backend::new(&rt, Store::new(&rt)).expect("its settings make sense");
        let known = Store::tailnums().map(|(tailnum, seats)| (tailnum, Some(seats)));
        let questions: Vec<_> = known.chain([("N404", None)]).cycle().take(60).collect();
        let ask = async move |(tailnum, seats): (&'static str, Option<u32>)| {
            assert_eq!(backend.seats(tailnum).await, Ok(seats));
        };
        let begun = rt.now();
        let executor = TaskExecutor::new(&rt).limit(4).expect("more than zero");
        executor.map(questions, ask).values().await.expect("no answer is wrong");
        // One question in nine waits for an answer that does not come.
        assert!((rt.now() - begun).as_millis() >= 50, "the store is never at fault");
    });
}
