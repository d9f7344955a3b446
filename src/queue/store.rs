/// Where a queue keeps its items: it decides which one comes out next, and nothing else.
pub(super) trait Store {
    type Item;

    fn push(&mut self, item: Self::Item);

    fn pop(&mut self) -> Option<Self::Item>;

    /// Moves the next `count` items, of which there are as many, to the end of `batch`.
    fn pop_many(&mut self, count: usize, batch: &mut Vec<Self::Item>) {
        batch.reserve(count);
        batch.extend((0..count).map_while(|_| self.pop()));
    }

    fn len(&self) -> usize;
}
