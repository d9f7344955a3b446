use std::future::{poll_fn, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, AtomicUsize};
use std::thread;

use allocation_counter::measure;

use super::*;
use crate::queue::testing::{OnDrop, Wakes, block_on, race};

mod story;

mod wakes;

/// What happens to a future that is ready once it has been told so many things.
struct Script {
    told_in_all: usize,
    left: AtomicUsize,
    /// What was left when it was polled last.
    seen: AtomicUsize,
    polls: AtomicUsize,
    waker: OnceLock<Waker>,
}

struct Scripted {
    id: usize,
    script: Arc<Script>,
}

impl Script {
    fn new(told_in_all: usize) -> Arc<Self> {
        Arc::new(Self {
            told_in_all,
            left: AtomicUsize::new(told_in_all),
            seen: AtomicUsize::new(usize::MAX),
            polls: AtomicUsize::new(0),
            waker: OnceLock::new(),
        })
    }

    /// The wake alone publishes what is left, as it has to.
    fn tell(&self) {
        self.left.fetch_sub(1, Ordering::Relaxed);
        self.wake();
    }

    fn wake(&self) {
        self.waker.get().expect("it was polled").wake_by_ref();
    }

    fn left(&self) -> usize {
        self.left.load(Ordering::Relaxed)
    }

    fn polls(&self) -> usize {
        self.polls.load(Ordering::Relaxed)
    }

    /// Whether the test alone holds it.
    fn is_dropped(self: &Arc<Self>) -> bool {
        Arc::strong_count(self) == 1
    }
}

impl Future for Scripted {
    type Output = usize;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<usize> {
        let Script { left, seen, polls, waker, .. } = &*self.script;
        polls.fetch_add(1, Ordering::Relaxed);
        assert!(waker.get_or_init(|| cx.waker().clone()).will_wake(cx.waker()));
        let left = left.load(Ordering::Relaxed);
        seen.store(left, Ordering::Relaxed);
        if left == 0 { Poll::Ready(self.id) } else { Poll::Pending }
    }
}

fn poll_next<F: Future>(set: &mut SlotSet<F>, wakes: &Arc<Wakes>) -> Poll<Option<F::Output>> {
    let waker = Waker::from(Arc::clone(wakes));
    set.poll_next(&Context::from_waker(&waker))
}

fn slots<F>(set: &SlotSet<F>) -> usize {
    set.chunks.iter().map(|chunk| chunk.slots.len()).sum()
}

#[test]
fn sets_of_every_size_end_in_the_order_of_their_wakes() {
    for count in [1, 2, 63, 64, 65, 127, 128, 129, 4_096, 4_097] {
        let mut set = SlotSet::new();
        let scripts: Vec<_> = (0..count).map(|_| Script::new(1)).collect();
        for (id, script) in scripts.iter().enumerate() {
            let script = Arc::clone(script);
            assert!(set.start(Scripted { id, script }).is_pending());
        }
        assert_eq!((set.len(), slots(&set)), (count, count));
        assert_eq!(set.chunks.len(), count.div_ceil(64));
        let wakes = Wakes::new();
        // From the last to the first, each polled before the next is woken.
        for id in (0..count).rev() {
            assert!(poll_next(&mut set, &wakes).is_pending());
            scripts[id].tell();
            assert_eq!(poll_next(&mut set, &wakes), Poll::Ready(Some(id)));
            assert_eq!((set.len(), scripts[id].polls()), (id, 2));
        }
        assert_eq!(poll_next(&mut set, &wakes), Poll::Ready(None));
    }
}

#[test]
fn all_of_many_woken_at_once_are_told() {
    for count in [64, 65, 4_096] {
        let mut set = SlotSet::new();
        let scripts: Vec<_> = (0..count).map(|_| Script::new(1)).collect();
        for (id, script) in scripts.iter().enumerate() {
            let script = Arc::clone(script);
            assert!(set.start(Scripted { id, script }).is_pending());
        }
        let wakes = Wakes::new();
        assert!(poll_next(&mut set, &wakes).is_pending());
        scripts.iter().for_each(|script| script.tell());
        assert_eq!(wakes.count(), 1, "once is enough");
        let mut told = Vec::new();
        while let Poll::Ready(Some(id)) = poll_next(&mut set, &wakes) {
            told.push(id);
        }
        told.sort_unstable();
        assert!(told.into_iter().eq(0..count));
    }
}

/// Threads wake futures while the set's own thread polls them and starts further ones.
#[test]
fn clearing_and_dropping_drop_every_future() {
    let mut set = SlotSet::new();
    let fill = |set: &mut SlotSet<Scripted>| -> Vec<_> {
        let scripts: Vec<_> = (0..130).map(|_| Script::new(1)).collect();
        for (id, script) in scripts.iter().enumerate() {
            let script = Arc::clone(script);
            assert!(set.start(Scripted { id, script }).is_pending());
        }
        assert_eq!((set.len(), set.iter().count(), slots(set)), (130, 130, 130));
        scripts
    };
    let cleared = fill(&mut set);
    set.clear();
    assert!(cleared.iter().all(Script::is_dropped));
    assert_eq!(set.len(), 0);
    assert_eq!(poll_next(&mut set, &Wakes::new()), Poll::Ready(None));

    // With some that are woken and not looked at, and all that the set keeps of them.
    let dropped = fill(&mut set);
    dropped.iter().for_each(|script| script.tell());
    assert!(poll_next(&mut set, &Wakes::new()).is_ready());
    drop(set);
    assert!(dropped.iter().all(Script::is_dropped));
    // Their wakers are harmless now, also on other threads.
    cleared.iter().chain(&dropped).for_each(|script| script.wake());
    thread::scope(|scope| {
        scope.spawn(|| dropped.iter().for_each(|script| script.wake()));
    });
}

#[test]
fn what_is_ready_at_once_needs_one_slot() {
    let mut set = SlotSet::new();
    for n in 0..1_000 {
        assert_eq!(set.start(ready(n)), Poll::Ready(n));
    }
    assert_eq!((set.len(), slots(&set)), (0, 1));
    assert_eq!(poll_next(&mut set, &Wakes::new()), Poll::Ready(None));
}

#[test]
fn once_grown_it_allocates_nothing() {
    const AT_ONCE: usize = 100;
    let mut set = SlotSet::new();
    let wakes = Wakes::new();
    let mut run = |scripts: Vec<Arc<Script>>| {
        measure(|| {
            for (id, script) in scripts.iter().enumerate() {
                let _ = set.start(Scripted { id, script: Arc::clone(script) });
                if set.len() == AT_ONCE {
                    scripts[id + 1 - AT_ONCE].tell();
                    assert!(poll_next(&mut set, &wakes).is_ready());
                }
            }
            for script in &scripts[scripts.len() + 1 - AT_ONCE..] {
                script.tell();
            }
            while let Poll::Ready(Some(_)) = poll_next(&mut set, &wakes) {}
        })
    };
    let new = |count: usize| (0..count).map(|_| Script::new(1)).collect();
    let growing = run(new(2 * AT_ONCE));
    assert!(growing.count_total >= 2 * AT_ONCE as u64, "a future and a waker each: {growing:?}");
    assert_eq!(run(new(10_000)).count_total, 0);
}

/// A slot whose future can't be dropped in peace is not in flight for ever.
#[test]
fn a_future_whose_destructor_panics_leaves_its_slot() {
    struct Bomb;

    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on purpose");
        }
    }

    impl Future for Bomb {
        type Output = ();

        fn poll(self: Pin<&mut Self>, _cx: &mut Context<'_>) -> Poll<()> {
            Poll::Ready(())
        }
    }

    let mut set = SlotSet::new();
    for _ in 0..2 {
        let start = AssertUnwindSafe(|| set.start(Bomb).is_ready());
        assert!(catch_unwind(start).is_err());
        assert_eq!(set.len(), 0);
    }
    let wakes = Wakes::new();
    let waker = Waker::from(wakes);
    assert!(matches!(set.poll_next(&Context::from_waker(&waker)), Poll::Ready(None)));
}
