use std::cell::Cell;
use std::panic;
use std::sync::Once;

thread_local!(static QUIET: Cell<bool> = const { Cell::new(false) });

/// Calls `f`, on whose way panics of this thread print nothing: a failure that was told once is
/// run again and again to shrink it.
///
/// The first call puts itself in front of the process's panic hook, for good: hooks are the
/// process's, and only one that stays can be taken in and out by threads side by side.
pub(crate) fn quietly<T>(f: impl FnOnce() -> T) -> T {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let hook = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            if !QUIET.get() {
                hook(info);
            }
        }));
    });
    struct Reset(bool);
    impl Drop for Reset {
        fn drop(&mut self) {
            QUIET.set(self.0);
        }
    }
    let _reset = Reset(QUIET.replace(true));
    f()
}
