//! Events: who has something to tell, and those who want to know, without knowing each other.
//!
//! ```
//! use mtaio::event::{Event, EventEmitter};
//!
//! struct UserLogin {
//!     name: String,
//! }
//!
//! impl Event for UserLogin {
//!     const NAME: &'static str = "user.login";
//! }
//!
//! # mtaio_sim::Sim::run(0, |_rt| async move {
//! let emitter = EventEmitter::new();
//! emitter.on(async move |login: &UserLogin| {
//!     if login.name.is_empty() { Err("nobody") } else { Ok(()) }
//! });
//!
//! let report = emitter.emit(UserLogin { name: "ada".into() }).await;
//! assert_eq!((report.ran, report.failed()), (1, 0));
//! let report = emitter.emit(UserLogin { name: String::new() }).await;
//! assert_eq!((report.ran, report.failed()), (1, 1));
//! # });
//! ```
//!
//! # Which one
//!
//! | what is wanted | how |
//! | --- | --- |
//! | handlers that run before `emit` answers, by priority, and a report of them | [`EventEmitter`] |
//! | handlers that get many events at once | a view's [`batch`](View::batch) |
//! | only some of the events, changed ones, or those of another emitter | its [`View`]s, and their pipes |
//! | readers that go at their own pace, each with its own room, by dotted names | [`Topics`] |
//!
//! A handler may emit, listen and take itself out: no lock is held while it runs. One that fails or
//! panics is in the [`Report`], and stops nothing else. An emitter that one of its own handlers keeps
//! never goes: give it a [`WeakEmitter`].

mod any_event;
mod batch;
mod builder;
mod call;
mod core;
mod emit;
mod emitter;
mod handler;
mod heard;
mod hooks;
mod lane;
mod listener;
mod name;
mod pattern;
mod pipe;
mod place;
mod polls;
mod registry;
mod report;
mod running;
mod stream;
mod topics;
mod trail;
mod view;

pub use self::any_event::{AnyEvent, Ev, Event, IntoEvent};
pub use self::batch::{BatchListener, BatchStats, Batched};
pub use self::builder::EmitterBuilder;
pub use self::emitter::{EventEmitter, Suppressed, WeakEmitter};
pub use self::handler::{Flow, Handler, HandlerOutput};
pub use self::listener::{Listen, Listener, ListenerId, Priority, Subscription};
pub use self::pattern::Pattern;
pub use self::pipe::PipeTarget;
pub use self::report::{EmitterStats, Failure, HandlerError, Report};
pub use self::stream::{EventStream, WaitFor};
pub use self::topics::{
    Delivery, Message, PublishError, Subscriber, SubscriberStats, Topic, Topics, TopicsStats,
};
pub use self::view::View;
