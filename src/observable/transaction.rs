use std::fmt;
use std::ops::{Deref, DerefMut};
use std::sync::Arc;

use thiserror::Error;

use super::shared::Shared;
use crate::retryable::Retryable;

/// A copy of a value that is being changed: see
/// [`Observable::transaction`](super::Observable::transaction).
#[must_use = "dropping it leaves the value as it is: `commit` it"]
pub struct Transaction<T: Send + Sync + 'static> {
    shared: Arc<Shared<T>>,
    value: T,
    as_of: u64,
}

/// The value was set since the transaction began. The copy is in it.
#[derive(Clone, Copy, PartialEq, Eq, Error)]
#[error("the value was changed since the transaction began")]
pub struct Conflict<T>(pub T);

impl<T: Clone + Send + Sync + 'static> Transaction<T> {
    pub(super) fn new(shared: &Arc<Shared<T>>) -> Self {
        let (present, as_of) = shared.versioned();
        Self { shared: Arc::clone(shared), value: (*present).clone(), as_of }
    }
}

impl<T: Send + Sync + 'static> Transaction<T> {
    /// Sets the value to this, and tells all who watch it, once.
    ///
    /// # Errors
    ///
    /// [`Conflict`] if it was set since the transaction began: nothing is set then.
    pub fn commit(self) -> Result<(), Conflict<T>> {
        let Self { shared, value, as_of } = self;
        let set = shared.set_if(value, |version| (version == as_of).then_some(version + 1));
        set.map_err(Conflict)
    }
}

impl<T: Send + Sync + 'static> Deref for Transaction<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: Send + Sync + 'static> DerefMut for Transaction<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.value
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> fmt::Debug for Transaction<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Transaction").field(&self.value).finish()
    }
}

impl<T> Retryable for Conflict<T> {
    /// With what it is now, in a new transaction.
    fn is_retryable(&self) -> bool {
        true
    }
}

/// Without the value, which need not be `Debug`.
impl<T> fmt::Debug for Conflict<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Conflict(..)")
    }
}
