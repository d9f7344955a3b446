//! Off, while calls begin and run.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use std::sync::Mutex;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::task::Poll;
use std::thread;

use futures_util::future::join;
use mtaio::event::{AnyEvent, EventEmitter, Listener};
use mtaio::{Runtime, RuntimeExt};

use crate::common::{Gate, Wakes, block_on, on_every_runtime, poll_with};
use crate::journal::Number;

on_every_runtime!(
    seeds = 100;
    no_call_begins_after_off,
    off_does_not_wait_for_a_call_that_runs,
);

async fn no_call_begins_after_off<R: Runtime>(rt: R) {
    for concurrent in [false, true] {
        let emitter = match concurrent {
            true => EventEmitter::builder().concurrent().build(),
            false => EventEmitter::new(),
        };
        let (is_off, begun) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let slow = rt.clone();
        emitter.on(async move |_: &Number| slow.yield_now().await);
        let (off, count) = (Arc::clone(&is_off), Arc::clone(&begun));
        let listener = emitter.on(async move |_: &Number| {
            assert!(!off.load(Ordering::SeqCst), "it began after off");
            count.fetch_add(1, Ordering::SeqCst);
        });
        let emits = [1, 2, 3].map(|number| {
            let (rt, emitter) = (rt.clone(), emitter.clone());
            rt.clone().spawn(async move {
                for _ in 0..20 {
                    assert_eq!(emitter.emit(Number(number)).await.failed(), 0);
                    rt.yield_now().await;
                }
            })
        });
        for _ in 0..rt.entropy() % 30 {
            rt.yield_now().await;
        }
        assert!(listener.off().await);
        is_off.store(true, Ordering::SeqCst);
        for emit in emits {
            emit.await.expect("nothing began after off");
        }
        assert!(begun.load(Ordering::SeqCst) <= 60);
    }
}

async fn off_does_not_wait_for_a_call_that_runs<R: Runtime>(rt: R) {
    let (emitter, gate) = (EventEmitter::new(), Gate::default());
    let waits = gate.clone();
    let listener = emitter.on(async move |_: &Number| waits.passed().await);
    let running = rt.spawn({
        let emitter = emitter.clone();
        async move { emitter.emit(Number(1)).await.ran }
    });
    rt.yield_now().await;
    listener.off().await;
    gate.open();
    assert!(running.await.expect("it ends") <= 1);
}

/// A handler that is about to begin: it tells when it is being copied for a call, and waits until it
/// may go on.
struct Beginning {
    tells: Sender<()>,
    waits: Arc<Mutex<Receiver<()>>>,
    /// The first copy is the memory for calls, the second one for the call.
    copies: Arc<AtomicUsize>,
}

impl Clone for Beginning {
    fn clone(&self) -> Self {
        if self.copies.fetch_add(1, Ordering::SeqCst) == 1 {
            self.tells.send(()).expect("it is waited for");
            self.waits.lock().unwrap().recv().expect("it is told to go on");
        }
        let (tells, waits) = (self.tells.clone(), Arc::clone(&self.waits));
        Self { tells, waits, copies: Arc::clone(&self.copies) }
    }
}

/// On real threads: one is between the look whether somebody listens and the call, while the other
/// takes that one out.
#[test]
fn off_waits_for_a_call_that_another_thread_is_about_to_begin() {
    type Listen = fn(&EventEmitter, Beginning, Arc<AtomicBool>) -> Listener;
    let exact: Listen = |emitter, beginning, begun| {
        emitter.on(async move |_: &Number| {
            let _beginning = &beginning;
            begun.store(true, Ordering::SeqCst);
        })
    };
    let view: Listen = |emitter, beginning, begun| {
        emitter.filter(|_| true).on(async move |_: &AnyEvent| {
            let _beginning = &beginning;
            begun.store(true, Ordering::SeqCst);
        })
    };
    for (listen, concurrent) in [(exact, false), (exact, true), (view, false), (view, true)] {
        let builder = EventEmitter::builder();
        let emitter = if concurrent { builder.concurrent().build() } else { builder.build() };
        let ((tells, told), (go_on, waits)) = (channel(), channel());
        let (copies, begun) = (Arc::default(), Arc::new(AtomicBool::new(false)));
        let beginning = Beginning { tells, waits: Arc::new(Mutex::new(waits)), copies };
        let listener = listen(&emitter, beginning, Arc::clone(&begun));
        thread::scope(|scope| {
            // With a test that fails goes what the other threads wait for.
            let (told, go_on) = (told, go_on);
            let emitting = scope.spawn(|| block_on(emitter.emit(Number(1))).ran);
            told.recv().expect("it is about to begin");
            let (mut off, wakes) = (Box::pin(listener.off()), Wakes::new());
            assert!(poll_with(off.as_mut(), &wakes).is_pending(), "a call may begin still");
            assert!(!listener.is_listening());
            // Who emits now is not waited for, and tells it nothing.
            let after = block_on(emitter.emit(Number(2)));
            assert_eq!(after.ran, 0);
            // And neither is who comes into a call after that, and stays there.
            let ((stays, stayed), (leaves, left)) = (channel(), channel::<()>());
            let left = Arc::new(Mutex::new(left));
            let other = emitter.named::<u8>("other").on(async move |_: &u8| {
                stays.send(()).expect("it is waited for");
                left.lock().unwrap().recv().expect("it is told to leave");
            });
            let staying = scope.spawn(|| block_on(emitter.emit_named("other", 1_u8)).ran);
            stayed.recv().expect("it comes");
            go_on.send(()).expect("it waits");
            assert!(block_on(off));
            leaves.send(()).expect("it waits");
            assert_eq!(staying.join().expect("it ends"), 1);
            block_on(other.off());
            assert!(begun.load(Ordering::SeqCst), "after off none begins");
            assert_eq!(emitting.join().expect("it ends"), 1);
        });
    }
}

/// Many take handlers out at once, in the middle of polls that others of them wait for. None may
/// wait for a poll that begins after that: in a handler, that would be its own next one, for ever.
#[test]
fn off_waits_for_no_poll_that_begins_later() {
    let emitter = EventEmitter::new();
    let listeners = [0; 3].map(|_| emitter.on(async |_: &Number| {}));
    for (name, listener) in ["one", "other"].into_iter().zip(&listeners) {
        let listener = listener.clone();
        emitter.named::<u8>(name).on(async move |_: &u8| {
            listener.off().await;
        });
    }
    let (weak, last) = (emitter.downgrade(), listeners[2].clone());
    emitter.named::<u8>("outer").on(async move |_: &u8| {
        let emitter = weak.upgrade().expect("it emits");
        let mut off = Box::pin(last.off());
        assert!(poll_with(off.as_mut(), &Wakes::new()).is_pending(), "this poll is inside");
        let both = [emitter.emit_named("one", 1_u8), emitter.emit_named("other", 1_u8)];
        let [one, other] = both.map(Box::pin);
        let (one, other) = join(one, other).await;
        assert_eq!((one.ran, other.ran), (1, 1));
        assert!(off.await);
    });
    let (mut outer, wakes) = (Box::pin(emitter.emit_named("outer", 1_u8)), Wakes::new());
    let done = (0..10).find_map(|_| match poll_with(outer.as_mut(), &wakes) {
        Poll::Ready(report) => Some(report),
        Poll::Pending => None,
    });
    let report = done.expect("it waits for itself");
    assert_eq!((report.ran, report.failed()), (1, 0));
}
