//! Values that tell those who watch them when they change.
//!
//! ```
//! use mtaio::observable::Observable;
//!
//! # mtaio_sim::Sim::run(0, |_rt| async move {
//! let celsius = Observable::new(20.0);
//! let fahrenheit = celsius.map(|celsius| celsius * 1.8 + 32.0);
//! let mut watch = fahrenheit.watch();
//! celsius.set(100.0);
//! assert_eq!(watch.changed().await.as_deref(), Some(&212.0));
//! # });
//! ```
//!
//! | what one wants to know | what to take |
//! | --- | --- |
//! | what it is now | [`get`](Observable::get), [`latest`](Observable::latest) |
//! | the newest state, again and again, those between left out | [`watch`](Observable::watch) |
//! | every change, or that some were missed | [`changes`](Observable::changes) |
//! | something that follows from it | [`map`](Observable::map), [`zip`](Observable::zip) |
//!
//! No lock is held while foreign code runs: values are swapped, not changed in place. (Of an
//! [`ObservableMap`], the keys' `Hash` and `Eq` run under it.)

mod changes;
mod derived;
mod feeds;
mod map;
mod map_changes;
mod shared;
mod transaction;
mod value;
mod watch;

pub use self::changes::{Change, Changes};
pub use self::derived::Derived;
pub use self::map::{MapTransaction, ObservableMap};
pub use self::map_changes::{MapChange, MapChanges};
pub use self::transaction::{Conflict, Transaction};
pub use self::value::{Observable, ObservableStats};
pub use self::watch::Watch;
