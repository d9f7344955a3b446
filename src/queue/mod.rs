//! Queues between tasks, and what else many wait at.

mod error;
mod exchange;
mod fifo;
mod future;
mod items;
mod line;
mod overflow;
mod permits;
mod priority;
mod slots;
mod state;
mod stats;
mod store;
#[cfg(test)]
mod testing;
mod wakes;

pub use self::error::{Closed, PutError, TaskDoneError, TryGetError};
pub use self::fifo::Queue;
pub use self::overflow::Overflow;
pub(crate) use self::permits::{Acquire, Permit, Permits};
pub(crate) use self::slots::SlotSet;
pub use self::priority::PriorityQueue;
pub use self::stats::QueueStats;
