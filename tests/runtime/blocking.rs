//! Jobs that block their thread.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::SystemTime;

use mtaio_runtime::{AbortHandle, Instant, JoinError, Runtime, RuntimeExt, TaskName};

use crate::common::{Bomb, Held, eventually, on_every_runtime};

on_every_runtime!(
    a_job_aborted_before_it_began_does_not_run,
    a_job_dropped_before_it_began_does_not_run,
    a_job_that_has_begun_runs_to_its_end,
    a_job_that_its_runtime_drops_answers_gone,
    a_job_whose_destructor_panics_says_so,
);

type Job = Box<dyn FnOnce() + Send>;

/// A runtime whose blocking jobs have to wait until they are told to begin.
#[derive(Clone)]
struct Busy<R> {
    rt: R,
    waiting: Arc<Mutex<Vec<Job>>>,
}

impl<R: Runtime> Busy<R> {
    fn new(rt: &R) -> Self {
        Self { rt: rt.clone(), waiting: Arc::default() }
    }

    fn begin(&self) {
        for job in self.take() {
            self.rt.spawn_blocking(job);
        }
    }

    fn take(&self) -> Vec<Job> {
        std::mem::take(&mut self.waiting.lock().expect("nobody panics"))
    }
}

impl<R: Runtime> Runtime for Busy<R> {
    type Sleep = R::Sleep;

    fn now(&self) -> Instant {
        self.rt.now()
    }

    fn wall_clock(&self) -> SystemTime {
        self.rt.wall_clock()
    }

    fn entropy(&self) -> u64 {
        self.rt.entropy()
    }

    fn sleep_until(&self, deadline: Instant) -> R::Sleep {
        self.rt.sleep_until(deadline)
    }

    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.rt.spawn_detached(name, future);
    }

    fn spawn_blocking(&self, job: Job) {
        self.waiting.lock().expect("nobody panics").push(job);
    }
}

async fn a_job_aborted_before_it_began_does_not_run<R: Runtime>(rt: R) {
    let busy = Busy::new(&rt);
    let ran = Arc::new(AtomicBool::new(false));
    let (held, dropped) = Held::new();
    let job = busy.unblock({
        let ran = Arc::clone(&ran);
        move || {
            let _held = held;
            ran.store(true, Ordering::SeqCst);
        }
    });
    job.abort();
    assert!(!job.is_finished());
    busy.begin();
    assert!(matches!(job.await, Err(JoinError::Cancelled)));
    assert!(dropped(), "answered while the closure was alive");
    assert!(!ran.load(Ordering::SeqCst));
}

async fn a_job_dropped_before_it_began_does_not_run<R: Runtime>(rt: R) {
    let busy = Busy::new(&rt);
    let ran = Arc::new(AtomicBool::new(false));
    let (held, dropped) = Held::new();
    drop(busy.unblock({
        let ran = Arc::clone(&ran);
        move || {
            ran.store(true, Ordering::SeqCst);
            drop(held);
        }
    }));
    busy.begin();
    eventually(&rt, "the closure is dropped", dropped).await;
    assert!(!ran.load(Ordering::SeqCst));
}

async fn a_job_that_has_begun_runs_to_its_end<R: Runtime>(rt: R) {
    let busy = Busy::new(&rt);
    let slot = Arc::new(Mutex::new(None::<AbortHandle>));
    let job = busy.unblock({
        let slot = Arc::clone(&slot);
        move || {
            let me = slot.lock().expect("nobody panics").take().expect("put there before");
            me.abort();
            3
        }
    });
    *slot.lock().expect("nobody panics") = Some(job.abort_handle());
    busy.begin();
    assert_eq!(job.await.expect("it can't be stopped"), 3);
}

async fn a_job_that_its_runtime_drops_answers_gone<R: Runtime>(rt: R) {
    let busy = Busy::new(&rt);
    let (held, dropped) = Held::new();
    let job = busy.unblock(move || drop(held));
    let aborted = busy.unblock(|| ());
    aborted.abort();
    drop(busy.take());
    assert!(dropped());
    assert!(matches!(job.await, Err(JoinError::RuntimeGone)));
    assert!(matches!(aborted.await, Err(JoinError::Cancelled)));
}

async fn a_job_whose_destructor_panics_says_so<R: Runtime>(rt: R) {
    let busy = Busy::new(&rt);
    let bomb = Bomb("in the job's destructor");
    let job = busy.unblock(move || drop(bomb));
    job.abort();
    busy.begin();
    let error = job.await.expect_err("it did not run");
    assert_eq!(error.to_string(), "the task panicked: in the job's destructor");
    assert_eq!(rt.unblock(|| 1).await.expect("others go on"), 1);
}
