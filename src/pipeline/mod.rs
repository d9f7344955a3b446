//! Pipelines: stages behind each other, put together at compile time.
//!
//! ```
//! use futures::stream;
//! use mtaio::pipeline::{Parallel, pipeline};
//!
//! # mtaio_sim::Sim::run(0, |rt| async move {
//! let squares = pipeline::<String>()
//!     .then(async |word: &'static str| word.parse::<u64>().map_err(|error| error.to_string()))
//!     .skip()
//!     .map_async(Parallel::ordered(8), async |n: u64| n.checked_mul(n).ok_or("too much".to_owned()))
//!     .build()?;
//!
//! let (squares, report) = squares.run(&rt, stream::iter(["3", "x", "5"])).collect().await;
//! assert_eq!(squares, [9, 25]);
//! assert_eq!((report.delivered, report.skipped), (2, 1));
//! # Ok::<(), mtaio::ConfigError>(())
//! # }).unwrap();
//! ```
//!
//! # Every item has an end
//!
//! Of every item that a run takes from its source exactly one thing becomes, whatever fails, panics
//! or is cancelled: it is delivered, filtered, skipped, handed over as a dead letter, failed, or,
//! when the time to drain is over, unprocessed. The [`RunReport`] counts them.
//!
//! # How many come of one
//!
//! The type of a pipeline tells: [`One`], [`Maybe`] after a filter or where errors are skipped, or
//! [`Many`] after a [`Transform`] or a batch. [`Opened::process`] answers accordingly, or does not
//! exist.
//!
//! # What is on its way goes on
//!
//! A run is one future, polled in place: it spawns nothing for its items. Stages before one that
//! works or waits go on meanwhile, as far as there is room: one item is held ready behind each of
//! them, more with [`buffer`](Builder::buffer).

mod arity;
mod boxed;
mod buffer;
mod builder;
mod counts;
mod course;
mod door;
mod driver;
mod each;
mod error;
mod flow;
mod gate;
mod gather;
mod handover;
mod ledger;
mod link;
mod list;
mod on_error;
mod parallel;
#[expect(clippy::module_inception, reason = "the type that the module is about")]
mod pipeline;
mod report;
mod retried;
mod run;
mod stage;
mod transform;
mod transform_worker;
mod work;
mod worker;

pub use self::arity::{Arity, Many, Maybe, One};
pub use self::boxed::{BoxOpened, BoxPipeline, BoxRun};
pub use self::buffer::Buffer;
pub use self::builder::{Begin, Builder, pipeline};
pub use self::each::{Filter, FilterMap, Immediate, Map};
pub use self::error::{Fault, PipelineError};
pub use self::gather::{Batch, Gather};
pub use self::link::{Chain, EachLink, Link, Start};
pub use self::list::StageList;
pub use self::on_error::{DeadLetter, Fail, Letter, OnError, Settled, Skip};
pub use self::parallel::{ByKey, Order, Ordered, Parallel, Unordered};
pub use self::pipeline::{Opened, Pipeline};
pub use self::report::{RunEnd, RunReport, StageReport};
pub use self::retried::Retried;
pub use self::run::Run;
pub use self::stage::Stage;
pub use self::transform::{Emit, Transform};
pub use self::transform_worker::TransformWorker;
pub use self::worker::{OneByOne, Pace, Worker};
