use std::hash::{BuildHasher, Hash};
use std::sync::{Arc, OnceLock};

use mtaio_runtime::Runtime;

use super::ttl_cache::TtlCache;
use crate::event::{Listener, Priority, View};

/// What of a cache does not hold any more.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Invalidate<K> {
    /// All of it does.
    Nothing,
    /// The values of these keys.
    Keys(Vec<K>),
    /// No value at all.
    All,
}

impl<K> Invalidate<K> {
    /// The values of `keys`.
    pub fn keys<Q: Into<K>>(keys: impl IntoIterator<Item = Q>) -> Self {
        Self::Keys(keys.into_iter().map(Into::into).collect())
    }
}

impl<K, V, R, S> TtlCache<K, V, R, S>
where
    K: Hash + Eq + Send + Sync + 'static,
    V: Send + Sync + 'static,
    R: Runtime,
    S: BuildHasher + Send + Sync + 'static,
{
    /// Takes out what `which` makes of each event, until [`Listener::off`], or until the cache is
    /// gone: the listener does not keep it. For as long as a guard is kept:
    /// [`Listener::guarded`].
    ///
    /// `events` are an [`EventEmitter`](crate::event::EventEmitter), for events of a type, or a
    /// [`View`]: of a name, filtered, mapped. It comes before listeners of normal priority, so that
    /// these don't find what is old; when the emit is done, it is done. What is being loaded when its
    /// key is invalidated is not put in.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    /// use mtaio::cache::{Invalidate, TtlCache};
    /// use mtaio::event::{Event, EventEmitter};
    ///
    /// struct DataUpdated {
    ///     affected_keys: Vec<String>,
    ///     clear_all: bool,
    /// }
    ///
    /// impl Event for DataUpdated {
    ///     const NAME: &'static str = "data_updated";
    /// }
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let (cache, emitter) = (Arc::new(TtlCache::new(&rt, 100)?), EventEmitter::new());
    /// cache.invalidate_on(&emitter, |event: &DataUpdated| {
    ///     if event.clear_all { Invalidate::All } else { Invalidate::keys(&event.affected_keys) }
    /// });
    ///
    /// cache.insert_many([("a".to_owned(), 1), ("b".to_owned(), 2)]);
    /// emitter.emit(DataUpdated { affected_keys: vec!["a".into()], clear_all: false }).await;
    /// assert_eq!((cache.get("a"), cache.get("b")), (None, Some(2)));
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// By name:
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use mtaio::cache::{Invalidate, TtlCache};
    /// # use mtaio::event::EventEmitter;
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// # let emitter = EventEmitter::new();
    /// # let cache = Arc::new(TtlCache::<u32, u32>::new(&rt, 100)?);
    /// let renamed = emitter.named::<u32>("user.renamed");
    /// let guard = cache.invalidate_on(&renamed, |user: &u32| Invalidate::keys([*user])).guarded();
    ///
    /// cache.insert(7, 1);
    /// emitter.emit_named("user.renamed", 7_u32).await;
    /// assert_eq!(cache.get(&7), None);
    /// # drop(guard);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    ///
    /// # Several copies
    ///
    /// Where each of several caches hears of what the others write, who writes says who it is, and
    /// its own cache does without the event: its `which` answers [`Invalidate::Nothing`], and the
    /// value that it put in stays. It puts that in by a [`lease`](Self::lease) that it took before it
    /// wrote to the origin: then another's change, heard of meanwhile, is not overlooked.
    pub fn invalidate_on<T>(
        self: &Arc<Self>,
        events: impl Into<View<T>>,
        which: impl Fn(&T) -> Invalidate<K> + Send + Sync + 'static,
    ) -> Listener
    where
        T: Send + Sync + 'static,
    {
        let (cache, which) = (Arc::downgrade(self), Arc::new(which));
        let own = Arc::new(OnceLock::<Listener>::new());
        let known = Arc::clone(&own);
        let listener = events.into().on_with(Priority::HIGH, async move |event: &T| {
            match cache.upgrade() {
                Some(cache) => cache.invalidate_each(which(event)),
                // For nobody, from now on.
                None => {
                    if let Some(own) = known.get() {
                        drop(own.off());
                    }
                }
            }
        });
        own.get_or_init(|| listener).clone()
    }

    fn invalidate_each(&self, which: Invalidate<K>) {
        match which {
            Invalidate::Nothing => {}
            Invalidate::Keys(keys) => keys.iter().for_each(|key| {
                self.invalidate(key);
            }),
            Invalidate::All => self.clear(),
        }
    }
}
