use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::changes::Changes;
use super::derived::Derived;
use super::shared::Shared;
use super::transaction::Transaction;
use super::watch::Watch;
use crate::config::ConfigError;

/// A value that tells those who watch it when it changes.
///
/// Clones are the same value; when the last of them is dropped, it is final.
///
/// # Examples
///
/// ```
/// use mtaio::observable::{Change, Observable};
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let level = Observable::new(1);
/// let mut changes = level.changes(2)?;
/// level.set(2);
/// let Some(Change::Set { old, new }) = changes.next().await else { panic!() };
/// assert_eq!((*old, *new), (1, 2));
///
/// // More than there is room for: the state is told instead.
/// (3..=9).for_each(|next| level.set(next));
/// assert_eq!(changes.next().await, Some(Change::Reset(level.latest())));
/// assert_eq!(changes.missed(), 7);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub struct Observable<T: Send + Sync + 'static> {
    pub(super) shared: Arc<Shared<T>>,
}

/// An observable at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ObservableStats {
    /// How often it was set.
    pub version: u64,
    /// Those who watch the newest state.
    pub watches: usize,
    /// Those who want to know of every change.
    pub changes: usize,
}

impl<T: Send + Sync + 'static> Observable<T> {
    /// A value to begin with.
    pub fn new(value: T) -> Self {
        Self { shared: Arc::new(Shared::new(value)) }
    }

    /// Sets it, and tells all who watch it; also when it is as it was.
    #[inline]
    pub fn set(&self, value: T) {
        // It may always.
        let set = self.shared.set_if(value, |version| Some(version + 1));
        debug_assert!(set.is_ok());
    }

    /// Sets it if it is another; whether it was.
    pub fn set_if_new(&self, value: T) -> bool
    where
        T: PartialEq,
    {
        let mut value = value;
        loop {
            let (present, as_of) = self.shared.versioned();
            if *present == value {
                return false;
            }
            // Compared with a value that is there no more, where another was quicker.
            drop(present);
            match self.shared.set_if(value, |version| (version == as_of).then_some(version + 1)) {
                Ok(()) => return true,
                Err(refused) => value = refused,
            }
        }
    }

    /// Changes a copy of it, and sets it to that. Where another sets it meanwhile, `change` is
    /// called again with what that one set. Nobody waits for it, and it may use this itself.
    pub fn update(&self, mut change: impl FnMut(&mut T))
    where
        T: Clone,
    {
        loop {
            let (present, as_of) = self.shared.versioned();
            let mut value = (*present).clone();
            drop(present);
            change(&mut value);
            let set =
                self.shared.set_if(value, |version| (version == as_of).then_some(version + 1));
            if set.is_ok() {
                return;
            }
        }
    }

    /// Begins to change a copy of it: [`commit`](Transaction::commit) sets it, once for all that was
    /// changed, and dropping the copy leaves it as it is.
    ///
    /// ```
    /// use mtaio::observable::Observable;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let names = Observable::new(vec!["ada"]);
    /// let mut watch = names.watch();
    /// let mut draft = names.transaction();
    /// draft.push("bob");
    /// draft.push("cyd");
    /// assert!(!watch.has_changed());
    /// draft.commit().unwrap();
    /// assert_eq!(*watch.changed().await.unwrap(), ["ada", "bob", "cyd"]);
    ///
    /// names.transaction().clear(); // Dropped: rolled back.
    /// assert_eq!(names.latest().len(), 3);
    /// # });
    /// ```
    pub fn transaction(&self) -> Transaction<T>
    where
        T: Clone,
    {
        Transaction::new(&self.shared)
    }

    /// A copy of it.
    #[inline]
    pub fn get(&self) -> T
    where
        T: Clone,
    {
        (*self.latest()).clone()
    }

    /// What it is now.
    #[inline]
    pub fn latest(&self) -> Arc<T> {
        self.shared.latest()
    }

    /// Watches for the newest state, from now on.
    pub fn watch(&self) -> Watch<T> {
        Watch::new(&self.shared)
    }

    /// Every change from now on, with room for `most` that have not been seen.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `most` is 0.
    pub fn changes(&self, most: usize) -> Result<Changes<T>, ConfigError> {
        Changes::new(&self.shared, most)
    }

    /// What `f` makes of it, kept up to date. See [`Derived`].
    pub fn map<U, F>(&self, f: F) -> Derived<U>
    where
        U: Send + Sync + 'static,
        F: Fn(&T) -> U + Send + Sync + 'static,
    {
        Derived::map(&self.shared, f)
    }

    /// What `f` makes of it and `other`, kept up to date. See [`Derived`].
    pub fn zip<S, U, F>(&self, other: &Observable<S>, f: F) -> Derived<U>
    where
        S: Send + Sync + 'static,
        U: Send + Sync + 'static,
        F: Fn(&T, &S) -> U + Send + Sync + 'static,
    {
        Derived::zip(&self.shared, &other.shared, f)
    }

    /// What it looks like now.
    pub fn stats(&self) -> ObservableStats {
        let (watches, changes) = self.shared.audience();
        ObservableStats { version: self.shared.version(), watches, changes }
    }
}

impl<T: Send + Sync + 'static> Clone for Observable<T> {
    fn clone(&self) -> Self {
        self.shared.owners.fetch_add(1, Ordering::Relaxed);
        Self { shared: Arc::clone(&self.shared) }
    }
}

impl<T: Send + Sync + 'static> Drop for Observable<T> {
    fn drop(&mut self) {
        if self.shared.owners.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.shared.end();
        }
    }
}

impl<T: Default + Send + Sync + 'static> Default for Observable<T> {
    fn default() -> Self {
        Self::new(T::default())
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> fmt::Debug for Observable<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observable").field(&self.latest()).finish()
    }
}
