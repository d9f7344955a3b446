use std::any::TypeId;
use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use super::any_event::{AnyEvent, Event, Known};
use super::core::Core;
use super::name::{Key, hash_of};
use super::report::Report;
use super::running::Running;

/// What is emitted, before it is an event.
pub(super) trait Emitted: Sized {
    /// Of its name.
    fn hash(&self) -> u64;

    fn key(&self) -> Key<'_>;

    fn into_event(self) -> AnyEvent;

    /// Becomes what an event carries that was one of the same key, and is empty.
    fn refill(self, event: &mut AnyEvent) -> Result<(), Self>;
}

/// An event whose type says what it is called.
pub(super) struct Typed<E>(pub(super) E);

/// An event that is called as it is said here.
pub(super) struct Named<V> {
    name: Cow<'static, str>,
    hash: u64,
    value: V,
}

impl<V> Named<V> {
    pub(super) fn new(name: Cow<'static, str>, value: V) -> Self {
        Self { hash: hash_of(&name), name, value }
    }
}

/// An event that is told to those whom it is for: one that nobody wants to hear costs nothing but a
/// look, and one of a kind that has been told before finds the memory of that.
#[must_use = "futures do nothing unless polled"]
pub(super) struct Emit<'a, M> {
    emitted: Option<M>,
    running: Running<'a>,
}

impl<'a, M> Emit<'a, M> {
    #[inline]
    pub(super) const fn new(core: &'a Core, emitted: M) -> Self {
        Self { emitted: Some(emitted), running: Running::none(core) }
    }
}

impl<M: Emitted> Future for Emit<'_, M> {
    type Output = Report;

    #[inline]
    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Report> {
        let Self { emitted, running } = self.get_mut();
        if let Some(emitted) = emitted.take() {
            if running.core.has_nobody_for(emitted.hash()) {
                return Poll::Ready(Report::default());
            }
            match running.core.begin(emitted) {
                Ok(lane) => running.lane = Some(lane),
                Err(report) => return Poll::Ready(report),
            }
        }
        running.poll_lane(cx)
    }
}

// Nothing in it is pinned.
impl<M> Unpin for Emit<'_, M> {}

impl<E: Event> Emitted for Typed<E> {
    #[inline]
    fn hash(&self) -> u64 {
        Known::<E>::HASH
    }

    #[inline]
    fn key(&self) -> Key<'_> {
        Known::<E>::key()
    }

    fn into_event(self) -> AnyEvent {
        AnyEvent::new(self.0)
    }

    #[inline]
    fn refill(self, event: &mut AnyEvent) -> Result<(), Self> {
        event.refill(self.0).map_err(Self)
    }
}

impl<V: Send + Sync + 'static> Emitted for Named<V> {
    fn hash(&self) -> u64 {
        self.hash
    }

    fn key(&self) -> Key<'_> {
        Key { hash: self.hash, carries: TypeId::of::<V>(), name: Cow::Borrowed(&self.name) }
    }

    fn into_event(self) -> AnyEvent {
        AnyEvent::named(self.name, self.value)
    }

    fn refill(self, event: &mut AnyEvent) -> Result<(), Self> {
        let Self { name, hash, value } = self;
        event.refill(value).map_err(|value| Self { name, hash, value })
    }
}

impl Emitted for AnyEvent {
    fn hash(&self) -> u64 {
        self.hash_of_name()
    }

    fn key(&self) -> Key<'_> {
        self.key()
    }

    fn into_event(self) -> AnyEvent {
        self
    }

    fn refill(self, event: &mut AnyEvent) -> Result<(), Self> {
        *event = self;
        Ok(())
    }
}
