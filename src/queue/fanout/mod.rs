use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Poll, Wake, Waker};

use slab::Slab;

use self::copies::Copies;
use self::mailbox::Mailbox;
pub(crate) use self::mailbox::{Parcel, Single};
pub(crate) use self::publish::Publish;
pub(crate) use self::tap::{Tap, TapStats};
use super::line::{Line, lock};
use super::overflow::Overflow;
use super::wakes::Wakes;
use crate::config::ConfigError;

mod copies;
mod mailbox;
mod publish;
mod tap;

/// From one to many: what is published goes to all who subscribed, or to some of them, and each
/// takes it at a pace, and has a way out when full, of its own.
///
/// Each has a mailbox. What is published is cloned before the lock is taken, once for each, and a
/// reader takes what is there in bursts: both ends pay for the lock once in many items, and no
/// foreign code runs under it.
///
/// A publish is all or nothing: it waits until there is room with each of those who want it to
/// wait, and then all get it at once. It waits in the line of the first of them that is full.
pub(crate) struct Fanout<T> {
    state: Mutex<State<T>>,
    /// How many mailboxes there are, as far as that can be known without the lock.
    count: AtomicUsize,
}

struct State<T> {
    mailboxes: Slab<Mailbox<T>>,
    /// The number of the next mailbox.
    next: u64,
    /// How many items have been published.
    published: u64,
    is_closed: bool,
}

/// Tells a mailbox from all others, also from one that came into its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TapKey {
    index: usize,
    number: u64,
}

/// Who is to get something.
#[derive(Clone, Copy, Debug)]
pub(crate) enum To<'a> {
    /// Everybody who is there when it is published.
    All,
    /// These, as far as they are still there.
    Only(&'a [TapKey]),
}

/// What became of what was published, in mailboxes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Published {
    /// Those that took all of it.
    pub(crate) taken: usize,
    /// Those that dropped something for it: the oldest, or some of it.
    pub(crate) dropped: usize,
    /// Those that refused some of it, by [`Overflow::Error`].
    pub(crate) refused: usize,
}

/// A place in the line of a mailbox.
struct Place {
    at: TapKey,
    place: Option<usize>,
}

/// What kept a parcel from being published.
enum Not {
    /// More copies are needed than there are.
    Copied(usize),
    /// This mailbox has no room.
    Room(TapKey),
    /// Nothing is published any more.
    Open,
}

impl<T> Fanout<T> {
    pub(crate) const fn new() -> Self {
        let state = State { mailboxes: Slab::new(), next: 0, published: 0, is_closed: false };
        Self { state: Mutex::new(state), count: AtomicUsize::new(0) }
    }

    /// A mailbox for what is published from now on. The answer is its number; a [`Tap`] reads it.
    pub(super) fn open(&self, overflow: Overflow) -> Result<TapKey, ConfigError> {
        overflow.check("overflow")?;
        let mut state = lock(&self.state);
        let number = state.next;
        state.next += 1;
        let index = state.mailboxes.insert(Mailbox::new(number, overflow));
        self.count.store(state.mailboxes.len(), Ordering::Relaxed);
        Ok(TapKey { index, number })
    }

    /// How many could be published now without a wait: the least room of those who want it to wait,
    /// none if there are no such.
    pub(crate) fn room(&self) -> Option<usize> {
        let state = lock(&self.state);
        let waits = state.mailboxes.iter().filter(|(_, mailbox)| mailbox.waits());
        waits.map(|(_, mailbox)| mailbox.room()).min()
    }

    /// How many could be published now without a loss for who is not behind already: the least room
    /// of those that have any.
    pub(crate) fn spare(&self) -> Option<usize> {
        let state = lock(&self.state);
        let rooms = state.mailboxes.iter().map(|(_, mailbox)| mailbox.room());
        rooms.filter(|room| *room > 0).min()
    }

    /// How many items have been published.
    pub(crate) fn published(&self) -> u64 {
        lock(&self.state).published
    }

    /// How many read.
    pub(crate) fn len(&self) -> usize {
        lock(&self.state).mailboxes.len()
    }

    /// Ends it: nothing is published any more, and readers end when they have read what is there.
    pub(crate) fn close(&self) {
        let mut wakes = Wakes::default();
        let mut state = lock(&self.state);
        state.is_closed = true;
        for (_, mailbox) in &mut state.mailboxes {
            mailbox.end(&mut wakes);
        }
        drop(state);
        wakes.wake();
    }

    pub(crate) fn is_closed(&self) -> bool {
        lock(&self.state).is_closed
    }

    /// Wakes all who wait for something to read.
    pub(crate) fn wake_readers(&self) {
        let mut wakes = Wakes::default();
        let mut state = lock(&self.state);
        for (_, mailbox) in &mut state.mailboxes {
            mailbox.wake_reader(&mut wakes);
        }
        drop(state);
        wakes.wake();
    }

    /// Takes a mailbox away, with what is in it.
    fn shut(&self, key: TapKey) {
        let mut wakes = Wakes::default();
        let mut state = lock(&self.state);
        let mut gone = state.take(key);
        if let Some(mailbox) = &mut gone {
            mailbox.end(&mut wakes);
        }
        self.count.store(state.mailboxes.len(), Ordering::Relaxed);
        drop(state);
        // What is in it is foreign.
        drop(gone);
        wakes.wake();
    }
}

impl<T: Clone> Fanout<T> {
    /// Publishes `item` once there is room for it. See [`Publish`].
    pub(crate) fn publish<'a>(&'a self, to: To<'a>, item: T) -> Publish<'a, T> {
        Publish::new(self, to, item)
    }

    /// As [`publish`](Self::publish), without waiting; and for many at once. Gives the parcel back
    /// when it would have to wait, or when nothing is published any more.
    pub(crate) fn try_publish<P: Parcel<T>>(&self, to: To<'_>, parcel: P) -> Result<Published, P> {
        let mut copies = Copies::new(parcel);
        match self.attempt(to, &mut None, &mut copies, None) {
            Poll::Ready(Ok(published)) => Ok(published),
            Poll::Ready(Err(())) | Poll::Pending => {
                let original = copies.take_original();
                Err(original.unwrap_or_else(|| unreachable!("only a publish hands it out")))
            }
        }
    }

    /// As [`try_publish`](Self::try_publish), to one reader: no copy is made.
    pub(crate) fn try_publish_to(&self, key: TapKey, item: T) -> Result<Published, T> {
        let (mut wakes, mut garbage) = (Wakes::default(), Vec::new());
        let mut published = Published::default();
        let mut state = lock(&self.state);
        if state.is_closed {
            drop(state);
            return Err(item);
        }
        if let Some(mailbox) = state.mailbox(key) {
            if admit(mailbox, key, &None, 1).is_err() {
                drop(state);
                return Err(item);
            }
            mailbox.take_in(&mut Some(Single(item)), &mut garbage, &mut published, &mut wakes);
        }
        state.published += 1;
        drop(state);
        drop(garbage);
        wakes.wake();
        Ok(published)
    }

    /// Publishes, or waits at the mailbox that has no room where there is a waker to wait with.
    fn attempt<P: Parcel<T>>(
        &self,
        to: To<'_>,
        place: &mut Option<Place>,
        copies: &mut Copies<P, T>,
        waker: Option<&Waker>,
    ) -> Poll<Result<Published, ()>> {
        let expected = match to {
            To::All => self.count.load(Ordering::Relaxed),
            To::Only(keys) => keys.len(),
        };
        // Clones are foreign code, and so are those of wakers.
        copies.grow_to(expected);
        let mut cloned = None;
        loop {
            let mut wakes = Wakes::default();
            let mut state = lock(&self.state);
            let not = match state.deliver(to, place, copies, &mut wakes) {
                Ok(published) => {
                    drop(state);
                    wakes.wake();
                    return Poll::Ready(Ok(published));
                }
                Err(not) => not,
            };
            match (not, waker) {
                (Not::Copied(needed), _) => {
                    drop(state);
                    copies.grow_to(needed);
                }
                (Not::Open, _) => return Poll::Ready(Err(())),
                (Not::Room(_), None) => return Poll::Pending,
                (Not::Room(at), Some(waker)) => {
                    if cloned.is_none() && !state.knows(at, place, waker) {
                        drop(state);
                        cloned = Some(waker.clone());
                        continue;
                    }
                    let replaced =
                        cloned.and_then(|cloned| state.wait(at, place, cloned, &mut wakes));
                    drop(state);
                    drop(replaced);
                    wakes.wake();
                    return Poll::Pending;
                }
            }
        }
    }

    /// Gives up a place; a turn that goes with it is the next one's.
    fn leave(&self, place: Place) {
        let mut wakes = Wakes::default();
        let left = lock(&self.state).leave(place, &mut wakes);
        drop(left);
        wakes.wake();
    }
}

/// As the waker of a source that any of the readers may poll.
impl<T: Send + 'static> Wake for Fanout<T> {
    fn wake(self: Arc<Self>) {
        self.wake_readers();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.wake_readers();
    }
}

impl<T> State<T> {
    fn mailbox(&mut self, key: TapKey) -> Option<&mut Mailbox<T>> {
        self.mailboxes.get_mut(key.index).filter(|mailbox| mailbox.number == key.number)
    }

    fn take(&mut self, key: TapKey) -> Option<Mailbox<T>> {
        self.mailbox(key)?;
        self.mailboxes.try_remove(key.index)
    }

    fn deliver<P: Parcel<T>>(
        &mut self,
        to: To<'_>,
        place: &mut Option<Place>,
        copies: &mut Copies<P, T>,
        wakes: &mut Wakes,
    ) -> Result<Published, Not> {
        if self.is_closed {
            *place = None;
            return Err(Not::Open);
        }
        let needed = match to {
            To::All => self.mailboxes.len(),
            To::Only(keys) => keys.len(),
        };
        if needed > copies.len() {
            return Err(Not::Copied(needed));
        }
        let (size, mut published) = (copies.size(), Published::default());
        match to {
            To::All => {
                for (index, mailbox) in &self.mailboxes {
                    admit(mailbox, TapKey { index, number: mailbox.number }, place, size)?;
                }
                for (_, mailbox) in &mut self.mailboxes {
                    put(mailbox, place, copies, &mut published, wakes);
                }
            }
            To::Only(keys) => {
                for &key in keys {
                    if let Some(mailbox) = self.mailbox(key) {
                        admit(mailbox, key, place, size)?;
                    }
                }
                for &key in keys {
                    if let Some(mailbox) = self.mailbox(key) {
                        put(mailbox, place, copies, &mut published, wakes);
                    }
                }
            }
        }
        *place = None;
        self.published += size as u64;
        Ok(published)
    }

    /// Whether `place` waits at `at` already for that one to be woken.
    fn knows(&mut self, at: TapKey, place: &Option<Place>, waker: &Waker) -> bool {
        let held = place.as_ref().filter(|place| place.at == at).and_then(|place| place.place);
        self.mailbox(at).is_some_and(|mailbox| mailbox.putters.knows(held, waker))
    }

    /// Waits at `at`, and no longer elsewhere. The answer is to be dropped without the lock.
    fn wait(
        &mut self,
        at: TapKey,
        place: &mut Option<Place>,
        waker: Waker,
        wakes: &mut Wakes,
    ) -> Option<Waker> {
        let elsewhere = place.take_if(|place| place.at != at);
        let left = elsewhere.and_then(|place| self.leave(place, wakes));
        let here = place.get_or_insert(Place { at, place: None });
        let replaced =
            self.mailbox(at).and_then(|mailbox| mailbox.putters.wait(&mut here.place, waker));
        // Of a place that was just made there is none to replace.
        left.or(replaced)
    }

    fn leave(&mut self, place: Place, wakes: &mut Wakes) -> Option<Waker> {
        let held = place.place?;
        let is_closed = self.is_closed;
        let mailbox = self.mailbox(place.at).filter(|_| !is_closed)?;
        let left = mailbox.putters.leave(held);
        mailbox.call_putters(wakes);
        left
    }
}

/// Whether a parcel may go into `mailbox` now.
fn admit<T>(
    mailbox: &Mailbox<T>,
    key: TapKey,
    place: &Option<Place>,
    size: usize,
) -> Result<(), Not> {
    let held = place.as_ref().filter(|place| place.at == key).and_then(|place| place.place);
    if !mailbox.waits() || mailbox.putters.has_turn(held, mailbox.room() >= size) {
        return Ok(());
    }
    Err(Not::Room(key))
}

/// Puts a copy into `mailbox`, where it may go.
fn put<T, P: Parcel<T>>(
    mailbox: &mut Mailbox<T>,
    place: &mut Option<Place>,
    copies: &mut Copies<P, T>,
    published: &mut Published,
    wakes: &mut Wakes,
) {
    if let Some(place) = place.as_mut().filter(|place| place.at.number == mailbox.number) {
        mailbox.putters.take_turn(&mut place.place, true);
    }
    let (copy, garbage) = copies.next();
    mailbox.take_in(copy, garbage, published, wakes);
}

#[cfg(test)]
mod tests;
