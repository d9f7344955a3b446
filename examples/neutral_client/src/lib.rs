//! The client of a small service that knows how many seats an aircraft has: a library that leaves
//! the choice of the runtime to its users.
//!
//! It takes two things from them: a runtime, `&rt`, and a way to [`Connect`]. All else is here, and
//! the same everywhere: answers and connections that are kept, a limit on the calls under way,
//! attempts that are given up and made again, a breaker that spares a service which is down.
//! [`Directory::stats`] says how it stands, [`Directory::watch_health`] how the service does, and it
//! is closed by [`Directory::shutdown`], or by the scope of its user. On tokio:
//!
//! ```no_run
//! use neutral_client::Directory;
//! use tokio::net::TcpStream;
//! use tokio_util::compat::TokioAsyncReadCompatExt;
//!
//! # async fn on_tokio() -> Result<(), Box<dyn std::error::Error>> {
//! let rt = mtaio_tokio::Tokio::current()?;
//! let directory = Directory::new(&rt, || async {
//!     Ok(TcpStream::connect("127.0.0.1:8080").await?.compat())
//! })?;
//! assert_eq!(directory.seats("N10156").await?, Some(55));
//! # Ok(())
//! # }
//! ```
//!
//! and on smol:
//!
//! ```no_run
//! use neutral_client::Directory;
//! use smol::net::TcpStream;
//!
//! # async fn on_smol() -> Result<(), Box<dyn std::error::Error>> {
//! let rt = mtaio_smol::Smol::global();
//! let directory = Directory::new(&rt, || TcpStream::connect("127.0.0.1:8080"))?;
//! assert_eq!(directory.seats("N10156").await?, Some(55));
//! # Ok(())
//! # }
//! ```

mod closing;
mod config;
mod connect;
mod connection;
mod directory;
mod error;
mod health;
mod pool;
mod stats;

pub use self::config::DirectoryConfig;
pub use self::connect::Connect;
pub use self::directory::Directory;
pub use self::error::{CallError, CutOff, DirectoryError};
pub use self::health::Health;
pub use self::stats::DirectoryStats;
