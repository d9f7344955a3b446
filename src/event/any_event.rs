use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use triomphe::Arc as Shared;
use unsize::{CoerceUnsize, Coercion};

use super::name::{Key, Name, hash_of};

/// A type whose values are events of one name.
///
/// ```
/// use mtaio::event::Event;
///
/// struct UserLogin {
///     user: String,
/// }
///
/// impl Event for UserLogin {
///     const NAME: &'static str = "user.login";
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an event",
    note = "`impl Event for {Self} {{ const NAME: &'static str = \"..\"; }}`, or give it a name where it is used: `emit_named(name, value)`, `named::<{Self}>(name)`, `map_value(..)`"
)]
pub trait Event: Send + Sync + 'static {
    /// Its name, with dots between its levels, as `user.login`.
    const NAME: &'static str;
}

/// An event of any kind: its name, what it carries, and what is told beside that.
///
/// Clones are the same event.
///
/// # Examples
///
/// ```
/// use mtaio::event::AnyEvent;
///
/// let event = AnyEvent::named("user_action", 42_u32).with_metadata("trace", "7f");
/// assert_eq!((event.name(), event.get::<u32>()), ("user_action", Some(&42)));
///
/// let told = event.with_payload("forty-two");
/// assert_eq!((told.name(), told.get::<&str>()), ("user_action", Some(&"forty-two")));
/// assert_eq!(told.metadata("trace"), Some("7f"));
/// ```
#[derive(Clone)]
pub struct AnyEvent {
    name: Name,
    hash: u64,
    metadata: Option<Arc<Metadata>>,
    payload: Shared<dyn Payload>,
}

type Metadata = Vec<(Cow<'static, str>, String)>;

/// What an event carries. (Its count has no second one for weak owners: whether it is shared is
/// known at the cost of a load.)
trait Payload: Any + Send + Sync {
    /// Its type.
    fn carries(&self) -> TypeId;

    /// Drops it, and keeps its memory.
    fn clear(&mut self);
}

/// Empty only when there is nobody who could see it.
struct Slot<T>(Option<T>);

impl<T: Send + Sync + 'static> Payload for Slot<T> {
    fn carries(&self) -> TypeId {
        TypeId::of::<T>()
    }

    fn clear(&mut self) {
        self.0 = None;
    }
}

fn payload<T: Send + Sync + 'static>(value: T) -> Shared<dyn Payload> {
    Shared::new(Slot(Some(value))).unsize(Coercion!(to dyn Payload))
}

/// The hash of an event's name, as a constant.
pub(super) struct Known<E>(PhantomData<E>);

impl<E: Event> Known<E> {
    pub(super) const HASH: u64 = hash_of(E::NAME);

    pub(super) fn key() -> Key<'static> {
        Key { hash: Self::HASH, carries: TypeId::of::<E>(), name: Cow::Borrowed(E::NAME) }
    }
}

impl AnyEvent {
    /// A typed event.
    pub fn new<E: Event>(event: E) -> Self {
        Self {
            name: Name::Static(E::NAME),
            hash: Known::<E>::HASH,
            metadata: None,
            payload: payload(event),
        }
    }

    /// An event that has its name here instead of in its type.
    pub fn named<V: Send + Sync + 'static>(name: impl Into<Cow<'static, str>>, value: V) -> Self {
        let name = Name::from(name.into());
        let hash = hash_of(name.as_str());
        Self { name, hash, metadata: None, payload: payload(value) }
    }

    /// The same with something told beside it, in place of what was told by the same key.
    #[must_use]
    pub fn with_metadata(
        mut self,
        key: impl Into<Cow<'static, str>>,
        value: impl Into<String>,
    ) -> Self {
        let (key, told) = (key.into(), Arc::make_mut(self.metadata.get_or_insert_default()));
        told.retain(|(known, _)| *known != key);
        told.push((key, value.into()));
        self
    }

    /// Another event of the same name and metadata, which carries `value`.
    #[must_use]
    pub fn with_payload<V: Send + Sync + 'static>(&self, value: V) -> Self {
        Self { payload: payload(value), ..self.clone() }
    }

    /// The same event under another name.
    #[must_use]
    pub fn with_name(&self, name: impl Into<Cow<'static, str>>) -> Self {
        let name = Name::from(name.into());
        Self { hash: hash_of(name.as_str()), name, ..self.clone() }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// What it carries, if that is a `T`.
    pub fn get<T: 'static>(&self) -> Option<&T> {
        let payload: &dyn Any = &*self.payload;
        payload.downcast_ref::<Slot<T>>()?.0.as_ref()
    }

    /// What is told beside it by `key`.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let told = self.metadata.as_ref()?;
        told.iter().find(|(known, _)| known == key).map(|(_, value)| &**value)
    }

    /// All that is told beside it.
    pub fn all_metadata(&self) -> impl Iterator<Item = (&str, &str)> {
        let told = self.metadata.iter().flat_map(|told| told.iter());
        told.map(|(key, value)| (&**key, &**value))
    }

    /// What it is to who sees a `T`: the event as a whole where that is an `AnyEvent`.
    #[inline]
    pub(super) fn see<T: 'static>(&self) -> Option<&T> {
        (self as &dyn Any).downcast_ref().or_else(|| self.get())
    }

    pub(super) const fn hash_of_name(&self) -> u64 {
        self.hash
    }

    pub(super) fn key(&self) -> Key<'_> {
        Key { hash: self.hash, carries: self.payload.carries(), name: Cow::Borrowed(self.name()) }
    }

    /// What tells it from other events, as long as it is there.
    pub(super) fn identity(&self) -> usize {
        // An event and the same under another name are two.
        Shared::as_ptr(&self.payload).cast::<()>().addr() ^ self.hash as usize
    }

    /// Drops what it carries and what is told beside it, if it is seen here alone: then its memory
    /// serves for another [of the same key](Self::refill).
    pub(super) fn empty(&mut self) -> bool {
        let Some(payload) = Shared::get_mut(&mut self.payload) else { return false };
        payload.clear();
        self.metadata = None;
        true
    }

    /// Makes one that is [empty](Self::empty) carry `value`. It comes back where that can't be.
    pub(super) fn refill<V: Send + Sync + 'static>(&mut self, value: V) -> Result<(), V> {
        let slot = Shared::get_mut(&mut self.payload).and_then(|payload| {
            let payload: &mut dyn Any = payload;
            payload.downcast_mut::<Slot<V>>()
        });
        match slot {
            Some(slot) => {
                slot.0 = Some(value);
                Ok(())
            }
            None => Err(value),
        }
    }

    /// The same under a type's name.
    pub(super) fn mapped<E: Event>(&self, event: E) -> Self {
        Self { metadata: self.metadata.clone(), ..Self::new(event) }
    }
}

// What it carries is behind a pointer, and is never pinned there.
impl Unpin for AnyEvent {}

impl fmt::Debug for AnyEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AnyEvent").field("name", &self.name).finish_non_exhaustive()
    }
}

/// An event that is kept: shared, and seen as what it carries.
#[derive(Clone)]
pub struct Ev<T> {
    event: AnyEvent,
    seen_as: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> Ev<T> {
    /// None where it is no `T`.
    pub(super) fn new(event: AnyEvent) -> Option<Self> {
        event.see::<T>().is_some().then_some(Self { event, seen_as: PhantomData })
    }

    /// Its name, metadata and all.
    pub const fn whole(&self) -> &AnyEvent {
        &self.event
    }
}

impl<T: Send + Sync + 'static> Deref for Ev<T> {
    type Target = T;

    #[expect(clippy::expect_used, reason = "nothing else is put into it")]
    fn deref(&self) -> &T {
        self.event.see().expect("an event is what it was seen as at first")
    }
}

impl<T: fmt::Debug + Send + Sync + 'static> fmt::Debug for Ev<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(f)
    }
}

/// What a view may be mapped to: an [`Event`], or an [`AnyEvent`].
#[diagnostic::on_unimplemented(
    message = "a view can't be mapped to `{Self}`, which is not an event",
    note = "`impl Event for {Self}`, or keep the event's name with `map_value(..)`"
)]
pub trait IntoEvent: Send + Sync + 'static {
    /// As an event of any kind that was made of `from`.
    fn into_event(self, from: &AnyEvent) -> AnyEvent;
}

impl<E: Event> IntoEvent for E {
    /// Under the type's name, with the metadata of `from`.
    fn into_event(self, from: &AnyEvent) -> AnyEvent {
        from.mapped(self)
    }
}

impl IntoEvent for AnyEvent {
    /// As it is.
    fn into_event(self, _from: &AnyEvent) -> AnyEvent {
        self
    }
}
