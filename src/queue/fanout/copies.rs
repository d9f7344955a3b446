use std::array;

use super::mailbox::Parcel;

/// A parcel and its clones, which are made before the lock is taken, and what is to be dropped once
/// it is open again.
pub(super) struct Copies<P, T> {
    /// None once it was handed out, as the last one.
    original: Option<P>,
    /// The first few cost no allocation.
    few: [Option<P>; FEW],
    more: Vec<P>,
    count: usize,
    size: usize,
    pub(super) garbage: Vec<T>,
}

const FEW: usize = 7;

impl<T, P: Parcel<T>> Copies<P, T> {
    pub(super) fn new(original: P) -> Self {
        let size = original.size();
        let few = array::from_fn(|_| None);
        let (more, garbage) = (Vec::new(), Vec::new());
        Self { original: Some(original), few, more, count: 1, size, garbage }
    }

    /// How many there are, with the original.
    pub(super) const fn len(&self) -> usize {
        self.count
    }

    /// How many items each has.
    pub(super) const fn size(&self) -> usize {
        self.size
    }

    /// Makes more, until there are `count` of them.
    pub(super) fn grow_to(&mut self, count: usize) {
        while let Some(original) = self.original.as_ref().filter(|_| self.count < count) {
            let copy = original.clone();
            match self.few.get_mut(self.count - 1) {
                Some(free) => *free = Some(copy),
                None => self.more.push(copy),
            }
            self.count += 1;
        }
    }

    /// Hands one out; the original is the last.
    pub(super) fn take(&mut self) -> Option<P> {
        self.count = self.count.checked_sub(1)?;
        if self.count == 0 {
            return self.original.take();
        }
        self.more.pop().or_else(|| self.few[self.count - 1].take())
    }

    /// The original, unless it was handed out.
    pub(super) fn take_original(&mut self) -> Option<P> {
        self.original.take()
    }
}
