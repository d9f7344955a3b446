//! What is heard of attempts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mtaio::Runtime;
use mtaio::policy::{Attempt, GaveUp, Listener, PolicyEvent, Retry};
use mtaio_sim::Sim;

use crate::common::on_every_runtime;
use crate::{SECOND, ms};

on_every_runtime!(seeds = 10; who_listens_hears_each_attempt_and_what_is_decided_after_it);

/// Keeps what it hears.
#[derive(Clone, Default)]
struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Listener for Journal {
    fn hear(&self, event: &PolicyEvent) {
        let line = match event {
            PolicyEvent::Attempt(attempt) => format!("attempt {}", attempt.number()),
            PolicyEvent::Retry { attempt, delay } => {
                format!("after {} again in {delay:?}", attempt.number())
            }
            PolicyEvent::GaveUp { attempt, reason } => {
                format!("after {} given up: {reason:?}", attempt.number())
            }
            other => panic!("{other:?} is not a retry's"),
        };
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(line);
    }
}

async fn who_listens_hears_each_attempt_and_what_is_decided_after_it<R: Runtime>(rt: R) {
    let journal = Journal::default();
    let retry = Retry::exponential(ms(1)).listener(journal.clone()).build().expect("good settings");
    let down = retry.run(&rt, async |_: Attempt| Err::<(), _>("down")).await;
    assert_eq!(down.expect_err("it is down").reason, GaveUp::Attempts);
    let up = retry.run(&rt, async |_: Attempt| Ok::<_, ()>("up")).await;
    assert_eq!(up, Ok("up"));
    assert_eq!(
        journal.lines(),
        [
            "attempt 1",
            "after 1 again in 1ms",
            "attempt 2",
            "after 2 again in 2ms",
            "attempt 3",
            "after 3 given up: Attempts",
            "attempt 1",
        ]
    );
}

#[test]
fn a_panic_of_who_listens_costs_nobody_else() {
    Sim::run(0, |rt| async move {
        let retry = Retry::constant(SECOND)
            .listener(|event: &PolicyEvent| panic!("on purpose, at {event:?}"))
            .build()
            .expect("good settings");
        let answer = retry.run(&rt, async |attempt: Attempt| match attempt.number() {
            1 => Err("busy"),
            _ => Ok("done"),
        });
        assert_eq!(answer.await, Ok("done"));
    });
}

/// It is called without any lock, so it may use what it listens to.
#[test]
fn who_listens_may_call_back() {
    Sim::run(0, |rt| async move {
        let budget = mtaio::policy::RetryBudget::builder(1.0).build().expect("good settings");
        let heard = budget.clone();
        let retry = Retry::constant(Duration::ZERO)
            .budget(&budget)
            .listener(move |_: &PolicyEvent| heard.deposit())
            .build()
            .expect("good settings");
        let error =
            retry.run(&rt, async |_: Attempt| Err::<(), _>(())).await.expect_err("it fails");
        assert_eq!(error.attempts, 3);
        // One for the call and one for each of six events: three attempts, two decisions, the end.
        assert_eq!(budget.stats().saved, 1 + 6 - 2);
    });
}

#[test]
fn an_arc_of_one_listens_and_the_unit_hears_nothing() {
    let journal = Arc::new(Journal::default());
    let shared: Arc<dyn Listener> = Arc::clone(&journal) as _;
    shared.hear(&PolicyEvent::Attempt(Attempt::FIRST));
    assert_eq!(journal.lines(), ["attempt 1"]);
    assert!(shared.listens() && !().listens() && !Arc::new(()).listens());
}
