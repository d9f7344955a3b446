use std::hint;
use std::thread;
use std::time::Duration;

use parking_lot::Mutex;
use spin::mutex::{SpinMutex, SpinMutexGuard};

/// A lock for moments: it is opened by a plain write, without a look at who waits.
///
/// That look is an atomic operation, which waits for all that was written before: a sixth of what a
/// get takes. So nobody is woken. Who finds the lock closed tries again for a moment, then lets other
/// threads run, and then naps for about as long as it has waited. That is done by one thread at a
/// time, at the door; the others sleep behind it.
#[repr(C)]
pub(crate) struct Lock<T> {
    inner: SpinMutex<T>,
    door: Mutex<()>,
}

/// Keeps the lock closed.
pub(crate) type Held<'a, T> = SpinMutexGuard<'a, T>;

/// How often to try before other threads are let run, and before naps.
const TRIES: u32 = 64;
const YIELDS: u32 = 16;

const SHORTEST_NAP: Duration = Duration::from_micros(20);
const LONGEST_NAP: Duration = Duration::from_millis(1);

impl<T> Lock<T> {
    pub(crate) const fn new(value: T) -> Self {
        Self { inner: SpinMutex::new(value), door: Mutex::new(()) }
    }

    #[inline]
    pub(crate) fn lock(&self) -> Held<'_, T> {
        self.inner.try_lock().unwrap_or_else(|| self.wait())
    }

    #[cold]
    #[inline(never)]
    fn wait(&self) -> Held<'_, T> {
        for _ in 0..TRIES {
            if let Some(held) = self.try_again() {
                return held;
            }
            hint::spin_loop();
        }
        let _door = self.door.lock();
        for _ in 0..YIELDS {
            if let Some(held) = self.try_again() {
                return held;
            }
            thread::yield_now();
        }
        let mut nap = SHORTEST_NAP;
        loop {
            if let Some(held) = self.try_again() {
                return held;
            }
            #[expect(clippy::disallowed_methods, reason = "who waits for a lock is no task")]
            thread::sleep(nap);
            nap = (nap * 2).min(LONGEST_NAP);
        }
    }

    /// Reads first: to try is a write, which takes the memory from who has it.
    fn try_again(&self) -> Option<Held<'_, T>> {
        if self.inner.is_locked() { None } else { self.inner.try_lock() }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;

    #[test]
    fn it_is_held_by_one_at_a_time() {
        let lock = Lock::new((0_u64, 0_u64));
        thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50_000 {
                        let mut held = lock.lock();
                        held.0 += 1;
                        held.1 += 1;
                        assert_eq!(held.0, held.1);
                    }
                });
            }
        });
        assert_eq!(*lock.lock(), (200_000, 200_000));
    }

    /// Longer than who waits tries, and lets others run: all of them nap, or sleep behind the door.
    #[test]
    fn who_holds_it_for_long_is_waited_for() {
        let (lock, is_open) = (Lock::new(0), AtomicBool::new(false));
        thread::scope(|scope| {
            let mut held = lock.lock();
            for _ in 0..4 {
                scope.spawn(|| {
                    *lock.lock() += 1;
                    assert!(is_open.load(Ordering::Relaxed));
                });
            }
            while lock.door.try_lock().is_some() {
                thread::yield_now();
            }
            for _ in 0..100_000 {
                thread::yield_now();
            }
            *held += 1;
            is_open.store(true, Ordering::Relaxed);
        });
        assert_eq!(*lock.lock(), 5);
    }

    #[test]
    fn a_panic_opens_it() {
        let lock = Lock::new(1);
        let panics = || {
            let _held = lock.lock();
            panic!("on purpose");
        };
        assert!(std::panic::catch_unwind(std::panic::AssertUnwindSafe(panics)).is_err());
        assert_eq!(*lock.lock(), 1);
    }
}
