//! Events: who has something to tell, and those who want to know, without knowing each other.

mod any_event;
mod builder;
mod call;
mod core;
mod emitter;
mod handler;
mod hooks;
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
