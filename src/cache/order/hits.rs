use std::sync::atomic::{AtomicU32, Ordering};

/// Slots that were used by who had only a share of the lock, in the order of using them, until
/// somebody has all of it and puts them where they belong.
pub(crate) struct Hits {
    /// How many there are; more than fit were refused.
    count: AtomicU32,
    slots: [AtomicU32; PLACES],
}

const PLACES: usize = 64;

impl Hits {
    pub(crate) const fn new() -> Self {
        Self { count: AtomicU32::new(0), slots: [const { AtomicU32::new(0) }; PLACES] }
    }

    /// Adds `slot`; no when it is full.
    #[inline]
    pub(crate) fn push(&self, slot: u32) -> bool {
        // A place is its taker's alone, and read only under all of the lock: no order is needed.
        let place = self.count.fetch_add(1, Ordering::Relaxed);
        match self.slots.get(place as usize) {
            Some(free) => {
                free.store(slot, Ordering::Relaxed);
                true
            }
            None => {
                self.count.fetch_sub(1, Ordering::Relaxed);
                false
            }
        }
    }

    /// Adds `slot`, for who has all of the lock; no when it is full.
    #[inline]
    pub(crate) fn push_alone(&mut self, slot: u32) -> bool {
        let place = self.len();
        let free = self.slots.get_mut(place);
        free.is_some_and(|free| {
            *free.get_mut() = slot;
            *self.count.get_mut() += 1;
            true
        })
    }

    /// How many there are, in the places from 0 on.
    #[inline]
    pub(crate) fn len(&mut self) -> usize {
        *self.count.get_mut() as usize
    }

    #[inline]
    pub(crate) fn slot(&mut self, place: usize) -> u32 {
        *self.slots[place].get_mut()
    }

    #[inline]
    pub(crate) fn clear(&mut self) {
        *self.count.get_mut() = 0;
    }
}
