use std::collections::{HashSet, VecDeque};
use std::fmt;
use std::hash::Hash;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use futures_util::stream::{Fuse, StreamExt as _};
use pin_project_lite::pin_project;

use super::timed::has_had_its_turn;
use crate::config::ConfigError;

pin_project! {
    /// The stream of [`StreamExt::distinct`](super::StreamExt::distinct) and
    /// [`StreamExt::distinct_by`](super::StreamExt::distinct_by).
    ///
    /// # Cancel safety
    ///
    /// Dropping a future that waits for the next item loses nothing.
    #[must_use = "streams do nothing unless polled"]
    pub struct Distinct<S, K, KeyOf> {
        #[pin]
        source: Fuse<S>,
        key_of: KeyOf,
        remembered: Remembered<K>,
        dropped: u64,
    }
}

impl<S, K, KeyOf> Distinct<S, K, KeyOf>
where
    S: Stream,
    K: Hash + Eq + Clone,
    KeyOf: FnMut(&S::Item) -> K,
{
    pub(super) fn new(source: S, memory: usize, key_of: KeyOf) -> Result<Self, ConfigError> {
        if memory == 0 {
            return Err(ConfigError::new("memory", "0", "1 or more"));
        }
        let remembered = Remembered { keys: HashSet::new(), order: VecDeque::new(), memory };
        Ok(Self { source: source.fuse(), key_of, remembered, dropped: 0 })
    }

    /// How many items were dropped because their keys were remembered.
    pub const fn dropped(&self) -> u64 {
        self.dropped
    }
}

impl<S, K, KeyOf> Stream for Distinct<S, K, KeyOf>
where
    S: Stream,
    K: Hash + Eq + Clone,
    KeyOf: FnMut(&S::Item) -> K,
{
    type Item = S::Item;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<S::Item>> {
        let mut this = self.project();
        let mut items = 0;
        while let Some(item) = ready!(this.source.as_mut().poll_next(cx)) {
            if this.remembered.is_new((this.key_of)(&item)) {
                return Poll::Ready(Some(item));
            }
            *this.dropped += 1;
            if has_had_its_turn(&mut items, cx) {
                return Poll::Pending;
            }
        }
        Poll::Ready(None)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (0, self.source.size_hint().1)
    }
}

impl<S: fmt::Debug, K, KeyOf> fmt::Debug for Distinct<S, K, KeyOf> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Distinct")
            .field("source", &self.source)
            .field("memory", &self.remembered.memory)
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

/// The keys of the last items that were let through.
struct Remembered<K> {
    keys: HashSet<K>,
    order: VecDeque<K>,
    memory: usize,
}

/// So few keys are sooner compared than hashed.
const FEW: usize = 8;

impl<K: Hash + Eq + Clone> Remembered<K> {
    /// Whether `key` is not among them; now it is.
    fn is_new(&mut self, key: K) -> bool {
        if self.memory <= FEW {
            if self.order.contains(&key) {
                return false;
            }
        } else if !self.keys.insert(key.clone()) {
            return false;
        }
        if self.order.len() == self.memory
            && let Some(oldest) = self.order.pop_front()
        {
            self.keys.remove(&oldest);
        }
        self.order.push_back(key);
        true
    }
}
