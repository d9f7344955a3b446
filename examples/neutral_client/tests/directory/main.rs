//! The client against a scripted service, in the simulator: sockets are lines in memory, and hours
//! of waiting take no time.

#![allow(clippy::expect_used, clippy::unwrap_used, unreachable_pub, reason = "a test may fail")]

mod closing;
mod duplex;
mod kept;
mod service;

use std::future::Future;
use std::time::Duration;

use mtaio::policy::PolicyError;
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Cancel, Explore, Faults, Schedule, Sim};
use neutral_client::{CallError, Directory, DirectoryError, Health};

use self::service::{Reaction, Service};

/// Runs the scenario in many orders, with polls for nothing and late timers.
#[track_caller]
fn simulated<F: Future<Output = ()>>(
    reaction: fn(usize) -> Reaction,
    scenario: impl Fn(Sim, Service, Directory<Service>) -> F,
) {
    let faults = Faults::new().spurious_polls(0.1).late_timers(Duration::from_millis(2));
    for explore in [
        Explore::new().seeds(0..50),
        Explore::new().seeds(0..50).policy(Schedule::Pct(3)).faults(faults),
    ] {
        Sim::explore(explore, |rt| {
            let service = Service::new(&rt, reaction);
            let directory = Directory::new(&rt, service.clone()).expect("its settings make sense");
            scenario(rt, service, directory)
        });
    }
}

#[test]
fn it_answers_what_the_service_answers() {
    simulated(
        |number| Reaction::Answer(if number == 1 { 404 } else { 200 }),
        async |_, service, directory| {
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
            assert_eq!(directory.seats("N56").await.unwrap(), None);
            assert_eq!(directory.seats("N57").await.unwrap(), Some(57));
            assert_eq!(service.connections(), 1, "a connection is used again");
        },
    );
}

#[test]
fn a_connection_gone_stale_costs_no_attempt() {
    simulated(
        |_| Reaction::AnswerAndHangUp,
        async |rt, service, directory| {
            for seats in 1..=5 {
                assert_eq!(directory.seats(&format!("N{seats}")).await.unwrap(), Some(seats));
                rt.sleep(Duration::from_secs(1)).await;
            }
            assert_eq!((service.requests(), service.connections()), (5, 5));
        },
    );
}

#[test]
fn what_may_pass_is_tried_again() {
    simulated(
        |number| match number {
            0 => Reaction::Answer(503),
            1 => Reaction::HangUp,
            2 => Reaction::NoAnswer,
            _ => Reaction::Answer(200),
        },
        async |rt, service, directory| {
            let begun = rt.now();
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
            assert_eq!(service.requests(), 4);
            let took = rt.now() - begun;
            assert!(took >= Duration::from_millis(500), "one was given up after {took:?}");
            assert!(took < Duration::from_secs(1), "{took:?}");
        },
    );
}

#[test]
fn it_comes_again_when_it_is_told_to() {
    simulated(
        |number| if number == 0 { Reaction::Later(2) } else { Reaction::Answer(200) },
        async |rt, _, directory| {
            let begun = rt.now();
            assert_eq!(directory.seats("N55").await.unwrap(), Some(55));
            assert!(rt.now() - begun >= Duration::from_secs(2));
        },
    );
}

#[test]
fn a_service_that_never_answers_is_given_up() {
    simulated(
        |_| Reaction::NoAnswer,
        async |rt, service, directory| {
            let begun = rt.now();
            let error = directory.seats("N55").await.unwrap_err();
            assert!(error.to_string().contains("N55"), "{error}");
            assert!(rt.now() - begun <= Duration::from_secs(11), "{:?}", rt.now() - begun);
            assert!((2..=10).contains(&service.requests()));
        },
    );
}

#[test]
fn it_tells_how_the_service_does() {
    simulated(
        |number| Reaction::Answer(if number < 100 { 503 } else { 200 }),
        async |rt, service, directory| {
            let mut health = directory.watch_health();
            assert_eq!(directory.health(), Health::Up);
            let mut told = Vec::new();
            for seats in 1.. {
                let answer = directory.seats(&format!("N{seats}")).await;
                if health.has_changed() {
                    told.push(*health.latest());
                }
                if answer.is_ok() {
                    break;
                }
                assert!(service.requests() <= 110, "it is asked for ever");
                rt.sleep(Duration::from_secs(10)).await;
            }
            assert!(told.contains(&Health::Down), "{told:?}");
            let stats = directory.stats().breaker;
            assert!(stats.opened >= 1 && stats.refused >= 1, "{stats:?}");
            rt.sleep(Duration::from_secs(60)).await;
            for seats in 1_000..1_003 {
                directory.seats(&format!("N{seats}")).await.unwrap();
            }
            assert_eq!(directory.health(), Health::Up);
            drop(directory);
            while let Some(now) = health.changed().await {
                told.push(*now);
            }
            assert_eq!(told.last(), Some(&Health::Up), "{told:?}");
        },
    );
}

#[test]
fn what_is_no_answer_is_an_error_at_once() {
    for reaction in [|_| Reaction::NoHttp, |_| Reaction::NoLength, |_| Reaction::Answer(418)] {
        simulated(reaction, async |_, service, directory| {
            let error = directory.seats("N55").await.unwrap_err();
            let DirectoryError::Unanswered { error, .. } = error else { panic!("{error}") };
            let called = error.failure().and_then(PolicyError::failed);
            assert!(
                matches!(
                    called,
                    Some(CallError::Protocol(_) | CallError::Status { code: 418, .. })
                ),
                "{error}"
            );
            assert_eq!(service.requests(), 1);
        });
    }
}

#[test]
fn what_is_no_tailnum_is_refused_before_anybody_is_asked() {
    simulated(
        |_| Reaction::Answer(200),
        async |_, service, directory| {
            for tailnum in ["", "N1/../admin", "N1 HTTP/1.1\r\n", "N12345678"] {
                let error = directory.seats(tailnum).await.unwrap_err();
                assert!(matches!(&error, DirectoryError::Tailnum(told) if told == tailnum));
            }
            assert_eq!(service.connections(), 0);
        },
    );
}

/// Many ask at once, and one of them is dropped, at any of its polls: nobody gets the answer that
/// was its own.
#[test]
fn a_dropped_question_takes_its_answer_with_it() {
    let explore = Explore::new().seeds(0..10).cancel(Cancel::AtEveryAwait("dropped"));
    Sim::explore(explore, |rt| async move {
        let service = Service::new(&rt, |_| Reaction::Answer(200));
        let directory = Directory::new(&rt, service).expect("its settings make sense");
        let tasks: Vec<_> = (1..=6_u32)
            .map(|seats| {
                let directory = directory.clone();
                rt.spawn_named(if seats == 3 { "dropped" } else { "kept" }, async move {
                    let tailnum = format!("N{seats}");
                    for _ in 0..3 {
                        assert_eq!(directory.seats(&tailnum).await.unwrap(), Some(seats));
                    }
                })
            })
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            let ended = task.await;
            assert!(ended.is_ok() || number == 2, "{ended:?}");
        }
    });
}
