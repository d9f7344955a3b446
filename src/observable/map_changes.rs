use std::collections::BTreeMap;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::{Stream, StreamExt};

use super::map::MapShared;

/// What became of an entry of an observable map.
#[derive(Debug, PartialEq, Eq)]
pub enum MapChange<K, V> {
    /// It came.
    Inserted {
        /// Under this key.
        key: Arc<K>,
        /// What it is now.
        new: Arc<V>,
    },
    /// It was replaced.
    Updated {
        /// Under this key.
        key: Arc<K>,
        /// What it was.
        old: Arc<V>,
        /// What it is now.
        new: Arc<V>,
    },
    /// It went.
    Removed {
        /// Under this key.
        key: Arc<K>,
        /// What it was.
        old: Arc<V>,
    },
    /// Changes were missed, as there was no room for them. This is all there was at the moment of
    /// telling; what comes next, comes after that.
    Reset(BTreeMap<Arc<K>, Arc<V>>),
}

impl<K, V> Clone for MapChange<K, V> {
    fn clone(&self) -> Self {
        let (k, v) = (Arc::<K>::clone, Arc::<V>::clone);
        match self {
            Self::Inserted { key, new } => Self::Inserted { key: k(key), new: v(new) },
            Self::Updated { key, old, new } => {
                Self::Updated { key: k(key), old: v(old), new: v(new) }
            }
            Self::Removed { key, old } => Self::Removed { key: k(key), old: v(old) },
            Self::Reset(all) => Self::Reset(all.clone()),
        }
    }
}

/// Every change of a map, in order: a stream, which ends when nobody can change it any more.
#[must_use = "streams do nothing unless polled"]
pub struct MapChanges<K: Ord, V> {
    pub(super) shared: Arc<MapShared<K, V>>,
    pub(super) feed: usize,
}

impl<K: Ord, V> MapChanges<K, V> {
    /// The next change; none when there won't be any.
    ///
    /// # Cancel safety
    ///
    /// A change is taken only when the future is done.
    pub async fn next(&mut self) -> Option<MapChange<K, V>> {
        StreamExt::next(self).await
    }

    /// How many changes it missed.
    pub fn missed(&self) -> u64 {
        self.shared.missed(self.feed)
    }
}

impl<K: Ord, V> Stream for MapChanges<K, V> {
    type Item = MapChange<K, V>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<MapChange<K, V>>> {
        self.shared.poll_change(self.feed, cx.waker())
    }
}

impl<K: Ord, V> Drop for MapChanges<K, V> {
    fn drop(&mut self) {
        self.shared.shut_feed(self.feed);
    }
}

impl<K: Ord, V> fmt::Debug for MapChanges<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MapChanges").field("missed", &self.missed()).finish_non_exhaustive()
    }
}
