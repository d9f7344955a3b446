//! Who owns a runtime: builds it, drives it, shuts it down.

use std::future::Future;
use std::marker::PhantomData;
use std::sync::Arc;
use std::thread;

use mtaio_runtime::{DynRuntime, Runtime};
use mtaio_sim::Explore;
use mtaio_smol::Smol;
use mtaio_tokio::Tokio;
use smol::{Executor, channel};
use tokio::runtime::Builder;

use super::watched;

/// The owner's side of a runtime.
pub trait Host: 'static {
    /// The handle that the owner gives away.
    type Rt: Runtime;

    /// Builds a runtime, runs `body` on it to its end, and shuts it down before it returns. (What
    /// is never shut down, smol's global executor, only runs it.)
    fn run<F: Future>(body: impl FnOnce(Self::Rt) -> F) -> F::Output;

    /// Tests a scenario: once, in bounded time, or in a simulation once a seed.
    fn check<F, S>(name: &'static str, _seeds: u64, scenario: S)
    where
        F: Future<Output = ()> + 'static,
        S: Fn(Self::Rt) -> F + Send + 'static,
    {
        watched(name, move || Self::run(scenario));
    }
}

/// Tokio on the thread that calls it.
#[derive(Debug)]
pub struct TokioCurrentThread;

impl Host for TokioCurrentThread {
    type Rt = Tokio;

    fn run<F: Future>(body: impl FnOnce(Tokio) -> F) -> F::Output {
        on_tokio(&mut Builder::new_current_thread(), body)
    }
}

/// Tokio with two threads of its own.
#[derive(Debug)]
pub struct TokioMultiThread;

impl Host for TokioMultiThread {
    type Rt = Tokio;

    fn run<F: Future>(body: impl FnOnce(Tokio) -> F) -> F::Output {
        on_tokio(Builder::new_multi_thread().worker_threads(2), body)
    }
}

fn on_tokio<F: Future>(builder: &mut Builder, body: impl FnOnce(Tokio) -> F) -> F::Output {
    let runtime = builder.enable_time().build().expect("the system has threads for tokio");
    let rt = Tokio::new(runtime.handle().clone()).expect("it was built with timers");
    runtime.block_on(body(rt))
}

/// The executor that smol itself drives.
#[derive(Debug)]
pub struct SmolGlobal;

impl Host for SmolGlobal {
    type Rt = Smol;

    fn run<F: Future>(body: impl FnOnce(Smol) -> F) -> F::Output {
        smol::block_on(body(Smol::global()))
    }
}

/// An executor of smol that two threads drive.
#[derive(Debug)]
pub struct SmolOwn;

impl Host for SmolOwn {
    type Rt = Smol;

    fn run<F: Future>(body: impl FnOnce(Smol) -> F) -> F::Output {
        let executor = Arc::new(Executor::new());
        let rt = Smol::new(&executor);
        let (running, stopped) = channel::bounded::<()>(1);
        thread::scope(|scope| {
            // Dropped also when the body panics: the threads then stop, and the scope ends.
            let _running = running;
            for _ in 0..2 {
                scope.spawn(|| smol::block_on(executor.run(stopped.recv())));
            }
            smol::block_on(body(rt))
        })
    }
}

/// The simulator.
#[derive(Debug)]
pub struct Sim;

impl Host for Sim {
    type Rt = mtaio_sim::Sim;

    /// One schedule, with what `body` leaves behind, and threads that it joins.
    fn run<F: Future>(body: impl FnOnce(Self::Rt) -> F) -> F::Output {
        let run = Explore::new().allow_leaks().allow_foreign_wakes().run_seed(0, body);
        run.unwrap_or_else(|failure| panic!("{failure}"))
    }

    fn check<F, S>(_name: &'static str, seeds: u64, scenario: S)
    where
        F: Future<Output = ()> + 'static,
        S: Fn(Self::Rt) -> F + Send + 'static,
    {
        mtaio_sim::Sim::explore(Explore::new().seeds(0..seeds), scenario);
    }
}

/// Another runtime behind [`DynRuntime`].
#[derive(Debug)]
pub struct Dyn<H>(PhantomData<H>);

impl<H: Host> Host for Dyn<H> {
    type Rt = DynRuntime;

    fn run<F: Future>(body: impl FnOnce(DynRuntime) -> F) -> F::Output {
        H::run(|rt| body(DynRuntime::new(&rt)))
    }

    fn check<F, S>(name: &'static str, seeds: u64, scenario: S)
    where
        F: Future<Output = ()> + 'static,
        S: Fn(DynRuntime) -> F + Send + 'static,
    {
        H::check(name, seeds, move |rt| scenario(DynRuntime::new(&rt)));
    }
}
