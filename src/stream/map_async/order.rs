/// In which order items are begun and their results come out.
///
/// A call carries a ticket, by which its result is told from the others.
pub trait Order<I, T> {
    /// Whether another item may be taken from the source, or begun, with so many calls in flight.
    fn has_room(&self, in_flight: usize, limit: usize) -> bool;

    /// Takes an item in, and gives it back if it is to be begun at once.
    fn take_in(&mut self, index: u64, item: I) -> Option<Begin<I>>;

    /// An item that waited and is to be begun now.
    fn begin_waiting(&mut self) -> Option<Begin<I>>;

    /// Takes a result in; one without a ticket is of an item that could not be taken in.
    fn settle(&mut self, ticket: Option<u64>, result: T);

    /// The next result to come out, where it is there.
    fn pop(&mut self) -> Option<T>;

    /// Whether there is a result to come out.
    fn is_ready(&self) -> bool;

    /// How many results wait to come out, and how many items to be begun.
    fn held(&self) -> (usize, usize);
}

/// An item that is to be begun.
pub struct Begin<I> {
    pub(super) ticket: u64,
    /// Its place in the source.
    pub(super) index: u64,
    pub(super) item: I,
}
