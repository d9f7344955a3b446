use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use parking_lot::RwLock;

use crate::config::ConfigError;
use crate::contain::{contain, discard};
use crate::monitor::collector::{Collection, Collector};
use crate::monitor::export::tracing;
use crate::monitor::registry::names;

/// Which collector of a registry it is, so that it can be taken out again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct CollectorId(u64);

/// The collectors of a registry.
#[derive(Default)]
pub(super) struct Collectors {
    all: RwLock<Vec<Entry>>,
    next: AtomicU64,
    panicked: AtomicU64,
    refused: AtomicU64,
}

#[derive(Clone)]
struct Entry {
    id: CollectorId,
    collector: Arc<dyn Collector>,
    /// The names that it told when it was registered.
    names: Arc<[Arc<str>]>,
}

impl Collectors {
    /// Takes a collector, if what it tells goes together with what the others do, and with the
    /// families that `has` knows.
    pub(super) fn add(
        &self,
        collector: Arc<dyn Collector>,
        most: usize,
        has: impl Fn(&str) -> bool,
    ) -> Result<CollectorId, ConfigError> {
        match self.check(&*collector, most, has) {
            Ok(names) => {
                let id = CollectorId(self.next.fetch_add(1, Ordering::Relaxed));
                self.all.write().push(Entry { id, collector, names });
                Ok(id)
            }
            Err(error) => {
                discard(collector);
                Err(error)
            }
        }
    }

    /// The names that it tells, if nothing is wrong with them.
    fn check(
        &self,
        collector: &dyn Collector,
        most: usize,
        has: impl Fn(&str) -> bool,
    ) -> Result<Arc<[Arc<str>]>, ConfigError> {
        let mut told = self.collect();
        told.settle(most);
        // What is wrong with the others already is not the fault of this one.
        told.forgive();
        let mut collection = Collection::default();
        if let Err(panic) = contain(|| collector.collect(&mut collection)) {
            discard(panic);
            let allowed = "a collector that does not panic";
            return Err(ConfigError::new("collector", "one that panicked", allowed));
        }
        let names: Arc<[Arc<str>]> = collection.names().cloned().collect();
        if let Some(name) = names.iter().find(|name| has(name)) {
            return Err(names::taken(name));
        }
        told.absorb(collection);
        told.settle(most);
        told.refused().map_or(Ok(names), |(error, _)| Err(error.clone()))
    }

    pub(super) fn remove(&self, id: CollectorId) -> bool {
        let mut all = self.all.write();
        let at = all.iter().position(|entry| entry.id == id);
        let removed = at.map(|at| all.remove(at));
        drop(all);
        // Its destructor is somebody else's code.
        removed.map(discard).is_some()
    }

    /// Whether one of them told this name when it was registered.
    pub(super) fn tell(&self, name: &str) -> bool {
        self.all.read().iter().any(|entry| entry.names.iter().any(|told| **told == *name))
    }

    /// What all of them tell now.
    pub(super) fn collect(&self) -> Collection {
        self.ask(self.present())
    }

    /// Notes that samples were left out.
    pub(super) fn count_refused(&self, told: &Collection) {
        let refused = told.refused().map_or(0, |(_, times)| *times);
        self.refused.fetch_add(refused as u64, Ordering::Relaxed);
    }

    pub(super) fn len(&self) -> usize {
        self.all.read().len()
    }

    pub(super) fn panicked(&self) -> u64 {
        self.panicked.load(Ordering::Relaxed)
    }

    pub(super) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    fn present(&self) -> Vec<Entry> {
        self.all.read().clone()
    }

    /// No lock is held: a collector may use the registry.
    fn ask(&self, entries: Vec<Entry>) -> Collection {
        let mut told = Collection::default();
        for entry in entries {
            let mut collection = Collection::default();
            match contain(|| entry.collector.collect(&mut collection)) {
                Ok(()) => told.absorb(collection),
                Err(panic) => {
                    self.panicked.fetch_add(1, Ordering::Relaxed);
                    tracing::panicked();
                    discard(panic);
                }
            }
            // It may have been taken out meanwhile, so that this is the last of it.
            discard(entry);
        }
        told
    }
}
