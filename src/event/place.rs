use std::any::TypeId;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, Weak};

use super::any_event::AnyEvent;
use super::call::{Called, Carried, Carry, Handling, Prototype};
use super::core::Core;
use super::listener::{Entry, Listen, Listener, Priority, Subscription};
use super::name::Key;
use super::registry::Select;
use super::report::Report;
use crate::queue::lock;

/// Where one can listen: an emitter, for some of its events, or a view.
#[derive(Clone)]
pub(super) struct Place {
    pub(super) core: Arc<Core>,
    pub(super) select: Select,
    pub(super) above: Option<Arc<Above>>,
}

/// What a view is of.
pub(super) struct Above {
    pub(super) derived: Arc<Derived>,
    place: Place,
    /// What brings events to the view, for each priority that somebody listens there with: so a
    /// view's listeners have their place among all of the emitter.
    feeds: Mutex<BTreeMap<Priority, Weak<Subscription>>>,
}

/// What a view does to an event, and who listens to what comes of it. It knows nothing of where
/// the events come from: that would be a circle.
pub(super) struct Derived {
    op: Op,
    pub(super) hub: Arc<Core>,
    /// How many pipes lead into it. If any does, they alone feed it.
    pub(super) pipes: AtomicUsize,
    root: Select,
    before: Option<Arc<Self>>,
}

pub(super) type Op = Box<dyn Fn(&AnyEvent) -> Option<AnyEvent> + Send + Sync>;

/// What is listened for in a view: all that comes.
pub(super) fn hub() -> Key<'static> {
    Key { hash: 0, carries: TypeId::of::<()>(), name: Cow::Borrowed("") }
}

impl Place {
    pub(super) const fn of(core: Arc<Core>, select: Select) -> Self {
        Self { core, select, above: None }
    }

    /// A view of this place.
    pub(super) fn view(&self, op: Op) -> Self {
        let core = Arc::new(self.core.behind());
        let before = self.above.as_ref().map(|above| Arc::clone(&above.derived));
        let root = before.as_ref().map_or(&self.select, |before| &before.root).clone();
        let pipes = AtomicUsize::new(0);
        let derived = Arc::new(Derived { op, hub: Arc::clone(&core), pipes, root, before });
        let above = Above { derived, place: self.clone(), feeds: Mutex::default() };
        Self { core, select: Select::Exact(hub()), above: Some(Arc::new(above)) }
    }

    pub(super) fn listen(&self, listen: Listen, handling: Box<dyn Handling>) -> Listener {
        let entry = self.enter(listen, handling);
        Listener::new(&self.core, &entry)
    }

    fn enter(&self, listen: Listen, handling: Box<dyn Handling>) -> Arc<Entry> {
        let feed = self.above.as_ref().map(|above| above.feed(listen.priority));
        self.core.listen(self.select.clone(), listen, handling, feed)
    }

    /// The emitter that all of it comes from.
    pub(super) fn root(&self) -> &Arc<Core> {
        self.above.as_ref().map_or(&self.core, |above| above.place.root())
    }

    /// What `event` is here; none if it is nothing.
    pub(super) fn pass(&self, event: &AnyEvent) -> Option<AnyEvent> {
        match &self.above {
            Some(above) => above.derived.pass(event),
            None => self.select.takes(event).then(|| event.clone()),
        }
    }
}

impl Above {
    fn feed(&self, priority: Priority) -> Arc<Subscription> {
        if let Some(feed) = self.known(priority) {
            return feed;
        }
        let make = |(derived, priority): (Arc<Derived>, Priority), carry: Carry| async move {
            let report = derived.feed(&carry, priority).await;
            (carry, Called::Viewed(Box::new(report)))
        };
        let handling = Prototype { handler: (Arc::clone(&self.derived), priority), make };
        let new = Arc::new(self.place.listen(priority.into(), Box::new(handling)).guarded());
        let mut feeds = lock(&self.feeds);
        if let Some(feed) = feeds.get(&priority).and_then(Weak::upgrade) {
            // Another was quicker.
            drop(feeds);
            return feed;
        }
        feeds.insert(priority, Arc::downgrade(&new));
        new
    }

    fn known(&self, priority: Priority) -> Option<Arc<Subscription>> {
        lock(&self.feeds).get(&priority).and_then(Weak::upgrade)
    }
}

impl Derived {
    /// What an event that comes from outside of the emitter is here.
    pub(super) fn pass(&self, event: &AnyEvent) -> Option<AnyEvent> {
        match &self.before {
            Some(before) => (self.op)(&before.pass(event)?),
            None if self.root.takes(event) => (self.op)(event),
            None => None,
        }
    }

    async fn feed(&self, carry: &Carry, priority: Priority) -> Report {
        if self.pipes.load(Ordering::SeqCst) > 0 {
            return Report::default();
        }
        let Some(event) = (self.op)(&carry.event) else { return Report::default() };
        let carry = Carry::new(Carried { event, trail: carry.trail.clone() });
        self.hub.show(&hub(), carry, Some(priority)).await
    }
}
