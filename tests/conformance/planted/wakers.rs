//! Wakes that do not arrive.

use std::cell::RefCell;
use std::future::poll_fn;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, ThreadId};

use mtaio_runtime::{DynRuntime, Instant, Runtime, TaskName};

use super::{BoxFuture, BoxSleep, Fault, Odd, found, stuck_on_tokio};

/// One poll, and which wakes come while it lasts.
pub(super) struct Watched {
    poll: Arc<ThisPoll>,
    deaf: Deaf,
}

struct ThisPoll {
    task: Waker,
    thread: ThreadId,
    is_over: AtomicBool,
    was_woken: AtomicBool,
}

/// Which wakes are lost.
#[derive(Clone, Copy, PartialEq)]
enum Deaf {
    Never,
    WhilePolled,
    BetweenPolls,
    ToOtherThreads,
}

struct WatchedWaker(Arc<ThisPoll>, Deaf);

impl Wake for WatchedWaker {
    fn wake(self: Arc<Self>) {
        let Self(poll, deaf) = &*self;
        let polled = !poll.is_over.load(Ordering::SeqCst);
        if polled {
            poll.was_woken.store(true, Ordering::SeqCst);
        }
        let lost = match deaf {
            Deaf::Never => false,
            Deaf::WhilePolled => polled,
            Deaf::BetweenPolls => !polled,
            Deaf::ToOtherThreads => poll.thread != thread::current().id(),
        };
        if !lost {
            poll.task.wake_by_ref();
        }
    }
}

impl Watched {
    pub(super) fn new(task: &Waker) -> Self {
        Self::deaf(task, Deaf::Never)
    }

    fn deaf(task: &Waker, deaf: Deaf) -> Self {
        let poll = ThisPoll {
            task: task.clone(),
            thread: thread::current().id(),
            is_over: AtomicBool::new(false),
            was_woken: AtomicBool::new(false),
        };
        Self { poll: Arc::new(poll), deaf }
    }

    pub(super) fn poll(&self, future: &mut BoxFuture) -> Poll<()> {
        let waker = Waker::from(Arc::new(WatchedWaker(Arc::clone(&self.poll), self.deaf)));
        let polled = future.as_mut().poll(&mut Context::from_waker(&waker));
        self.poll.is_over.store(true, Ordering::SeqCst);
        polled
    }

    pub(super) fn was_woken(&self) -> bool {
        self.poll.was_woken.load(Ordering::SeqCst)
    }
}

impl Fault for Deaf {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, mut future: BoxFuture) {
        let deaf = *self;
        let task = poll_fn(move |cx| Watched::deaf(cx.waker(), deaf).poll(&mut future));
        rt.spawn_detached(name, task);
    }
}

#[test]
fn wakes_are_lost_during_the_poll() {
    found(Deaf::WhilePolled, "wakers_work_during_the_poll", "deadlock");
}

#[test]
fn wakes_are_lost_between_polls() {
    found(Deaf::BetweenPolls, "wakers_woken_all_at_once", "a task ends after its last wake");
    found(Deaf::BetweenPolls, "wakers_work_between_tasks", "that wake each other end");
}

#[test]
fn wakes_of_other_threads_are_lost() {
    let check = "wakers_work_on_foreign_threads";
    found(Deaf::ToOtherThreads, check, "a task ends that a thread woke");
    stuck_on_tokio(Deaf::ToOtherThreads, check);
}

thread_local! {
    /// Whom the runtime's own timers wake.
    static TASK: RefCell<Option<Waker>> = const { RefCell::new(None) };
}

/// Polls its tasks when their own timers fire, and hears of nothing else. A task that was dropped
/// goes on: nobody can tell it.
struct DetachesOnDrop;

impl Fault for DetachesOnDrop {
    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        Odd::new(rt.sleep_until(deadline))
            .polled(|sleep, cx| {
                let task = TASK.with_borrow(Clone::clone);
                let waker = task.as_ref().unwrap_or_else(|| cx.waker());
                sleep.as_mut().poll(&mut Context::from_waker(waker))
            })
            .boxed()
    }

    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, mut future: BoxFuture) {
        let task = poll_fn(move |cx| {
            TASK.set(Some(cx.waker().clone()));
            let polled = Watched::deaf(cx.waker(), Deaf::BetweenPolls).poll(&mut future);
            TASK.take();
            polled
        });
        rt.spawn_detached(name, task);
    }
}

#[test]
fn a_task_that_is_detached_when_it_is_dropped() {
    found(DetachesOnDrop, "cancel_by_drop", "the future is dropped");
    found(DetachesOnDrop, "cancel_by_drop_in_a_sleep", "the future is dropped");
    found(DetachesOnDrop, "cancel_by_drop_reaches_children", "the inner future is dropped");
    found(DetachesOnDrop, "cancel_by_abort_after_detach", "the future is dropped");
    stuck_on_tokio(DetachesOnDrop, "cancel_by_drop_in_a_sleep");
    // Its timers work: the fault is not simply that nothing ever wakes.
    let host = super::InSim(Arc::new(DetachesOnDrop));
    mtaio_runtime::conformance::Suite::new().only("sleep_by").only("cancel_not_by").verify(host);
}

/// Notes that a task is to be polled, and forgets to clear the note.
struct WakesOnce;

struct OnceWaker {
    task: Mutex<Option<Waker>>,
    noted: AtomicBool,
}

impl Wake for OnceWaker {
    fn wake(self: Arc<Self>) {
        if !self.noted.swap(true, Ordering::SeqCst) {
            let task = self.task.lock().expect("nobody panics").clone();
            task.expect("it is polled before it is woken").wake();
        }
    }
}

impl Fault for WakesOnce {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, mut future: BoxFuture) {
        let once = Arc::new(OnceWaker { task: Mutex::new(None), noted: AtomicBool::new(false) });
        let task = poll_fn(move |cx| {
            *once.task.lock().expect("nobody panics") = Some(cx.waker().clone());
            let waker = Waker::from(Arc::clone(&once));
            future.as_mut().poll(&mut Context::from_waker(&waker))
        });
        rt.spawn_detached(name, task);
    }
}

#[test]
fn a_task_that_is_woken_once_only() {
    found(WakesOnce, "wakers_work_between_tasks", "that wake each other end");
    found(WakesOnce, "wakers_work_during_the_poll", "deadlock");
}

/// Its wakers hold the future itself, not a way to it.
struct KeptByItsWakers;

struct Keeper {
    future: Mutex<BoxFuture>,
    task: Mutex<Option<Waker>>,
}

impl Wake for Keeper {
    fn wake(self: Arc<Self>) {
        let task = self.task.lock().expect("nobody panics").clone();
        task.expect("it is polled before it is woken").wake();
    }
}

impl Fault for KeptByItsWakers {
    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, future: BoxFuture) {
        let keeper = Keeper { future: Mutex::new(future), task: Mutex::new(None) };
        let keeper = Arc::new(keeper);
        let task = poll_fn(move |cx| {
            *keeper.task.lock().expect("nobody panics") = Some(cx.waker().clone());
            let waker = Waker::from(Arc::clone(&keeper));
            let mut future = keeper.future.lock().expect("nobody panics");
            future.as_mut().poll(&mut Context::from_waker(&waker))
        });
        rt.spawn_detached(name, task);
    }
}

#[test]
fn a_future_that_its_wakers_keep() {
    let complaint = "a future is dropped whose waker is kept";
    found(KeptByItsWakers, "wakers_outlive_their_future", complaint);
}
