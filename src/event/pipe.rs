use std::ptr;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Weak};

use super::call::{Called, Carried, Carry, Handling, Prototype};
use super::core::{Core, count};
use super::place::{Derived, Place, hub};
use super::registry::Select;
use super::report::Report;

/// What events can be piped to: an [`EventEmitter`](super::EventEmitter), or a
/// [`View`](super::View), which they enter through all that it does to them.
pub trait PipeTarget: sealed::Target {}

impl<T: sealed::Target> PipeTarget for T {}

pub(super) mod sealed {
    #[expect(unnameable_types, reason = "that is what seals the trait")]
    pub trait Target {
        #[doc(hidden)]
        fn end(&self, of: &super::Source<'_>) -> super::End;
    }
}

/// Where a pipe begins.
#[expect(unnameable_types, reason = "in a sealed trait")]
pub struct Source<'a>(pub(super) &'a Arc<Core>);

/// Where a pipe ends.
#[expect(unnameable_types, reason = "in a sealed trait")]
pub struct End(Kind);

enum Kind {
    Emitter {
        core: Arc<Core>,
        select: Option<Select>,
    },
    /// Where it began: to hold it would be a circle.
    Itself {
        core: Weak<Core>,
        select: Option<Select>,
    },
    View(Arc<Derived>),
}

impl End {
    pub(super) fn emitter(core: &Arc<Core>, select: Option<Select>, source: &Source<'_>) -> Self {
        Self(if Arc::ptr_eq(core, source.0) {
            Kind::Itself { core: Arc::downgrade(core), select }
        } else {
            Kind::Emitter { core: Arc::clone(core), select }
        })
    }

    pub(super) fn view(place: &Place, source: &Source<'_>) -> Self {
        match &place.above {
            Some(above) => {
                above.derived.pipes.fetch_add(1, Ordering::SeqCst);
                Self(Kind::View(Arc::clone(&above.derived)))
            }
            None => Self::emitter(&place.core, Some(place.select.clone()), source),
        }
    }

    pub(super) fn handling(self) -> Box<dyn Handling> {
        let make = |pipe: Arc<Self>, carry: Carry| async move {
            let called = pipe.carry_on(&carry).await;
            (carry, called)
        };
        Box::new(Prototype { handler: Arc::new(self), make })
    }

    async fn carry_on(&self, carry: &Carry) -> Called {
        let behind = match &self.0 {
            Kind::Emitter { core, select } => self.to_emitter(core, select.as_ref(), carry).await,
            Kind::Itself { core, select } => match core.upgrade() {
                Some(core) => self.to_emitter(&core, select.as_ref(), carry).await,
                None => Report::default(),
            },
            Kind::View(derived) => {
                return Called::Viewed(Box::new(self.to_view(derived, carry).await));
            }
        };
        // Who stops an event there does not stop it here.
        Called::Piped(Box::new(Report { stopped: false, ..behind }))
    }

    async fn to_emitter(&self, core: &Core, select: Option<&Select>, carry: &Carry) -> Report {
        if select.is_some_and(|select| !select.takes(&carry.event)) {
            return Report::default();
        }
        let event = carry.event.clone();
        match carry.trail.through(self.address(), core.address(), &event) {
            Some(trail) => core.emit_piped(Carry::new(Carried { event, trail })).await,
            None => looped(core),
        }
    }

    async fn to_view(&self, derived: &Derived, carry: &Carry) -> Report {
        let Some(event) = derived.pass(&carry.event) else { return Report::default() };
        let core = &derived.hub;
        match carry.trail.through(self.address(), core.address(), &event) {
            Some(trail) => {
                let shown = core.show(&hub(), Carry::new(Carried { event, trail }), None).await;
                Report { stopped: false, ..shown }
            }
            None => looped(core),
        }
    }

    fn address(&self) -> usize {
        ptr::from_ref(self).addr()
    }
}

fn looped(core: &Core) -> Report {
    count(&core.counts.looped, 1);
    Report::default()
}

impl Drop for End {
    fn drop(&mut self) {
        if let Kind::View(derived) = &self.0 {
            derived.pipes.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
