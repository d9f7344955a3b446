//! Invalidation by events: each of two services keeps a copy of what it has read, and an event says
//! which copies are old. Who has written keeps its own value; the others read anew.
//!
//! ```text
//! cargo run --example cache_invalidation -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

mod common;

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use mtaio::cache::{Invalidate, LoadError, TtlCache};
use mtaio::event::{Event, EventEmitter};
use mtaio::{ConfigError, Runtime, RuntimeExt};

use self::common::Journal;

/// How long the database takes for an answer.
const LATENCY: Duration = Duration::from_millis(20);

/// Somebody has written.
struct DataUpdated {
    writer: &'static str,
    affected_keys: Vec<String>,
    clear_all: bool,
}

impl Event for DataUpdated {
    const NAME: &'static str = "data_updated";
}

/// Where the values come from: slow, and asked as rarely as may be.
#[derive(Clone)]
struct Database<R> {
    rt: R,
    rows: Arc<Mutex<HashMap<String, String>>>,
    asked: Arc<AtomicUsize>,
    journal: Journal,
}

#[derive(Debug, thiserror::Error)]
#[error("there is no {0}")]
struct NoSuchKey(String);

impl<R: Runtime> Database<R> {
    fn new(rt: &R, journal: &Journal) -> Self {
        let (rows, asked) = (Arc::default(), Arc::default());
        Self { rt: rt.clone(), rows, asked, journal: journal.clone() }
    }

    /// What is there when it is asked; the answer takes its time.
    async fn read(&self, key: &str) -> Result<String, NoSuchKey> {
        let row = self.rows.lock().unwrap_or_else(PoisonError::into_inner).get(key).cloned();
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.rt.sleep(LATENCY).await;
        self.journal.note(format_args!("    the database reads {key}"));
        row.ok_or_else(|| NoSuchKey(key.to_owned()))
    }

    /// How often it has been asked.
    fn asked(&self) -> usize {
        self.asked.load(Ordering::SeqCst)
    }

    async fn write(&self, key: &str, value: &str) {
        self.rt.sleep(LATENCY).await;
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.insert(key.to_owned(), value.to_owned());
    }
}

/// A service with copies of its own.
struct Service<R: Runtime> {
    name: &'static str,
    database: Database<R>,
    cache: Arc<TtlCache<String, String, R>>,
    emitter: EventEmitter,
}

impl<R: Runtime> Service<R> {
    fn new(
        rt: &R,
        name: &'static str,
        database: &Database<R>,
        emitter: &EventEmitter,
    ) -> Result<Self, ConfigError> {
        let cache = Arc::new(TtlCache::with_runtime(rt, 100)?);
        cache.invalidate_on(emitter, move |event: &DataUpdated| {
            if event.writer == name {
                Invalidate::Nothing
            } else if event.clear_all {
                Invalidate::All
            } else {
                Invalidate::keys(&event.affected_keys)
            }
        });
        Ok(Self { name, database: database.clone(), cache, emitter: emitter.clone() })
    }

    async fn read(&self, key: &str) -> Result<String, LoadError<NoSuchKey>> {
        self.cache.get_or_load(key, || self.database.read(key)).await
    }

    async fn update(&self, key: &str, value: &str) {
        // Taken before it writes: what another one writes meanwhile voids it.
        let lease = self.cache.lease(key);
        self.database.write(key, value).await;
        if !lease.fill(value.to_owned()) {
            self.cache.invalidate(key);
        }
        self.tell(vec![key.to_owned()], false).await;
    }

    async fn tell(&self, affected_keys: Vec<String>, clear_all: bool) {
        let writer = self.name;
        self.emitter.emit(DataUpdated { writer, affected_keys, clear_all }).await;
    }
}

/// What must happen, on each runtime.
const EXPECTED: [&str; 20] = [
    "both read, twice",
    "    the database reads motto",
    "    the database reads motto",
    "  shop: festina lente, stock: festina lente",
    "  shop: festina lente, stock: festina lente",
    "the shop writes: its own copy stays, the other goes",
    "  in the caches: Some(\"carpe diem\"), None",
    "    the database reads motto",
    "  shop: carpe diem, stock: carpe diem",
    "the stock writes while the shop reads",
    "    the database reads motto",
    "  the shop had asked before: carpe diem",
    "  in the caches: None, Some(\"sapere aude\")",
    "    the database reads motto",
    "  shop: sapere aude, stock: sapere aude",
    "the stock has it all cleared",
    "  in the caches: None, Some(\"sapere aude\")",
    "a key that is not there",
    "    the database reads crest",
    "  the value could not be loaded: there is no crest",
];

async fn copies<R: Runtime>(rt: R, sabotage: bool) -> Result<(), String> {
    let journal = Journal::default();
    let emitter = EventEmitter::new();
    let database = Database::new(&rt, &journal);
    let service = |name| Service::new(&rt, name, &database, &emitter);
    let shop = Arc::new(service("shop").map_err(|error| error.to_string())?);
    let stock = service("stock").map_err(|error| error.to_string())?;
    database.write("motto", "festina lente").await;
    let _deaf = if sabotage { emitter.suppress(DataUpdated::NAME).ok() } else { None };

    let read = async || {
        let (shop, stock) = (shop.read("motto").await, stock.read("motto").await);
        match (shop, stock) {
            (Ok(shop), Ok(stock)) => journal.note(format_args!("  shop: {shop}, stock: {stock}")),
            (Err(error), _) | (_, Err(error)) => journal.note(format_args!("  {error}")),
        }
    };
    let look = || {
        let (shop, stock) = (shop.cache.get("motto"), stock.cache.get("motto"));
        journal.note(format_args!("  in the caches: {shop:?}, {stock:?}"));
    };

    journal.note("both read, twice");
    read().await;
    read().await;

    journal.note("the shop writes: its own copy stays, the other goes");
    shop.update("motto", "carpe diem").await;
    look();
    read().await;

    journal.note("the stock writes while the shop reads");
    shop.cache.invalidate("motto");
    let (reader, asked) = (Arc::clone(&shop), database.asked());
    let reads = rt.spawn(async move { reader.read("motto").await });
    while database.asked() == asked {
        rt.yield_now().await;
    }
    stock.update("motto", "sapere aude").await;
    match reads.await.map_err(|error| error.to_string())? {
        Ok(old) => journal.note(format_args!("  the shop had asked before: {old}")),
        Err(error) => journal.note(format_args!("  {error}")),
    }
    look();
    read().await;

    journal.note("the stock has it all cleared");
    stock.tell(Vec::new(), true).await;
    look();

    journal.note("a key that is not there");
    if let Err(error) = shop.read("crest").await {
        journal.note(format_args!("  {error}"));
    }

    journal.is(&EXPECTED)
}

fn main() -> ExitCode {
    common::run(copies)
}
