//! Smol, by its global executor and by one of its own, is all that
//! [`Runtime`](mtaio_runtime::Runtime) promises.

use std::future::Future;
use std::sync::Arc;
use std::thread;

use mtaio_runtime::conformance::{Capability, Erased, Host, Suite};
use mtaio_smol::Smol;
use smol::{Executor, channel};

/// The executor that smol itself drives.
struct Global {
    handle: fn(Smol) -> Smol,
}

impl Global {
    const NEW: Self = Self { handle: |rt| rt };
}

impl Host for Global {
    type Runtime = Smol;

    fn run<F: Future>(&self, body: impl FnOnce(Smol) -> F) -> F::Output {
        smol::block_on(body((self.handle)(Smol::global())))
    }

    fn lacks(&self, capability: Capability) -> Option<&'static str> {
        (capability == Capability::Shutdown).then_some("nobody can shut down smol's own executor")
    }
}

/// An executor that two threads drive, until their owner is done.
struct Owner {
    handle: fn(Smol) -> Smol,
}

impl Owner {
    const NEW: Self = Self { handle: |rt| rt };
}

impl Host for Owner {
    type Runtime = Smol;

    fn run<F: Future>(&self, body: impl FnOnce(Smol) -> F) -> F::Output {
        let executor = Arc::new(Executor::new());
        let rt = (self.handle)(Smol::new(&executor));
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

#[test]
fn global() {
    Suite::new().verify(Global::NEW);
}

#[test]
fn global_erased() {
    Suite::new().verify(Erased(Global::NEW));
}

#[test]
fn own() {
    Suite::new().verify(Owner::NEW);
}

#[test]
fn own_erased() {
    Suite::new().verify(Erased(Owner::NEW));
}

#[cfg(feature = "fast-clock")]
#[test]
fn global_with_fast_clock() {
    Suite::new().verify(Global { handle: Smol::with_fast_clock });
}

#[cfg(feature = "fast-clock")]
#[test]
fn own_with_fast_clock() {
    Suite::new().verify(Owner { handle: Smol::with_fast_clock });
}
