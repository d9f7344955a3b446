//! Draft.

mod ambient;
mod erased;
#[cfg(feature = "fast-clock")]
mod fast_clock;
mod instant;
mod name;
mod runtime;
mod sleep;
mod task;

pub use ambient::{Ambient, Attached};
pub use erased::DynRuntime;
#[cfg(feature = "fast-clock")]
pub use fast_clock::FastClock;
pub use instant::Instant;
pub use name::TaskName;
pub use runtime::{Runtime, RuntimeExt};
pub use sleep::Sleep;
pub use task::{AbortHandle, JoinError, NewTask, Panic, Task, YieldNow};
