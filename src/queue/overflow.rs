use crate::config::ConfigError;

/// What becomes of an item for which there is no room.
///
/// The number is the room there is, in items: 1 or more.
///
/// # Examples
///
/// ```
/// use mtaio::queue::{Overflow, Queue};
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let latest = Queue::new(Overflow::Latest)?;
/// for position in 1..=3 {
///     latest.put(position).await.unwrap();
/// }
/// assert_eq!(latest.get().await, Ok(3));
/// assert_eq!(latest.dropped(), 2);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Overflow {
    /// Its sender waits until there is.
    Block(usize),
    /// The one that waits longest makes room for it.
    DropOldest(usize),
    /// It is dropped itself.
    DropNewest(usize),
    /// There is room for one, which is always the last: what nobody took in time is replaced.
    Latest,
    /// It is refused: its sender gets an error, with the item in it.
    Error(usize),
}

/// What a store of items does when it is full.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WhenFull {
    Wait,
    DropOldest,
    DropNewest,
    Refuse,
}

impl Overflow {
    /// How many items there is room for.
    pub const fn capacity(self) -> usize {
        match self {
            Self::Block(n) | Self::DropOldest(n) | Self::DropNewest(n) | Self::Error(n) => n,
            Self::Latest => 1,
        }
    }

    pub(super) const fn when_full(self) -> WhenFull {
        match self {
            Self::Block(_) => WhenFull::Wait,
            Self::DropOldest(_) | Self::Latest => WhenFull::DropOldest,
            Self::DropNewest(_) => WhenFull::DropNewest,
            Self::Error(_) => WhenFull::Refuse,
        }
    }

    /// Refuses a capacity of zero, as the value of the setting `field`.
    pub(crate) fn check(self, field: &'static str) -> Result<(), ConfigError> {
        if self.capacity() == 0 {
            return Err(ConfigError::new(field, format!("{self:?}"), "a capacity of 1 or more"));
        }
        Ok(())
    }
}

/// Refuses a bounded queue without room.
pub(super) fn check_capacity(capacity: usize) -> Result<(), ConfigError> {
    if capacity == 0 {
        return Err(ConfigError::new("capacity", "0", "1 or more"));
    }
    Ok(())
}
