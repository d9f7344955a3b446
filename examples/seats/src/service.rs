use mtaio::event::Event;
use mtaio::{ConfigError, EventEmitter, ResourceScope, Runtime};

use crate::backend::Backend;
use crate::change::AircraftChanged;
use crate::front::Front;
use crate::metrics::Metrics;
use crate::reply::Reply;
use crate::store::Store;

/// All of the service but its sockets. Its clones are the same one.
#[derive(Clone)]
pub struct Service {
    /// What lets requests in.
    pub front: Front,
    /// What it counts.
    pub metrics: Metrics,
    /// Where alerts are told, and what is changed.
    pub emitter: EventEmitter,
    /// Where the answers come from in the end.
    pub store: Store,
    backend: Backend,
}

impl Service {
    /// Opens it on `rt`; `scope` closes it.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if its settings make no sense, which would be a bug of this example.
    pub fn open<R: Runtime>(rt: &R, scope: &ResourceScope) -> Result<Self, ConfigError> {
        let (store, emitter, front) = (Store::new(rt), EventEmitter::new(), Front::new(rt)?);
        let backend = Backend::new(rt, &store, &emitter)?;
        scope.add_with("cache", backend.clone(), async |backend| {
            let stats = backend.stats();
            println!("the cache had {} hits, and {} loads", stats.hits, stats.loads);
        });
        let metrics = Metrics::new(rt, &front, &backend)?;
        scope.add_with("monitor", metrics.watched(rt, &emitter)?, async |monitor| {
            monitor.stop().await;
            monitor.delivered().await;
            println!("the monitor has stopped after {} looks", monitor.stats().looks);
        });
        Ok(Self { front, metrics, emitter, store, backend })
    }

    /// Answers how many seats an aircraft has.
    pub async fn seats(&self, tailnum: &str) -> Reply {
        self.backend.seats(tailnum).await.map_or_else(Reply::from, Reply::seats)
    }

    /// Changes how many it has.
    pub async fn change(&self, tailnum: &str, seats: &str) -> Reply {
        match seats.trim().parse() {
            Ok(seats) => {
                let changed = self.backend.change(tailnum, seats).await;
                changed.map_or_else(Reply::from, Reply::seats)
            }
            Err(_) => Reply::refused(400),
        }
    }

    /// Has nobody hear of changes until `scope` is closed, so that it can be seen that this is
    /// noticed.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] never.
    pub fn sabotage(&self, scope: &ResourceScope) -> Result<(), ConfigError> {
        let deaf = self.emitter.suppress(AircraftChanged::NAME)?;
        scope.add_with("sabotage", deaf, async |deaf| drop(deaf));
        Ok(())
    }
}
