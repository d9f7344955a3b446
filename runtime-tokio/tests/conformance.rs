//! Tokio, in both flavours, is all that [`Runtime`](mtaio_runtime::Runtime) promises.

#![allow(clippy::expect_used, reason = "a test may fail")]

use std::future::Future;

use mtaio_runtime::conformance::{Erased, Host, Suite};
use mtaio_tokio::Tokio;
use tokio::runtime::Builder;

/// Builds a runtime of one flavour, and ends it when it drops it.
struct Owner {
    builder: fn() -> Builder,
    handle: fn(Tokio) -> Tokio,
}

impl Owner {
    const CURRENT_THREAD: Self = Self { builder: Builder::new_current_thread, handle: |rt| rt };
    const MULTI_THREAD: Self = Self { builder: Builder::new_multi_thread, handle: |rt| rt };
}

impl Host for Owner {
    type Runtime = Tokio;

    fn run<F: Future>(&self, body: impl FnOnce(Tokio) -> F) -> F::Output {
        let runtime = (self.builder)().worker_threads(2).enable_time().build();
        let runtime = runtime.expect("the system has threads for tokio");
        let rt = Tokio::new(runtime.handle().clone()).expect("it was built with timers");
        runtime.block_on(body((self.handle)(rt)))
    }
}

#[test]
fn current_thread() {
    Suite::new().verify(Owner::CURRENT_THREAD);
}

#[test]
fn current_thread_erased() {
    Suite::new().verify(Erased(Owner::CURRENT_THREAD));
}

#[test]
fn multi_thread() {
    Suite::new().verify(Owner::MULTI_THREAD);
}

#[test]
fn multi_thread_erased() {
    Suite::new().verify(Erased(Owner::MULTI_THREAD));
}

#[cfg(feature = "fast-clock")]
#[test]
fn current_thread_with_fast_clock() {
    Suite::new().verify(Owner { handle: Tokio::with_fast_clock, ..Owner::CURRENT_THREAD });
}

#[cfg(feature = "fast-clock")]
#[test]
fn multi_thread_with_fast_clock() {
    Suite::new().verify(Owner { handle: Tokio::with_fast_clock, ..Owner::MULTI_THREAD });
}
