//! Adapters with a fault each.
//!
//! The semantics of tasks belong to `mtaio-runtime`, and no adapter can change them. What it can get
//! wrong lies below: whom it wakes, when it polls, what it drops, what its clock says. Each fault
//! sits on a runtime that works, mostly on the simulator, where nothing takes long and a task that
//! is stuck is a deadlock, and no wait.

mod clocks;
mod end;
mod jobs;
mod panics;
mod sleeps;
mod tasks;
mod wakers;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use mtaio_runtime::conformance::{Capability, Host, Suite, Verdict};
use mtaio_runtime::{DynRuntime, Instant, Runtime, Sleep, TaskName};

use crate::common::{self, Host as _};

/// For checks that come to an end.
const PATIENCE: Duration = Duration::from_secs(20);

type BoxFuture = Pin<Box<dyn Future<Output = ()> + Send>>;
type BoxSleep = Pin<Box<dyn Sleep>>;
type Job = Box<dyn FnOnce() + Send>;

/// What an adapter does wrong: each method is right unless it is overridden.
trait Fault: Send + Sync + 'static {
    fn now(&self, rt: &DynRuntime) -> Instant {
        rt.now()
    }

    fn wall_clock(&self, rt: &DynRuntime) -> SystemTime {
        rt.wall_clock()
    }

    fn entropy(&self, rt: &DynRuntime) -> u64 {
        rt.entropy()
    }

    fn sleep_until(&self, rt: &DynRuntime, deadline: Instant) -> BoxSleep {
        rt.sleep_until(deadline)
    }

    fn spawn_detached(&self, rt: &DynRuntime, name: TaskName, future: BoxFuture) {
        rt.spawn_detached(name, future);
    }

    fn spawn_blocking(&self, rt: &DynRuntime, job: Job) {
        rt.spawn_blocking(job);
    }

    /// Called once, on the thread that drives the runtime.
    fn begin(&self) {}

    /// What the clone of a handle gets, where it is not this.
    fn twin(&self) -> Option<Arc<dyn Fault>> {
        None
    }
}

/// No fault at all.
struct Sound;

impl Fault for Sound {}

/// A runtime with a fault.
struct Planted {
    rt: DynRuntime,
    fault: Arc<dyn Fault>,
}

impl Planted {
    fn new<R: Runtime>(rt: &R, fault: Arc<dyn Fault>) -> Self {
        fault.begin();
        Self { rt: DynRuntime::new(rt), fault }
    }
}

impl Clone for Planted {
    fn clone(&self) -> Self {
        let fault = self.fault.twin().unwrap_or_else(|| Arc::clone(&self.fault));
        Self { rt: self.rt.clone(), fault }
    }
}

impl Runtime for Planted {
    type Sleep = BoxSleep;

    fn now(&self) -> Instant {
        self.fault.now(&self.rt)
    }

    fn wall_clock(&self) -> SystemTime {
        self.fault.wall_clock(&self.rt)
    }

    fn entropy(&self) -> u64 {
        self.fault.entropy(&self.rt)
    }

    fn sleep_until(&self, deadline: Instant) -> BoxSleep {
        self.fault.sleep_until(&self.rt, deadline)
    }

    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.fault.spawn_detached(&self.rt, name, Box::pin(future));
    }

    fn spawn_blocking(&self, job: Job) {
        self.fault.spawn_blocking(&self.rt, job);
    }
}

/// Runs a fault in the simulator.
struct InSim(Arc<dyn Fault>);

impl Host for InSim {
    type Runtime = Planted;

    fn run<F: Future>(&self, body: impl FnOnce(Planted) -> F) -> F::Output {
        let fault = Arc::clone(&self.0);
        common::Sim::run(|rt| body(Planted::new(&rt, fault)))
    }

    fn lacks(&self, capability: Capability) -> Option<&'static str> {
        match capability {
            Capability::ForeignWaits | Capability::ParallelJobs | Capability::ContainedPanics => {
                Some("a simulation")
            }
            _ => None,
        }
    }
}

/// Runs a fault on tokio, for what a simulation has another word on.
struct OnTokio(Arc<dyn Fault>);

impl Host for OnTokio {
    type Runtime = Planted;

    fn run<F: Future>(&self, body: impl FnOnce(Planted) -> F) -> F::Output {
        let fault = Arc::clone(&self.0);
        common::TokioCurrentThread::run(|rt| body(Planted::new(&rt, fault)))
    }
}

/// Asserts that the check called `name` fails, and that the fault is what it complains of.
#[track_caller]
fn fails<H: Host>(host: H, name: &str, complaint: &str, patience: Duration) {
    let report = Suite::new().only(name).patience(patience).run(host);
    match report.verdict(name) {
        Some(Verdict::Failed(reason)) => {
            assert!(reason.contains(complaint), "{name} complains of something else: {reason}");
        }
        other => panic!("{name} does not find the fault: {other:?}"),
    }
}

/// [`fails`], in the simulator.
#[track_caller]
fn found(fault: impl Fault, name: &str, complaint: &str) {
    fails(InSim(Arc::new(fault)), name, complaint, PATIENCE);
}

/// [`fails`], on tokio.
#[track_caller]
fn found_on_tokio(fault: impl Fault, name: &str, complaint: &str) {
    fails(OnTokio(Arc::new(fault)), name, complaint, PATIENCE);
}

/// [`fails`], on tokio, by hanging. A check gives up by itself later than that, and says more.
#[track_caller]
fn stuck_on_tokio(fault: impl Fault, name: &str) {
    fails(OnTokio(Arc::new(fault)), name, "it hangs", Duration::from_millis(300));
}

#[test]
fn without_a_fault_everything_passes() {
    Suite::new().verify(InSim(Arc::new(Sound)));
    Suite::new().verify(OnTokio(Arc::new(Sound)));
}

type PollSleep = dyn FnMut(&mut BoxSleep, &mut Context<'_>) -> Poll<()> + Send;
type ResetSleep = dyn FnMut(&mut BoxSleep, Instant) + Send;

/// A sleep that is polled and reset in another way.
struct Odd {
    sleep: BoxSleep,
    poll: Box<PollSleep>,
    reset: Box<ResetSleep>,
}

impl Odd {
    fn new(sleep: BoxSleep) -> Self {
        Self {
            sleep,
            poll: Box::new(|sleep, cx| sleep.as_mut().poll(cx)),
            reset: Box::new(|sleep, deadline| sleep.as_mut().reset(deadline)),
        }
    }

    fn polled(
        mut self,
        poll: impl FnMut(&mut BoxSleep, &mut Context<'_>) -> Poll<()> + Send + 'static,
    ) -> Self {
        self.poll = Box::new(poll);
        self
    }

    fn resets(mut self, reset: impl FnMut(&mut BoxSleep, Instant) + Send + 'static) -> Self {
        self.reset = Box::new(reset);
        self
    }

    fn boxed(self) -> BoxSleep {
        Box::pin(self)
    }
}

impl Sleep for Odd {
    fn reset(mut self: Pin<&mut Self>, deadline: Instant) {
        let this = &mut *self;
        (this.reset)(&mut this.sleep, deadline);
    }
}

impl Future for Odd {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let this = &mut *self;
        (this.poll)(&mut this.sleep, cx)
    }
}
