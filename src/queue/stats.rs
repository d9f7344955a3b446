/// A queue at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct QueueStats {
    /// The items in it.
    pub len: usize,
    /// The items that were taken and not reported done.
    pub in_work: usize,
    /// The puts that wait for room.
    pub waiting_puts: usize,
    /// The gets that wait for an item.
    pub waiting_gets: usize,
    /// The items that were dropped because there was no room.
    pub dropped: u64,
}
