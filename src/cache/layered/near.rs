use std::time::Duration;

/// What the cache in the process has of a key.
#[derive(Clone)]
pub(super) struct Near<V> {
    pub(super) known: Known<V>,
    /// How long it holds.
    pub(super) ttl: Duration,
    /// How often the connection had been lost when this was asked for: what was known before the
    /// last time is no longer to be relied upon.
    pub(super) epoch: u64,
}

#[derive(Clone)]
pub(super) enum Known<V> {
    Value(V),
    /// There is none to be had.
    Absent,
    /// The nodes have none, which says nothing about whether there is one.
    Nothing,
}

impl<V> Near<V> {
    pub(super) fn into_value(self) -> Option<V> {
        match self.known {
            Known::Value(value) => Some(value),
            Known::Absent | Known::Nothing => None,
        }
    }

    pub(super) const fn is_nothing(&self) -> bool {
        matches!(self.known, Known::Nothing)
    }
}
