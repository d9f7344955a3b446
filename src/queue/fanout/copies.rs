use std::array;

use super::mailbox::Parcel;

/// A parcel and its clones, which are made before the lock is taken, and what is to be dropped once
/// it is open again.
pub(super) struct Copies<P, T> {
    /// None once it was handed out, as the last one.
    original: Option<P>,
    /// The first few cost no allocation.
    few: [Option<P>; FEW],
    more: Vec<Option<P>>,
    count: usize,
    size: usize,
    garbage: Vec<T>,
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
                None => self.more.push(Some(copy)),
            }
            self.count += 1;
        }
    }

    /// Where the next one is, to be taken out there, and where what goes for it is put; the
    /// original is the last. (What is moved on right after it was written waits until that has
    /// reached the cache: so it is moved once.)
    #[inline]
    pub(super) fn next(&mut self) -> (&mut Option<P>, &mut Vec<T>) {
        self.count = self.count.saturating_sub(1);
        let next = match self.count.checked_sub(1) {
            None => &mut self.original,
            Some(at) if at < FEW => &mut self.few[at],
            Some(at) => &mut self.more[at - FEW],
        };
        (next, &mut self.garbage)
    }

    /// The original, unless it was handed out.
    pub(super) fn take_original(&mut self) -> Option<P> {
        self.original.take()
    }
}
