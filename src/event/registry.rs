use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::pin::Pin;
use std::sync::Arc;

use slab::Slab;

use super::any_event::AnyEvent;
use super::call::Call;
use super::heard::{Heard, Names};
use super::lane::Lane;
use super::listener::Entry;
use super::name::{ByKey, Key, Passing};
use super::pattern::{Pattern, Patterns};

/// What one listens for.
#[derive(Clone)]
pub(super) enum Select {
    Exact(Key<'static>),
    Pattern(Pattern),
}

impl Select {
    pub(super) fn takes(&self, event: &AnyEvent) -> bool {
        match self {
            Self::Exact(key) => *key == event.key(),
            Self::Pattern(pattern) => pattern.matches(event.name()),
        }
    }
}

/// Those whom an event is for, in order. It never changes: who comes or goes makes a new one.
pub(super) type List = Arc<[Arc<Entry>]>;

/// Memory for a call of each of a [`List`], as far as it has been needed.
pub(super) type Calls = Vec<Option<Pin<Box<dyn Call>>>>;

/// Who listens, and for what.
pub(super) struct Registry {
    exact: ByKey<usize>,
    channels: Slab<Channel>,
    /// Those of the channels.
    names: Names,
    patterns: Patterns<Arc<Entry>>,
    /// How often `patterns` has changed.
    changes: u64,
    pub(super) suppressed: Patterns<()>,
    pub(super) kept: Vec<Kept>,
    /// How many events there were while some were kept.
    events: u64,
}

/// Those who listen for one event.
struct Channel {
    name: Cow<'static, str>,
    own: Vec<Arc<Entry>>,
    /// With those whose patterns match, as these were after so many changes.
    list: List,
    as_of: u64,
    /// Of its list, while no emit uses it.
    spare: Option<Box<Lane>>,
}

/// The last events that were meant by a pattern.
pub(super) struct Kept {
    pub(super) pattern: Pattern,
    pub(super) most: usize,
    pub(super) events: VecDeque<(u64, AnyEvent)>,
}

impl Registry {
    pub(super) fn new() -> Self {
        Self {
            exact: ByKey::default(),
            channels: Slab::new(),
            names: Names::default(),
            patterns: Patterns::new(),
            changes: 0,
            suppressed: Patterns::new(),
            kept: Vec::new(),
            events: 0,
        }
    }

    /// Takes in `entry`. What comes back is to be dropped without the lock.
    pub(super) fn insert(&mut self, entry: Arc<Entry>) -> Option<Outdated> {
        match &entry.select {
            Select::Pattern(pattern) => {
                self.patterns.insert(pattern, Arc::clone(&entry));
                self.changes += 1;
                None
            }
            Select::Exact(key) => {
                let key = key.clone();
                let (channels, names) = (&mut self.channels, &mut self.names);
                let at = self.exact.entry(key.clone()).or_insert_with(|| {
                    names.insert(key.hash);
                    channels.insert(Channel::new(key.name.clone()))
                });
                let channel = &mut self.channels[*at];
                channel.own.push(entry);
                Some(channel.renew(&self.patterns, self.changes))
            }
        }
    }

    /// Takes out `entry`; none if it was not in. What comes back is to be dropped without the lock.
    pub(super) fn remove(&mut self, entry: &Arc<Entry>) -> Option<(Arc<Entry>, Vec<Outdated>)> {
        let is_it = |other: &Arc<Entry>| Arc::ptr_eq(other, entry);
        match &entry.select {
            Select::Pattern(pattern) => {
                let removed = self.patterns.remove(pattern, is_it)?;
                self.changes += 1;
                // Nobody keeps it who does not deliver an event at this moment.
                let (patterns, changes) = (&self.patterns, self.changes);
                let outdated = self.channels.iter_mut().filter_map(|(_, channel)| {
                    let has_it = channel.list.iter().any(is_it);
                    has_it.then(|| channel.renew(patterns, changes))
                });
                Some((removed, outdated.collect()))
            }
            Select::Exact(key) => {
                let at = *self.exact.get(key)?;
                let channel = &mut self.channels[at];
                let removed = channel.own.remove(channel.own.iter().position(is_it)?);
                if !channel.own.is_empty() {
                    let old = channel.renew(&self.patterns, self.changes);
                    return Some((removed, vec![old]));
                }
                self.exact.remove(key);
                self.names.remove(key.hash);
                let Channel { list, spare, .. } = self.channels.remove(at);
                Some((removed, vec![(list, spare)]))
            }
        }
    }

    /// Lets `heard` know what has become of who listens for this.
    pub(super) fn tell(&self, heard: &Heard, select: &Select) {
        let any = !self.patterns.is_empty();
        match select {
            Select::Exact(key) => heard.renew(key.hash, &self.names, any),
            Select::Pattern(_) => heard.renew_all(&self.names, any),
        }
    }

    /// Whom an event is for; none if for nobody.
    pub(super) fn find(&mut self, key: &Key<'_>) -> Option<Found> {
        // By a key that borrows its name.
        let exact: &ByKey<usize> = &self.exact;
        if let Some(&at) = get(exact, key) {
            let channel = &mut self.channels[at];
            let outdated = (channel.as_of != self.changes)
                .then(|| channel.renew(&self.patterns, self.changes));
            let spare = channel.spare.take();
            let lane = spare.unwrap_or_else(|| Lane::of(&channel.list, Some(at)));
            return Some(Found { lane, outdated });
        }
        if self.patterns.is_empty() {
            return None;
        }
        let list = in_order(Vec::new(), &key.name, &self.patterns);
        let is_for_some = !list.is_empty();
        is_for_some.then(|| Found { lane: Lane::of(&list, None), outdated: None })
    }

    /// Keeps a lane for the next emit; one that is of no use comes back.
    #[inline]
    pub(super) fn give_back(&mut self, lane: Box<Lane>) -> Option<Box<Lane>> {
        match lane.channel.and_then(|at| self.channels.get_mut(at)) {
            Some(channel) if channel.spare.is_none() && Arc::ptr_eq(&channel.list, &lane.list) => {
                channel.spare = Some(lane);
                None
            }
            _ => Some(lane),
        }
    }
}

impl Registry {
    /// Whether anything is kept or suppressed.
    pub(super) const fn watches(&self) -> bool {
        !self.kept.is_empty() || !self.suppressed.is_empty()
    }

    pub(super) fn is_suppressed(&self, name: &str) -> bool {
        let mut is_suppressed = false;
        self.suppressed.find(name, &mut |_| is_suppressed = true);
        is_suppressed
    }

    /// Keeps `event` where its name is meant; what has to go for it comes back.
    pub(super) fn keep(&mut self, event: &AnyEvent) -> Vec<(u64, AnyEvent)> {
        let mut gone = Vec::new();
        for kept in self.kept.iter_mut().filter(|kept| kept.pattern.matches(event.name())) {
            if kept.events.len() == kept.most {
                gone.extend(kept.events.pop_front());
            }
            kept.events.push_back((self.events, event.clone()));
        }
        self.events += 1;
        gone
    }

    /// What is kept, the oldest first, each event once.
    pub(super) fn all_kept(&self) -> Vec<AnyEvent> {
        let mut all: Vec<_> = self.kept.iter().flat_map(|kept| &kept.events).collect();
        all.sort_by_key(|(number, _)| *number);
        all.dedup_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, event)| event.clone()).collect()
    }
}

fn get<'m, 'k>(map: &'m HashMap<Key<'k>, usize, Passing>, key: &Key<'k>) -> Option<&'m usize> {
    map.get(key)
}

/// Whom an event is for.
pub(super) struct Found {
    pub(super) lane: Box<Lane>,
    /// To be dropped without the lock.
    pub(super) outdated: Option<Outdated>,
}

/// What a channel had before something changed.
pub(super) type Outdated = (List, Option<Box<Lane>>);

impl Channel {
    fn new(name: Cow<'static, str>) -> Self {
        Self { name, own: Vec::new(), list: Arc::new([]), as_of: 0, spare: None }
    }

    fn renew(&mut self, patterns: &Patterns<Arc<Entry>>, changes: u64) -> Outdated {
        self.as_of = changes;
        let list = in_order(self.own.clone(), &self.name, patterns);
        (std::mem::replace(&mut self.list, list), self.spare.take())
    }
}

/// With those whose patterns match: the higher priority first, and of equals who came first.
fn in_order(mut all: Vec<Arc<Entry>>, name: &str, patterns: &Patterns<Arc<Entry>>) -> List {
    patterns.find(name, &mut |entry| all.push(Arc::clone(entry)));
    all.sort_by_key(|entry| (std::cmp::Reverse(entry.listen.priority), entry.id));
    all.into()
}
