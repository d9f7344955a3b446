//! The task: one implementation for every runtime, over `spawn_detached` alone, so that dropping,
//! detaching, aborting, panicking and losing the runtime can't differ between them.

mod cell;
mod error;
mod handle;
mod job;
mod new_task;
mod work;
mod yield_now;

pub use self::error::{JoinError, Panic};
pub use self::handle::{AbortHandle, Task};
pub use self::new_task::NewTask;
pub use self::yield_now::YieldNow;
