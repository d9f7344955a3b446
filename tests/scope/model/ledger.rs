use std::collections::BTreeMap;
use std::future::pending;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mtaio::scope::{AsyncClose, CloseError, CloseFailure};
use mtaio::{DynRuntime, RuntimeExt};

/// What happened to each resource, and what was told of it.
#[derive(Clone, Default)]
pub struct Ledger(Arc<Mutex<Book>>);

#[derive(Default)]
struct Book {
    records: Vec<Record>,
    body_over: bool,
    /// The places of those whose closing began after the body was over, in that order.
    late: Vec<usize>,
    /// What was told in the end, by name. A replacement has the name of what it replaced.
    told: BTreeMap<String, Vec<&'static str>>,
}

#[derive(Debug, Default)]
struct Record {
    way: Way,
    name: usize,
    /// Its place in the order of closing.
    place: usize,
    begun: usize,
    panics: bool,
    ended: usize,
    dropped: usize,
    released: bool,
    forgotten: bool,
    /// What those were told who closed it early.
    told: Vec<&'static str>,
}

/// How a resource closes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Way {
    #[default]
    AtOnce,
    Yields(u64),
    Sleeps(Duration),
    Fails,
    Panics,
    PanicsWhenDropped,
    Hangs,
}

pub struct Resource {
    pub number: usize,
    way: Way,
    ledger: Ledger,
    rt: DynRuntime,
}

const CLOSED: &str = "closed";

impl Ledger {
    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A resource for the place that a scope gives to the next one. Its name is its number.
    pub fn resource(&self, rt: &DynRuntime, way: Way) -> Resource {
        let mut book = self.book();
        let number = book.records.len();
        book.records.push(Record { way, name: number, place: number, ..Record::default() });
        Resource { number, way, ledger: self.clone(), rt: rt.clone() }
    }

    /// `new` takes the name and the place of `old`, which gets the place of the next one.
    pub fn replaced(&self, old: usize, new: usize) {
        let records = &mut self.book().records;
        records[new].name = records[old].name;
        records[new].place = std::mem::replace(&mut records[old].place, new);
    }

    pub fn released(&self, number: usize) {
        self.book().records[number].released = true;
    }

    pub fn forgotten(&self, number: usize) {
        self.book().records[number].forgotten = true;
    }

    pub fn body_over(&self) {
        self.book().body_over = true;
    }

    /// What came of closing one of them early.
    pub fn told(&self, number: usize, result: &Result<(), CloseError>) {
        let fate = result.as_ref().map_or_else(fate, |()| CLOSED);
        self.book().records[number].told.push(fate);
    }

    /// Who was closed in the end, where that is listed.
    pub fn told_closed(&self, name: &str) {
        self.book().told.entry(name.to_owned()).or_default().push(CLOSED);
    }

    /// Who was not closed in the end.
    pub fn told_errors(&self, errors: &[CloseError]) {
        for error in errors {
            let mut book = self.book();
            book.told.entry(error.resource().to_owned()).or_default().push(fate(error));
        }
    }

    /// What must hold when all is over, where `unfinished` was told of closings that did not end.
    pub fn check(&self, closed_are_listed: bool, unfinished: &'static str) {
        let mut book = self.book();
        let mut expected: BTreeMap<String, Vec<_>> = BTreeMap::new();
        for (number, record) in book.records.iter().enumerate() {
            record.check(number, unfinished);
            let fate = record.fate(unfinished);
            let listed = closed_are_listed || fate != CLOSED;
            if listed && !record.released && record.told.is_empty() {
                expected.entry(record.name.to_string()).or_default().push(fate);
            }
        }
        expected.values_mut().chain(book.told.values_mut()).for_each(|fates| fates.sort_unstable());
        assert_eq!(book.told, expected, "{:#?}", book.records);
        assert!(book.late.is_sorted_by(|a, b| a > b), "closed in the order {:?}", book.late);
    }
}

fn fate(error: &CloseError) -> &'static str {
    match error.failure() {
        CloseFailure::Failed(_) => "failed",
        CloseFailure::Panicked(_) => "panicked",
        CloseFailure::TimedOut(_) => "timed out",
        CloseFailure::Forgotten => "forgotten",
        CloseFailure::RuntimeGone => "gone",
        _ => "what can't be",
    }
}

impl Record {
    /// What must be told of it, by what happened to it; not if it was released.
    fn fate(&self, unfinished: &'static str) -> &'static str {
        match self.way {
            _ if self.forgotten => "forgotten",
            _ if self.begun == 0 && unfinished == "gone" => "gone",
            _ if self.begun == 0 => "never closed",
            _ if self.panics => "panicked",
            _ if self.ended == 0 => unfinished,
            Way::Fails => "failed",
            _ => CLOSED,
        }
    }

    fn check(&self, number: usize, unfinished: &'static str) {
        let holds = |what: &str, holds: bool| assert!(holds, "{number}: {what}: {self:?}");
        holds("dropped once, or leaked", self.dropped == usize::from(!self.forgotten));
        holds("closed at most once", self.begun <= 1 && self.ended <= self.begun);
        let lost = self.released || self.forgotten;
        holds("not closed by a scope that has lost it", !lost || self.begun == 0);
        holds("told at most once", self.told.len() <= usize::from(!lost));
        holds("told what happened", self.told.iter().all(|told| *told == self.fate(unfinished)));
    }
}

impl AsyncClose for Resource {
    type Error = &'static str;

    async fn close(self) -> Result<(), &'static str> {
        self.begin();
        match self.way {
            Way::AtOnce => {}
            Way::Yields(times) => {
                for _ in 0..times {
                    self.rt.yield_now().await;
                }
            }
            Way::Sleeps(long) => self.rt.sleep(long).await,
            Way::Fails | Way::Panics | Way::PanicsWhenDropped => self.rt.yield_now().await,
            Way::Hangs => pending().await,
        }
        {
            let record = &mut self.ledger.book().records[self.number];
            record.panics = matches!(self.way, Way::Panics | Way::PanicsWhenDropped);
            record.ended += 1;
        }
        assert!(self.way != Way::Panics, "in a closing");
        if self.way == Way::Fails { Err("it fails") } else { Ok(()) }
    }
}

impl Resource {
    fn begin(&self) {
        let mut book = self.ledger.book();
        book.records[self.number].begun += 1;
        if book.body_over {
            let place = book.records[self.number].place;
            book.late.push(place);
        }
    }
}

impl Drop for Resource {
    fn drop(&mut self) {
        let begun = {
            let record = &mut self.ledger.book().records[self.number];
            record.dropped += 1;
            record.begun > 0
        };
        // (A panic while there is one already would end the process.)
        if begun && self.way == Way::PanicsWhenDropped && !std::thread::panicking() {
            panic!("in a destructor");
        }
    }
}
