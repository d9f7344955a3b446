use std::cell::{Cell, RefCell};

thread_local! {
    /// How many closures that see a cache's entries in place run on this thread. Mostly none, which
    /// is all that a look-up asks.
    static DEPTH: Cell<usize> = const { Cell::new(0) };
    /// Whose they are.
    static CACHES: RefCell<Vec<usize>> = const { RefCell::new(Vec::new()) };
}

/// Lives while such a closure runs, and the lock of a shard is held.
pub(crate) struct Inside;

impl Inside {
    /// `cache` is what tells it from others: an address.
    pub(crate) fn enter(cache: usize) -> Self {
        DEPTH.set(DEPTH.get() + 1);
        // Gone only where the thread ends: then nothing is refused, and nothing breaks.
        let _ = CACHES.try_with(|caches| caches.borrow_mut().push(cache));
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        DEPTH.set(DEPTH.get() - 1);
        let _ = CACHES.try_with(|caches| caches.borrow_mut().pop());
    }
}

/// Panics in a closure that sees the entries of `cache` in place: what it asks for may be behind
/// the lock that is held for it, which would be for ever.
#[inline]
pub(crate) fn refuse(cache: usize) {
    if DEPTH.get() > 0 {
        refuse_if_inside(cache);
    }
}

#[cold]
fn refuse_if_inside(cache: usize) {
    let is_inside = CACHES.try_with(|caches| caches.borrow().contains(&cache)).unwrap_or(false);
    assert!(
        !is_inside,
        "a cache was used in a closure that sees its entries in place (`with`, `update`, \
         `get_or_insert_with`, `retain`): that would wait for itself"
    );
}
