use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime};

use super::attempt::Attempt;
use super::contain::discard;
use super::error::{CloseError, CloseFailure};

/// The closing of one resource, which it holds. Nothing of it runs before it is polled.
pub(super) type Closing = Pin<Box<dyn Future<Output = Result<(), CloseFailure>> + Send>>;

/// What is open in a scope, and what became of the rest.
pub(super) struct Core<R> {
    rt: R,
    /// For closing all of it.
    limit: Option<Duration>,
    list: Mutex<List>,
}

#[derive(Default)]
pub(super) struct List {
    next: Key,
    /// In the order of adding. A guard's place is kept for it.
    open: BTreeMap<Key, Entry>,
    /// When closing has to be done. It counts from when it began, whoever goes on with it.
    deadline: Option<Instant>,
    /// What was closed at the end, not early.
    pub(super) closed: Vec<Cow<'static, str>>,
    pub(super) errors: Vec<CloseError>,
}

pub(super) type Key = u64;

struct Entry {
    name: Cow<'static, str>,
    limit: Option<Duration>,
    /// `None` while somebody has the resource: a guard, or who closes it.
    closing: Option<Closing>,
}

impl<R: Runtime> Core<R> {
    pub(super) fn new(rt: R) -> Self {
        Self { rt, limit: None, list: Mutex::default() }
    }

    pub(super) const fn rt(&self) -> &R {
        &self.rt
    }

    pub(super) const fn set_limit(&mut self, limit: Duration) {
        self.limit = Some(limit);
    }

    /// Takes all that there is, for somebody else to close.
    pub(super) fn take(&mut self) -> Self {
        let list = mem::take(self.list.get_mut().unwrap_or_else(PoisonError::into_inner));
        Self { rt: self.rt.clone(), limit: self.limit, list: Mutex::new(list) }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().open.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.lock().open.len()
    }

    /// A place for a resource that its guard has.
    pub(super) fn add(&self, name: Cow<'static, str>, limit: Option<Duration>) -> Key {
        self.lock().add(Entry { name, limit, closing: None })
    }

    /// A place for what was in another one.
    pub(super) fn add_like(&self, key: Key) -> Key {
        let mut list = self.lock();
        let like = list.open.get(&key).map(|entry| (entry.name.clone(), entry.limit));
        let (name, limit) = like.unwrap_or_default();
        list.add(Entry { name, limit, closing: None })
    }

    pub(super) fn set_limit_of(&self, key: Key, limit: Duration) {
        if let Some(entry) = self.lock().open.get_mut(&key) {
            entry.limit = Some(limit);
        }
    }

    /// Gives a resource back that somebody had.
    pub(super) fn put_back(&self, key: Key, closing: Closing) {
        if let Some(entry) = self.lock().open.get_mut(&key) {
            entry.closing = Some(closing);
        }
    }

    /// Gives a place up, and answers what was there.
    pub(super) fn remove(&self, key: Key) -> Cow<'static, str> {
        self.lock().open.remove(&key).map_or(Cow::Borrowed(""), |entry| entry.name)
    }

    /// How long it may take to close this one early.
    pub(super) fn limit_of(&self, key: Key) -> Option<Duration> {
        let own = self.lock().open.get(&key).and_then(|entry| entry.limit);
        shorter(own, self.limit)
    }

    /// Closes one after the other, the last first. Dropped, it can be called again.
    pub(super) async fn close_all(&self) {
        while let Some((key, closing, limit)) = self.last() {
            let (name, result) = match closing {
                Some(closing) => Attempt::new(self, key, closing, limit).await,
                None => (self.remove(key), Err(CloseFailure::Forgotten)),
            };
            self.lock().note(name, result);
        }
    }

    /// The one to be closed next, and how long that may take: its fair share of the time that is
    /// left. So what takes too long robs nobody, and what is quick leaves its time to the others.
    fn last(&self) -> Option<(Key, Option<Closing>, Option<Duration>)> {
        let mut list = self.lock();
        let left = u32::try_from(list.open.len()).unwrap_or(u32::MAX);
        let (&key, _) = list.open.last_key_value()?;
        let share = self.limit.map(|limit| {
            let now = self.rt.now();
            let deadline = *list.deadline.get_or_insert_with(|| now.saturating_add(limit));
            deadline.saturating_duration_since(now) / left
        });
        let entry = list.open.get_mut(&key)?;
        Some((key, entry.closing.take(), shorter(entry.limit, share)))
    }

    /// Drops what is still open, the last first, and answers what became of everything.
    pub(super) fn give_up(&mut self) -> List {
        let mut list = mem::take(self.list.get_mut().unwrap_or_else(PoisonError::into_inner));
        while let Some((_, entry)) = list.open.pop_last() {
            let failure = match &entry.closing {
                Some(_) => CloseFailure::RuntimeGone,
                None => CloseFailure::Forgotten,
            };
            discard(entry.closing);
            list.note(entry.name, Err(failure));
        }
        list
    }

    /// The errors of what was closed at the end.
    pub(super) fn take_errors(&self) -> Vec<CloseError> {
        mem::take(&mut self.lock().errors)
    }

    fn lock(&self) -> MutexGuard<'_, List> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl List {
    fn add(&mut self, entry: Entry) -> Key {
        let key = self.next;
        self.next += 1;
        self.open.insert(key, entry);
        key
    }

    fn note(&mut self, name: Cow<'static, str>, result: Result<(), CloseFailure>) {
        match result {
            Ok(()) => self.closed.push(name),
            Err(failure) => self.errors.push(CloseError::new(name, failure)),
        }
    }
}

/// The shorter of two limits; `None` is none.
fn shorter(a: Option<Duration>, b: Option<Duration>) -> Option<Duration> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (a, b) => a.or(b),
    }
}
