//! One scenario, every runtime: see [`on_every_runtime`].
//!
//! A scenario is `async fn scenario<R: Runtime>(rt: R)`. To run unchanged in a simulation it waits
//! only through `rt` and blocks no thread, but for joining one that needs no runtime to end.

#![allow(
    dead_code,
    unreachable_pub,
    unused_imports,
    unused_macros,
    reason = "each test file uses a part of it"
)]
#![allow(clippy::expect_used, reason = "a test may fail")]

mod hosts;
mod probes;
mod survival;
mod watch;

pub use hosts::{Dyn, Host, Sim, SmolGlobal, SmolOwn, TokioCurrentThread, TokioMultiThread};
pub use probes::{Bomb, Gate, Held, Wakes, block_on, eventually, poll_once, poll_with};
pub use survival::{Alive, Census, FAULTS, WORKER, done_or_dropped, ms, survives};
pub use watch::watched;

use std::time::Duration;

/// Far more than anything here takes, far less than anybody waits.
pub const LONG: Duration = Duration::from_secs(10);

/// Whether this is the run that takes its time: `.ci/soak`.
pub fn is_soak() -> bool {
    std::env::var_os("MTAIO_SOAK").is_some_and(|value| value == "1")
}

/// Gives each scenario one `#[test]` a runtime: `tokio_current_thread::scenario`,
/// `dyn_sim::scenario` and so on. A simulation runs it once a seed, 100 of them unless said:
/// `on_every_runtime!(seeds = 10; scenario_a, scenario_b)`.
macro_rules! on_every_runtime {
    (seeds = $seeds:expr; $($scenario:ident),+ $(,)?) => {
        $crate::common::on_hosts! { $seeds; [$($scenario)+]
            tokio_current_thread: $crate::common::TokioCurrentThread,
            tokio_multi_thread: $crate::common::TokioMultiThread,
            smol_global: $crate::common::SmolGlobal,
            smol_own: $crate::common::SmolOwn,
            sim: $crate::common::Sim,
            dyn_tokio_current_thread: $crate::common::Dyn<$crate::common::TokioCurrentThread>,
            dyn_tokio_multi_thread: $crate::common::Dyn<$crate::common::TokioMultiThread>,
            dyn_smol_global: $crate::common::Dyn<$crate::common::SmolGlobal>,
            dyn_smol_own: $crate::common::Dyn<$crate::common::SmolOwn>,
            dyn_sim: $crate::common::Dyn<$crate::common::Sim>,
        }
    };
    ($($scenario:ident),+ $(,)?) => {
        $crate::common::on_every_runtime! { seeds = 100; $($scenario),+ }
    };
}

/// As [`on_every_runtime`], without the simulations: for what they have another word on, such as a
/// foreign thread that waits for the clock.
macro_rules! on_every_real_runtime {
    ($($scenario:ident),+ $(,)?) => {
        $crate::common::on_hosts! { 1; [$($scenario)+]
            tokio_current_thread: $crate::common::TokioCurrentThread,
            tokio_multi_thread: $crate::common::TokioMultiThread,
            smol_global: $crate::common::SmolGlobal,
            smol_own: $crate::common::SmolOwn,
            dyn_tokio_current_thread: $crate::common::Dyn<$crate::common::TokioCurrentThread>,
            dyn_tokio_multi_thread: $crate::common::Dyn<$crate::common::TokioMultiThread>,
            dyn_smol_global: $crate::common::Dyn<$crate::common::SmolGlobal>,
            dyn_smol_own: $crate::common::Dyn<$crate::common::SmolOwn>,
        }
    };
}

macro_rules! on_hosts {
    ($seeds:expr; $scenarios:tt $($runtime:ident: $host:ty,)+) => {
        $($crate::common::on_host! { $seeds; $scenarios $runtime: $host })+
    };
}

macro_rules! on_host {
    ($seeds:expr; [$($scenario:ident)+] $runtime:ident: $host:ty) => {
        mod $runtime {
            $(
                #[test]
                fn $scenario() {
                    let name = concat!(stringify!($runtime), "::", stringify!($scenario));
                    <$host as $crate::common::Host>::check(name, $seeds, super::$scenario);
                }
            )+
        }
    };
}

pub(crate) use {on_every_real_runtime, on_every_runtime, on_host, on_hosts};
