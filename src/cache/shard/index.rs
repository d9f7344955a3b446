use hashbrown::HashTable;

/// From hashes to numbers: where an entry, or a hash that is remembered, stands in its array.
pub(super) struct Index(HashTable<u32>);

impl Index {
    pub(super) const fn new() -> Self {
        Self(HashTable::new())
    }

    #[inline]
    pub(super) fn find(&self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        self.0.find(wide(hash), |&number| is_it(number)).copied()
    }

    /// Adds `number`, which is not there. `hash_of` tells the hashes of those that are.
    #[inline]
    pub(super) fn insert(&mut self, hash: u32, number: u32, hash_of: impl Fn(u32) -> u32) {
        if self.0.len() == self.0.capacity() {
            self.make_room(&hash_of);
        }
        self.0.insert_unique(wide(hash), number, |&number| wide(hash_of(number)));
    }

    /// Takes out the number that `is_it`.
    #[inline]
    pub(super) fn remove(&mut self, hash: u32, mut is_it: impl FnMut(u32) -> bool) -> Option<u32> {
        let entry = self.0.find_entry(wide(hash), |&number| is_it(number)).ok()?;
        Some(entry.remove().0)
    }

    /// Writes `to` where `from` stood.
    #[inline]
    pub(super) fn renumber(&mut self, hash: u32, from: u32, to: u32) {
        if let Some(number) = self.0.find_mut(wide(hash), |&number| number == from) {
            *number = to;
        }
    }

    /// What was removed may leave a trace that takes a place. A table that is full of traces is
    /// written anew, in place: left to itself it would double, though it holds no more than before.
    /// (Above three quarters it may: it would be full again at once.)
    #[cold]
    fn make_room(&mut self, hash_of: &impl Fn(u32) -> u32) {
        let places = self.0.num_buckets() / 8 * 7;
        if self.0.len() > places / 4 * 3 {
            return;
        }
        let numbers: Vec<u32> = self.0.drain().collect();
        for number in numbers {
            let hash_of = |&number: &u32| wide(hash_of(number));
            self.0.insert_unique(hash_of(&number), number, hash_of);
        }
    }
}

/// The table takes the place from the low bits of a hash, and a tag from its seven highest.
#[inline]
fn wide(hash: u32) -> u64 {
    u64::from(hash) << 32 | u64::from(hash)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn churn_does_not_make_it_grow() {
        let hash_of = |number: u32| number.wrapping_mul(0x9E37_79B9);
        let mut index = Index::new();
        for number in 0..10_000 {
            index.insert(hash_of(number), number, hash_of);
        }
        let places = index.0.num_buckets();
        for number in 10_000..500_000 {
            let oldest = number - 10_000;
            assert_eq!(index.remove(hash_of(oldest), |it| it == oldest), Some(oldest));
            index.insert(hash_of(number), number, hash_of);
            assert_eq!(index.find(hash_of(number), |it| it == number), Some(number));
        }
        assert_eq!((index.0.len(), index.0.num_buckets()), (10_000, places));
    }
}
