use std::cell::Cell;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The one thread that writes to a cell, which therefore needs no atomic addition: a load and a store
/// do, at half of its cost and less. The first to ask is it for good; all others share another cell.
///
/// A thread is known by the address of its thread-local memory, which no two living threads share. A
/// thread that comes after its end may get the same address, and is the owner then: by handing that
/// memory on, the system has ordered the two.
#[derive(Default)]
pub(super) struct Owner(AtomicUsize);

/// A thread that lives.
#[derive(Clone, Copy)]
pub(super) struct Thread(usize);

impl Thread {
    /// The one that runs this.
    #[inline]
    pub(super) fn current() -> Self {
        thread_local! {
            /// Its address is what counts; nothing is kept here.
            static HERE: Cell<u8> = const { Cell::new(0) };
        }
        Self(HERE.with(|here| ptr::from_ref(here).addr()))
    }
}

impl Owner {
    /// Whether `thread`, which is the current one, is the owner, or becomes it.
    #[inline]
    pub(super) fn is(&self, thread: Thread) -> bool {
        match self.0.load(Ordering::Relaxed) {
            owner if owner == thread.0 => true,
            0 => self.claim(thread),
            _ => false,
        }
    }

    #[cold]
    fn claim(&self, thread: Thread) -> bool {
        self.0.compare_exchange(0, thread.0, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}
