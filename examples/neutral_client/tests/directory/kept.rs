//! Answers that are kept, and for how long.

use std::time::Duration;

use mtaio::{RuntimeExt, TaskExecutor};
use mtaio_sim::Sim;
use neutral_client::{Directory, DirectoryConfig, DirectoryError};

use crate::service::{Reaction, Service};
use crate::simulated;

const MINUTE: Duration = Duration::from_secs(60);

#[test]
fn an_answer_is_asked_for_once() {
    simulated(
        |_| Reaction::Answer(200),
        async |rt, service, directory| {
            let asking = directory.clone();
            let ask = async move |_| asking.seats("N55").await.unwrap();
            let answers = TaskExecutor::new(&rt).map(0..20, ask).values().await.unwrap();
            assert_eq!((answers, service.requests()), (vec![Some(55); 20], 1));

            rt.sleep(MINUTE - Duration::from_secs(1)).await;
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
            assert_eq!((service.requests(), directory.stats().answers.loads), (1, 1));

            rt.sleep(Duration::from_secs(1)).await;
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
            assert_eq!(service.requests(), 2);
        },
    );
}

#[test]
fn that_there_is_none_is_forgotten_sooner() {
    simulated(
        |number| Reaction::Answer(if number == 0 { 404 } else { 200 }),
        async |rt, service, directory| {
            for _ in 0..2 {
                assert_eq!(directory.seats("N55").await.unwrap(), None);
            }
            assert_eq!(service.requests(), 1);
            rt.sleep(MINUTE / 4).await;
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
        },
    );
}

#[test]
fn an_old_answer_serves_where_the_service_fails() {
    simulated(
        |number| Reaction::Answer(if number == 0 { 200 } else { 503 }),
        async |rt, service, directory| {
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
            rt.sleep(MINUTE * 2).await;
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
            assert!(service.requests() > 1, "it is asked first");
            rt.sleep(MINUTE * 10).await;
            let error = directory.seats("N55").await.unwrap_err();
            assert!(matches!(error, DirectoryError::Unanswered { .. }), "{error}");
        },
    );
}

#[test]
fn what_is_changed_is_known_at_once() {
    simulated(
        |number| match number {
            2 => Reaction::Answer(404),
            // Refused for good: whether it was changed is not known.
            3 => Reaction::Answer(400),
            _ => Reaction::Answer(200),
        },
        async |_, service, directory| {
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
            assert!(directory.set_seats("N55", 60).await.unwrap());
            assert_eq!(directory.seats("N55").await.unwrap(), Some(60));
            assert_eq!(service.requests(), 2, "one's own change needs no question");

            assert!(!directory.set_seats("N404", 1).await.unwrap());
            assert_eq!(directory.seats("N404").await.unwrap(), None);
            assert_eq!(service.requests(), 3);

            let error = directory.set_seats("N55", 61).await.unwrap_err();
            assert!(matches!(error, DirectoryError::Unchanged { .. }), "{error}");
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55), "it is asked anew");
            assert_eq!(service.requests(), 5);
        },
    );
}

#[test]
fn settings_that_make_no_sense_are_refused() {
    Sim::run(0, |rt| async move {
        for (config, field) in [
            (DirectoryConfig::new().calls(0), "limit"),
            (DirectoryConfig::new().answers_for(Duration::ZERO), "default_ttl"),
            (DirectoryConfig::new().stale_for(Duration::MAX), "stale_on_error"),
        ] {
            let service = Service::new(&rt, |_| Reaction::HangUp);
            let refused = Directory::with_config(&rt, service, config).unwrap_err();
            assert!(refused.to_string().contains(field), "{refused}");
        }
    });
}

#[test]
fn answers_are_kept_for_as_long_as_is_said() {
    Sim::run(0, |rt| async move {
        let service = Service::new(&rt, |_| Reaction::Answer(200));
        let config = DirectoryConfig::new().answers_for(MINUTE * 5).calls(1);
        let directory = Directory::with_config(&rt, service.clone(), config).unwrap();
        for asked in [1, 1, 2] {
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
            assert_eq!(service.requests(), asked);
            rt.sleep(MINUTE * 3).await;
        }
    });
}
