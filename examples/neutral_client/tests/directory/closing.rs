//! The end of a client: by hand, and by the scope of its user.

use std::time::Duration;

use mtaio::scope::CloseFailure;
use mtaio::{ResourceScope, RuntimeExt};
use neutral_client::{CutOff, DirectoryError};

use crate::service::Reaction;
use crate::simulated;

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_shutdown_waits_for_questions_under_way() {
    simulated(
        |number| if number < 3 { Reaction::Answer(503) } else { Reaction::Answer(200) },
        async |rt, service, directory| {
            let asking = directory.clone();
            let question = rt.spawn(async move { asking.seats("N55").await });
            while service.requests() == 0 {
                rt.yield_now().await;
            }
            let closing = directory.clone();
            let closing = rt.spawn(async move { closing.shutdown(SECOND * 5).await });
            rt.sleep(Duration::from_millis(1)).await;
            let late = directory.seats("N56").await;
            assert!(matches!(late, Err(DirectoryError::Closed)), "{late:?}");
            assert!(!question.is_finished(), "it is waited for");

            closing.await.unwrap().unwrap();
            // It was tried again although nobody may ask any more.
            assert_eq!(question.await.unwrap().unwrap(), Some(55));
            assert!(service.requests() == 4 && directory.stats().idle == 0);

            assert!(matches!(directory.seats("N55").await, Err(DirectoryError::Closed)));
            assert!(matches!(directory.set_seats("N55", 1).await, Err(DirectoryError::Closed)));
            rt.sleep(SECOND).await;
            assert_eq!(service.open(), 0, "no connection stays open");
            assert_eq!(directory.shutdown(SECOND).await, Ok(()), "again, it is done at once");
        },
    );
}

#[test]
fn who_is_not_answered_by_then_is_cut_off() {
    simulated(
        |_| Reaction::NoAnswer,
        async |rt, service, directory| {
            // Eight are under way, and two wait for their turn.
            let questions: Vec<_> = (0..10)
                .map(|seats| {
                    let asking = directory.clone();
                    rt.spawn(async move { asking.seats(&format!("N{seats}")).await })
                })
                .collect();
            while directory.stats().calls.waiting < 2 {
                rt.yield_now().await;
            }
            let cut = directory.shutdown(SECOND / 4).await;
            assert_eq!(cut, Err(CutOff { questions: 10 }));
            for question in questions {
                assert!(matches!(question.await.unwrap(), Err(DirectoryError::Closed)));
            }
            rt.sleep(SECOND).await;
            assert_eq!(service.open(), 0);
        },
    );
}

#[test]
fn a_scope_closes_it() {
    simulated(
        |number| if number == 0 { Reaction::Answer(200) } else { Reaction::NoAnswer },
        async |rt, _, directory| {
            let outcome = ResourceScope::new(&rt)
                .run(async |scope| {
                    let directory = scope.add("directory", directory.clone());
                    directory.seats("N55").await.unwrap()
                })
                .await;
            assert_eq!(outcome.into_value().unwrap(), Some(55));
            assert!(matches!(directory.seats("N55").await, Err(DirectoryError::Closed)));
        },
    );
    simulated(
        |_| Reaction::NoAnswer,
        async |rt, service, directory| {
            let scope = ResourceScope::new(&rt);
            let asking = scope.add("directory", directory.clone()).clone();
            let question = rt.spawn(async move { asking.seats("N55").await });
            while service.requests() == 0 {
                rt.yield_now().await;
            }
            let errors = scope.close().await.unwrap_err();
            let failure = errors.as_slice()[0].failure();
            let CloseFailure::Failed(error) = failure else { panic!("{failure}") };
            assert_eq!(error.to_string(), "1 under way were cut off");
            assert!(question.await.unwrap().is_err());
        },
    );
}
