//! Streams: windows and batches, by count and by time; many calls at once; one stream for many
//! readers, and many streams out of one.
//!
//! [`StreamExt`] adds to what the crate futures has, and repeats nothing of it.
//!
//! ```
//! use std::time::Duration;
//! use futures::stream;
//! use mtaio::StreamExt;
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let rows = stream::iter(1..=25).timed(&rt).batch_within(10, Duration::from_millis(100))?;
//!
//! let mut written = Vec::new();
//! let write = async |rows: Vec<u32>| rows.len();
//! rows.map_async(2, write)?
//!     .for_each(async |batch| written.push(batch.expect("it doesn't panic")))
//!     .await;
//! assert_eq!(written, [10, 10, 5]);
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```
//!
//! # The end
//!
//! A stream here ends when its source does, with nothing left inside: what is incomplete then comes
//! last, where it is not said otherwise. After that it answers none again, and does not poll its
//! source.
//!
//! # Memory
//!
//! What a stream holds back is bounded by its settings, but for what is gathered by time alone
//! ([`Timed::batch_by_time`], [`Timed::tumbling`], [`Timed::sliding`]): that is bounded by what
//! comes in the time.

mod batch;
mod broadcast;
mod distinct;
mod error;
mod ext;
mod group_by;
mod lane;
mod map_async;
mod progress;
mod retry;
mod timed;
mod window;

pub use self::batch::Batch;
pub use self::broadcast::{Broadcast, BroadcastStats};
pub use self::distinct::Distinct;
pub use self::error::CallPanicked;
pub use self::ext::StreamExt;
pub use self::group_by::{Group, GroupBy};
pub(crate) use self::map_async::Order as MapOrder;
pub use self::map_async::{AsFinished, ByKey, Called, InOrder, MapAsync, MapStats};
pub use self::progress::{Progress, Reported};
pub use self::retry::{RetryStream, retry_stream};
pub use self::timed::{
    BatchWithin, Debounce, Sample, Sliding, Throttle, TimeWindow, Timed, TimeoutEach, Tumbling,
};
pub use self::window::{Window, Windowed};
