//! What a day brings, and what must come of it.

mod asking;
mod error;

pub use self::error::DayError;

use std::time::Duration;

use futures_util::StreamExt;
use mtaio::event::EventStream;
use mtaio::monitor::{Alert, AlertState};
use mtaio::queue::Overflow;
use mtaio::time::timeout;
use mtaio::{CancellationToken, Runtime, RuntimeExt, TaskExecutor};
use neutral_client::{Connect, Directory, DirectoryConfig};

use self::asking::check;
use crate::backend::Backend;
use crate::page::Page;
use crate::service::Service;
use crate::store::{Condition, Store};

/// Clients, the questions of each, and how many it asks at once.
const CLIENTS: usize = 4;
const QUESTIONS: usize = 50;
const AT_ONCE: usize = 16;

/// How long anything is waited for that must happen.
const PATIENCE: Duration = Duration::from_secs(20);

/// Has clients work for a day with the service that `connector` reaches, breaks its store, and says
/// at the end that it is to stop: until then by anybody, the day is over early.
///
/// # Errors
///
/// [`DayError`] if something was not as it must be.
pub async fn work_a_day<R: Runtime, C: Connect + Clone>(
    rt: &R,
    service: &Service,
    connector: C,
    stop: &CancellationToken,
) -> Result<(), DayError> {
    let alerts = service.emitter.of::<Alert>().stream(Overflow::DropOldest(16))?;
    let mut day = Day { rt, service, connector, alerts };
    let Some(worked) = stop.run_until_cancelled(day.work()).await else {
        println!("the day is over early");
        return Ok(());
    };
    worked?;
    day.stop(stop).await
}

struct Day<'a, R: Runtime, C: Connect> {
    rt: &'a R,
    service: &'a Service,
    connector: C,
    alerts: EventStream<Alert>,
}

impl<R: Runtime, C: Connect + Clone> Day<'_, R, C> {
    async fn work(&mut self) -> Result<(), DayError> {
        self.many_ask().await?;
        self.seats_are_changed().await?;
        self.the_store_is_down().await?;
        self.the_store_is_up_again().await?;
        self.it_was_all_counted().await
    }

    async fn many_ask(&self) -> Result<(), DayError> {
        let known = Store::tailnums().map(|(tailnum, seats)| (tailnum, Some(seats)));
        let questions: Vec<_> = known.chain([("N404", None)]).cycle().take(QUESTIONS).collect();
        let few = DirectoryConfig::new().calls(4);
        let clients = (0..CLIENTS)
            .map(|_| Directory::with_config(self.rt, self.connector.clone(), few))
            .collect::<Result<Vec<_>, _>>()?;
        let all = clients.iter().flat_map(|client| {
            let ask = |(tailnum, _): &(&'static str, _)| (client.clone(), *tailnum);
            questions.iter().map(ask)
        });
        let all: Vec<_> = all.collect();
        let ask = async |(client, tailnum): (Directory<C>, &str)| client.seats(tailnum).await;
        let answers = TaskExecutor::new(self.rt).limit(CLIENTS * AT_ONCE)?.map(all, ask).await?;
        let expected = questions.iter().cycle();
        for (answered, (tailnum, expected)) in answers.iter().zip(expected) {
            check(tailnum, *answered, *expected)?;
        }
        for client in clients {
            client.shutdown(PATIENCE).await?;
        }
        println!("{} questions were answered", answers.len());
        Ok(())
    }

    /// What is changed is known to everybody at once. Twice, so that no copy can be old enough to be
    /// forgotten by itself.
    async fn seats_are_changed(&self) -> Result<(), DayError> {
        for seats in [60, 61] {
            let changed = self.client()?.set_seats("N10156", seats).await?;
            check("N10156", changed.then_some(seats), Some(seats))?;
            self.ask("N10156", seats).await?;
        }
        println!("seats were changed, and everybody knows");
        Ok(())
    }

    /// Nobody notices but the monitor: what was answered before is answered still.
    async fn the_store_is_down(&mut self) -> Result<(), DayError> {
        self.rt.sleep(Backend::ANSWERS_FOR).await;
        self.service.store.set_condition(Condition::Down);
        self.service.store.set_behind_our_back("N102UW", 183);
        for (tailnum, seats) in Store::tailnums().filter(|(tailnum, _)| *tailnum != "N10156") {
            self.ask(tailnum, seats).await?;
        }
        self.is_told(AlertState::Firing).await
    }

    async fn the_store_is_up_again(&mut self) -> Result<(), DayError> {
        self.service.store.set_condition(Condition::Usual);
        // A breaker tries again when somebody asks.
        let asking = self.keep_asking();
        self.is_told(AlertState::Resolved).await?;
        drop(asking);
        // The store still fails now and then, and an old answer is one.
        for _ in 0..5 {
            self.rt.sleep(Backend::ANSWERS_FOR).await;
            if self.ask("N102UW", 183).await.is_ok() {
                break;
            }
        }
        self.ask("N102UW", 183).await
    }

    async fn it_was_all_counted(&self) -> Result<(), DayError> {
        let page = Page::fetch(&self.connector).await?;
        for (series, least) in [
            ("seats_answers_total{status=\"200\"}", 20.0),
            ("seats_answers_total{status=\"404\"}", 1.0),
            ("seats_answer_seconds_count", 20.0),
            ("mtaio_cache_hits_total{name=\"seats\"}", 1.0),
            ("mtaio_cache_loads_total{name=\"seats\"}", 9.0),
            ("mtaio_cache_removals_total{name=\"seats\"}", 1.0),
            ("mtaio_policy_retries_total{name=\"store\"}", 1.0),
            ("mtaio_breaker_opened_total{name=\"store\"}", 1.0),
            ("mtaio_breaker_state{name=\"store\",state=\"closed\"}", 1.0),
            ("mtaio_rate_limit_waiting{name=\"front\"}", 0.0),
            ("mtaio_concurrency_limit_in_use{name=\"front\"}", 0.0),
            ("mtaio_emitter_emitted_total{name=\"events\"}", 2.0),
        ] {
            page.has(series, least)?;
        }
        println!("the metrics tell of it");
        Ok(())
    }

    /// Who asked before it stops is answered.
    async fn stop(&self, stop: &CancellationToken) -> Result<(), DayError> {
        self.service.store.set_condition(Condition::Slow);
        let client = self.client()?;
        self.rt.sleep(Backend::ANSWERS_FOR).await;
        let question = self.rt.spawn(async move { client.seats("N11106").await });
        while self.service.front.slots.stats().in_use == 0 && !question.is_finished() {
            self.rt.yield_now().await;
        }
        stop.cancel();
        check("N11106", question.await??, Some(55))?;
        println!("it was said that it is to stop, and who had asked was answered");
        Ok(())
    }

    async fn is_told(&mut self, state: AlertState) -> Result<(), DayError> {
        let alert = timeout(self.rt, PATIENCE, self.alerts.next()).await.ok().flatten();
        match alert {
            Some(alert) if alert.state == state && &*alert.name == "store_down" => Ok(()),
            _ => Err(DayError::NotTold(if state == AlertState::Firing { "down" } else { "up" })),
        }
    }
}
