//! Wakes from anywhere: other threads, the futures themselves, and each other.

use super::*;

#[test]
fn wakes_of_other_threads_are_not_lost() {
    const FUTURES: usize = 6_000;
    const AT_ONCE: usize = 150;
    const THREADS: usize = 3;
    let scripts: Vec<_> = (0..FUTURES).map(|_| Script::new(THREADS)).collect();
    let mut set = SlotSet::new();
    let mut told = vec![0; FUTURES];
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        let _over = OnDrop(&over);
        for thread in 0..THREADS {
            let (scripts, over) = (&scripts, &over);
            scope.spawn(move || {
                for place in 0..FUTURES {
                    // Each in another order, but none far ahead of those that have started.
                    let script = &scripts[place - place % 100 + (place * (7 + 2 * thread)) % 100];
                    while script.waker.get().is_none() {
                        if over.load(Ordering::Relaxed) {
                            return;
                        }
                        thread::yield_now();
                    }
                    script.tell();
                }
            });
        }
        let mut unstarted = scripts.iter().enumerate();
        block_on(poll_fn(|cx| {
            loop {
                while set.len() < AT_ONCE
                    && let Some((id, script)) = unstarted.next()
                {
                    let script = Arc::clone(script);
                    if let Poll::Ready(id) = set.start(Scripted { id, script }) {
                        told[id] += 1;
                    }
                }
                match set.poll_next(cx) {
                    Poll::Ready(Some(id)) => told[id] += 1,
                    Poll::Ready(None) => return Poll::Ready(()),
                    Poll::Pending => return Poll::Pending,
                }
            }
        }));
    });
    assert!(told.iter().all(|times| *times == 1));
    assert!(scripts.iter().all(|script| script.polls() <= 1 + THREADS + 2 * THREADS));
    assert_eq!(slots(&set), AT_ONCE);
}

#[test]
fn a_wake_that_meets_the_poll_is_not_lost() {
    let present = Mutex::new(Script::new(0));
    race(
        200_000,
        || {
            let (mut set, script) = (SlotSet::new(), Script::new(1));
            assert!(set.start(Scripted { id: 7, script: Arc::clone(&script) }).is_pending());
            *present.lock().expect("no panic under it") = script;
            (set, Wakes::new(), false)
        },
        |(set, parent, told)| *told = poll_next(set, parent).is_ready(),
        || present.lock().expect("no panic under it").tell(),
        |(mut set, parent, told)| {
            assert!(told || parent.count() > 0, "who waits was not woken");
            let next = poll_next(&mut set, &parent);
            assert_eq!(next, Poll::Ready((!told).then_some(7)));
        },
    );
}

/// Pending for ever, and woken for ever.
struct Restless {
    polls: Arc<AtomicUsize>,
}

impl Future for Restless {
    type Output = ();

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        self.polls.fetch_add(1, Ordering::Relaxed);
        cx.waker().wake_by_ref();
        Poll::Pending
    }
}

#[test]
fn futures_that_wake_themselves_don_t_keep_the_thread() {
    for count in [1, 64, 200] {
        let polls = Arc::new(AtomicUsize::new(0));
        let mut set = SlotSet::new();
        for _ in 0..count {
            assert!(set.start(Restless { polls: Arc::clone(&polls) }).is_pending());
        }
        for _ in 0..10 {
            let (before, wakes) = (polls.load(Ordering::Relaxed), Wakes::new());
            assert!(poll_next(&mut set, &wakes).is_pending());
            assert!(wakes.count() > 0, "it asks to be polled again");
            let polled = polls.load(Ordering::Relaxed) - before;
            assert!((count..=3 * count).contains(&polled), "{polled} polls of {count}");
        }
    }
}

#[test]
fn futures_that_wake_themselves_don_t_starve_the_others() {
    let script = Script::new(1);
    let polls = Arc::new(AtomicUsize::new(0));
    let mut set: SlotSet<Pin<Box<dyn Future<Output = ()>>>> = SlotSet::new();
    for _ in 0..100 {
        let _ = set.start(Box::pin(Restless { polls: Arc::clone(&polls) }));
    }
    let scripted = Scripted { id: 100, script: Arc::clone(&script) };
    let _ = set.start(Box::pin(async {
        scripted.await;
    }));
    assert!(poll_next(&mut set, &Wakes::new()).is_pending());
    script.tell();
    assert!(poll_next(&mut set, &Wakes::new()).is_ready());
}

#[test]
fn futures_wake_each_other() {
    const FUTURES: usize = 130;
    let wakers: Arc<Mutex<Vec<Option<Waker>>>> = Arc::new(Mutex::new(vec![None; FUTURES]));
    let mut set = SlotSet::new();
    // Each wakes the one before it when its time has come, which is once the one after it woke it.
    for id in 0..FUTURES {
        let wakers = Arc::clone(&wakers);
        let mut polls = 0;
        let relay = poll_fn(move |cx| {
            polls += 1;
            let mut wakers = wakers.lock().expect("no test panics under it");
            wakers[id] = Some(cx.waker().clone());
            if polls == 1 {
                return Poll::Pending;
            }
            if let Some(before) = id.checked_sub(1) {
                wakers[before].as_ref().expect("it was polled").wake_by_ref();
            }
            Poll::Ready(id)
        });
        assert!(set.start(relay).is_pending());
    }
    wakers.lock().expect("no test panics under it")[FUTURES - 1]
        .as_ref()
        .expect("it was polled")
        .wake_by_ref();
    for expected in (0..FUTURES).rev() {
        assert_eq!(block_on(poll_fn(|cx| set.poll_next(cx))), Some(expected));
    }
    assert_eq!(block_on(poll_fn(|cx| set.poll_next(cx))), None);
}
