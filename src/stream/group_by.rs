use std::collections::HashMap;
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use pin_project_lite::pin_project;

use super::lane::{Lane, Put};
use crate::config::ConfigError;

pin_project! {
    /// The stream of [`StreamExt::group_by`](super::StreamExt::group_by): each item of it is a
    /// [`Group`], itself a stream.
    ///
    /// It is this stream that reads the source: groups get items while it is polled.
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next group loses nothing. Dropping the stream ends the
    /// groups, after what they have been given; at most one item that waits for room is dropped.
    #[must_use = "streams do nothing unless polled"]
    pub struct GroupBy<S: Stream, K, KeyOf> {
        #[pin]
        source: Fuse<S>,
        key_of: KeyOf,
        capacity: usize,
        groups: Groups<K, S::Item>,
        // An item that its group has no room for.
        waiting: Option<(K, S::Item)>,
    }
}

/// The groups that can be given items.
struct Groups<K, T> {
    /// Each with its number, in the order in which they began.
    lanes: HashMap<K, (u64, Arc<Lane<T>>)>,
    next: u64,
    /// With so many, those that nobody holds any more are looked for.
    sweep_at: usize,
}

/// The items of one key, in their order. See [`StreamExt::group_by`](super::StreamExt::group_by).
///
/// It ends with the source. When it is dropped, what it was given is dropped with it, and the next
/// item of its key begins a new group.
///
/// # Cancel safety
///
/// Dropping a future that waits for the next item loses nothing.
#[must_use = "a group that is dropped drops its items"]
pub struct Group<K, T> {
    key: K,
    lane: Arc<Lane<T>>,
}

impl<S, K, KeyOf> GroupBy<S, K, KeyOf>
where
    S: Stream,
    K: Hash + Eq + Clone,
    KeyOf: FnMut(&S::Item) -> K,
{
    pub(super) fn new(source: S, key_of: KeyOf, capacity: usize) -> Result<Self, ConfigError> {
        if capacity == 0 {
            return Err(ConfigError::new("capacity", "0", "1 or more"));
        }
        let groups = Groups { lanes: HashMap::new(), next: 0, sweep_at: 64 };
        Ok(Self { source: source.fuse(), key_of, capacity, groups, waiting: None })
    }
}

impl<S, K, KeyOf> Stream for GroupBy<S, K, KeyOf>
where
    S: Stream,
    K: Hash + Eq + Clone,
    KeyOf: FnMut(&S::Item) -> K,
{
    type Item = Group<K, S::Item>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let mut this = self.project();
        loop {
            let (key, item) = match this.waiting.take() {
                Some(waiting) => waiting,
                None => match this.source.as_mut().poll_next(cx) {
                    Poll::Ready(Some(item)) => ((this.key_of)(&item), item),
                    Poll::Ready(None) => {
                        this.groups.end();
                        return Poll::Ready(None);
                    }
                    Poll::Pending => return Poll::Pending,
                },
            };
            match this.groups.put(key, item, *this.capacity, cx) {
                Given::Taken => {}
                Given::Begun(group) => return Poll::Ready(Some(group)),
                Given::Full(key, item) => {
                    *this.waiting = Some((key, item));
                    return Poll::Pending;
                }
            }
        }
    }
}

/// What became of an item.
enum Given<K, T> {
    Taken,
    /// It is the first of a group.
    Begun(Group<K, T>),
    /// Its group wakes when there is room.
    Full(K, T),
}

impl<K: Hash + Eq + Clone, T> Groups<K, T> {
    fn put(&mut self, key: K, item: T, capacity: usize, cx: &Context<'_>) -> Given<K, T> {
        let mut item = item;
        if let Some((_, lane)) = self.lanes.get(&key) {
            item = match lane.put(item, cx) {
                Put::Taken => return Given::Taken,
                Put::Full(item) => return Given::Full(key, item),
                Put::Gone(item) => item,
            };
        }
        if self.lanes.len() >= self.sweep_at {
            self.lanes.retain(|_, (_, lane)| !lane.is_gone());
            self.sweep_at = 64.max(2 * self.lanes.len());
        }
        let lane = Arc::new(Lane::new(capacity, item));
        self.next += 1;
        self.lanes.insert(key.clone(), (self.next, Arc::clone(&lane)));
        Given::Begun(Group { key, lane })
    }
}

impl<K, T> Groups<K, T> {
    fn end(&mut self) {
        let mut lanes: Vec<_> = self.lanes.drain().map(|(_, lane)| lane).collect();
        // Not in the map's order, which is another in each run.
        lanes.sort_unstable_by_key(|(number, _)| *number);
        for (_, lane) in lanes {
            lane.end();
        }
    }
}

impl<K, T> Drop for Groups<K, T> {
    fn drop(&mut self) {
        self.end();
    }
}

impl<K, T> Group<K, T> {
    /// What its items have in common.
    pub const fn key(&self) -> &K {
        &self.key
    }

    /// How many items wait to be taken.
    pub fn waiting(&self) -> usize {
        self.lane.len()
    }
}

impl<K, T> Stream for Group<K, T> {
    type Item = T;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<T>> {
        self.lane.poll_take(cx)
    }
}

impl<K, T> Drop for Group<K, T> {
    fn drop(&mut self) {
        self.lane.leave();
    }
}

// Nothing in it is pinned.
impl<K, T> Unpin for Group<K, T> {}

impl<K: fmt::Debug, T> fmt::Debug for Group<K, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group").field("key", &self.key).finish_non_exhaustive()
    }
}

impl<S: Stream, K, KeyOf> fmt::Debug for GroupBy<S, K, KeyOf> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GroupBy")
            .field("capacity", &self.capacity)
            .field("groups", &self.groups.lanes.len())
            .finish_non_exhaustive()
    }
}
