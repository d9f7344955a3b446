use std::any::TypeId;
use std::borrow::Cow;
use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Weak};
use std::time::Duration;

use mtaio_runtime::{Runtime, RuntimeExt, Task};

use super::any_event::{AnyEvent, Event, Known};
use super::builder::EmitterBuilder;
use super::core::Core;
use super::emit::{Emit, Named, Typed};
use super::handler::Handler;
use super::listener::{Listen, Listener, Subscription};
use super::name::{Key, hash_of};
use super::pattern::Pattern;
use super::pipe::{End, PipeTarget, Source, sealed};
use super::place::Place;
use super::registry::{Kept, Select};
use super::report::{EmitterStats, Report};
use super::stream::WaitFor;
use super::view::{View, handling};
use crate::config::ConfigError;
use crate::time::interval;

/// Tells those who listen what happened, one after the other or all at once, in the task of the one
/// who emits. See the [module](super).
///
/// Clones are the same emitter. One that is captured by a handler of its own keeps itself alive
/// until that handler is [off](Listener::off); capture a [`WeakEmitter`] where emitters come and
/// go.
#[derive(Clone)]
pub struct EventEmitter {
    pub(super) core: Arc<Core>,
}

impl EventEmitter {
    /// An emitter that calls its handlers one after the other.
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// An emitter with settings.
    pub fn builder() -> EmitterBuilder {
        EmitterBuilder { is_concurrent: false, hooks: None }
    }

    /// Calls `handler` with each event of a type, until [`Listener::off`].
    ///
    /// ```
    /// use mtaio::event::{Event, EventEmitter};
    ///
    /// struct UserLogin {
    ///     user: String,
    /// }
    ///
    /// impl Event for UserLogin {
    ///     const NAME: &'static str = "user.login";
    /// }
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let emitter = EventEmitter::new();
    /// let greeting = String::from("hello");
    /// let listener = emitter.on(async move |login: &UserLogin| {
    ///     println!("{greeting}, {}", login.user);
    /// });
    ///
    /// let report = emitter.emit(UserLogin { user: "ada".into() }).await;
    /// assert_eq!((report.ran, report.failed()), (1, 0));
    ///
    /// assert!(listener.off().await);
    /// assert_eq!(emitter.emit(UserLogin { user: "ada".into() }).await.ran, 0);
    /// # });
    /// ```
    pub fn on<E, H>(&self, handler: H) -> Listener
    where
        E: Event,
        H: for<'a> Handler<'a, E>,
    {
        self.on_with(Listen::default(), handler)
    }

    /// As [`on`](Self::on), with a [`Priority`](super::Priority) or for one call.
    ///
    /// ```
    /// use mtaio::event::{Event, EventEmitter, Priority};
    ///
    /// # struct Started;
    /// # impl Event for Started { const NAME: &'static str = "started"; }
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let emitter = EventEmitter::new();
    /// emitter.on(async |_: &Started| println!("again"));
    /// emitter.on_with(Priority::HIGH.once(), async |_: &Started| println!("for the first time"));
    /// assert_eq!(emitter.emit(Started).await.ran, 2);
    /// assert_eq!(emitter.emit(Started).await.ran, 1);
    /// # });
    /// ```
    pub fn on_with<E, H>(&self, listen: impl Into<Listen>, handler: H) -> Listener
    where
        E: Event,
        H: for<'a> Handler<'a, E>,
    {
        self.of().on_with(listen, handler)
    }

    /// Calls `handler` with each event of a type, for as long as the guard is kept.
    pub fn subscribe<E, H>(&self, handler: H) -> Subscription
    where
        E: Event,
        H: for<'a> Handler<'a, E>,
    {
        self.of().subscribe(handler)
    }

    /// Calls `handler` with each event whose name `pattern` matches, until [`Listener::off`].
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for what is no [`Pattern`].
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::event::{AnyEvent, EventEmitter};
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let emitter = EventEmitter::new();
    /// emitter.on_pattern("user.*", async |event: &AnyEvent| println!("{}", event.name()))?;
    /// assert_eq!(emitter.emit_named("user.login", "ada").await.ran, 1);
    /// assert_eq!(emitter.emit_named("user.login.failed", "ada").await.ran, 0);
    /// # Ok::<(), mtaio::ConfigError>(())
    /// # }).unwrap();
    /// ```
    pub fn on_pattern<H>(&self, pattern: &str, handler: H) -> Result<Listener, ConfigError>
    where
        H: for<'a> Handler<'a, AnyEvent>,
    {
        Ok(self.matching(pattern)?.on(handler))
    }

    /// As [`on`](Self::on), after a call for each event that is [kept](Self::keep_last) of that
    /// type, the oldest first. Every event is seen, and seen once: in the replay, or when it is
    /// emitted, which may be before the replay's end.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the replay; it listens from the first poll on.
    pub async fn on_replayed<E, H>(&self, handler: H) -> (Listener, Report)
    where
        E: Event,
        H: for<'a> Handler<'a, E>,
    {
        let select = Select::Exact(Known::<E>::key());
        let both = handler.clone();
        let (entry, kept) = self.core.listen_and_replay(
            select,
            Listen::default(),
            handling::<E, H>(handler),
            None,
            true,
        );
        let alone = Core::new(false, None);
        let select = Select::Exact(Known::<E>::key());
        alone.listen(select, Listen::default(), handling::<E, H>(both), None);
        let mut report = Report::default();
        for event in kept {
            report.fold(Emit::new(&alone, event).await);
        }
        (Listener::new(&self.core, &entry), report)
    }

    /// The events of a type.
    pub fn of<E: Event>(&self) -> View<E> {
        self.view(Select::Exact(Known::<E>::key()))
    }

    /// The events of a name which carry a `V`.
    pub fn named<V: Send + Sync + 'static>(&self, name: impl Into<Cow<'static, str>>) -> View<V> {
        let name = name.into();
        self.view(Select::Exact(Key { hash: hash_of(&name), carries: TypeId::of::<V>(), name }))
    }

    /// The events whose names `pattern` matches.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for what is no [`Pattern`].
    pub fn matching(&self, pattern: &str) -> Result<View<AnyEvent>, ConfigError> {
        Ok(self.view(Select::Pattern(pattern.parse()?)))
    }

    /// All events.
    pub fn all(&self) -> View<AnyEvent> {
        self.view(Select::Pattern(Pattern::everything()))
    }

    /// Those of all events that `is_meant`: short for `all().filter(..)`.
    pub fn filter<F>(&self, is_meant: F) -> View<AnyEvent>
    where
        F: Fn(&AnyEvent) -> bool + Send + Sync + 'static,
    {
        self.all().filter(is_meant)
    }

    /// What `f` makes of each event: short for `all().map(..)`.
    pub fn map<F>(&self, f: F) -> View<AnyEvent>
    where
        F: Fn(&AnyEvent) -> AnyEvent + Send + Sync + 'static,
    {
        self.all().map(f)
    }

    /// Leads every event on to `target`: short for `all().pipe(..)`. See
    /// [Pipes](View#pipes).
    pub fn pipe(&self, target: &impl PipeTarget) -> Listener {
        self.all().pipe(target)
    }

    /// Tells all who listen, in the task of the caller: those with the higher priority first, and
    /// of equals who came first. A handler that fails or panics is in the report, and keeps nobody
    /// else from being told.
    ///
    /// Who comes to listen while this runs is told of the next event; who goes is not told any
    /// more. A handler may emit, listen and end listening itself.
    ///
    /// # Cancel safety
    ///
    /// Dropping the future drops the calls that run, and those that have not begun won't. What was
    /// done is in the report that the hook [`after`](EmitterBuilder::after) gets.
    #[inline]
    pub fn emit<E: Event>(&self, event: E) -> impl Future<Output = Report> + Send + use<'_, E> {
        Emit::new(&self.core, Typed(event))
    }

    /// As [`emit`](Self::emit), for an event that has its name here and not in its type.
    ///
    /// # Cancel safety
    ///
    /// That of [`emit`](Self::emit).
    pub async fn emit_named<V>(&self, name: impl Into<Cow<'static, str>>, value: V) -> Report
    where
        V: Send + Sync + 'static,
    {
        Emit::new(&self.core, Named::new(name.into(), value)).await
    }

    /// As [`emit`](Self::emit), for an event that has been made.
    ///
    /// # Cancel safety
    ///
    /// That of [`emit`](Self::emit).
    pub async fn emit_any(&self, event: AnyEvent) -> Report {
        Emit::new(&self.core, event).await
    }

    /// Emits `event` in a while, by a task of the runtime; dropping that ends it. After a delay
    /// that is longer than the clock counts, some 584 years, it is never emitted.
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio::event::{Event, EventEmitter};
    ///
    /// # struct Reminder;
    /// # impl Event for Reminder { const NAME: &'static str = "reminder"; }
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let emitter = EventEmitter::new();
    /// emitter.on(async |_: &Reminder| println!("it is time"));
    /// let reminding = emitter.emit_after(&rt, Duration::from_secs(60), Reminder);
    /// assert_eq!(reminding.await.unwrap().ran, 1);
    /// # });
    /// ```
    pub fn emit_after<R, E>(&self, rt: &R, delay: Duration, event: E) -> Task<Report>
    where
        R: Runtime,
        E: Event,
    {
        let (emitter, sleep) = (self.clone(), rt.sleep(delay));
        rt.spawn(async move {
            sleep.await;
            emitter.emit(event).await
        })
    }

    /// Emits what `make` makes once a `period`, the first in a period from now, by a task of the
    /// runtime; dropping that ends it. A period that an emit took longer than is left out.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `period` is zero or more than 100 years.
    pub fn emit_every<R, E>(
        &self,
        rt: &R,
        period: Duration,
        mut make: impl FnMut() -> E + Send + 'static,
    ) -> Result<Task<()>, ConfigError>
    where
        R: Runtime,
        E: Event,
    {
        let mut ticks = interval(rt, period)?.missed(crate::time::MissedTick::Skip);
        ticks.reset_to(rt.now().saturating_add(period));
        let emitter = self.clone();
        Ok(rt.spawn(async move {
            loop {
                ticks.tick().await;
                emitter.emit(make()).await;
            }
        }))
    }

    /// The next event of a type that `is_meant`. See [`View::wait_for`].
    ///
    /// # Cancel safety
    ///
    /// That of [`View::wait_for`].
    pub fn wait_for<E: Event>(
        &self,
        is_meant: impl Fn(&E) -> bool + Send + Sync + 'static,
    ) -> WaitFor<E> {
        self.of::<E>().wait_for(is_meant)
    }

    /// Tells nobody of the events whose names `pattern` matches, for as long as the guard is kept.
    /// They are counted.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for what is no [`Pattern`].
    pub fn suppress(&self, pattern: &str) -> Result<Suppressed, ConfigError> {
        let pattern = Pattern::new(pattern)?;
        self.core.change_watches(|registry| registry.suppressed.insert(&pattern, ()));
        Ok(Suppressed { core: Arc::downgrade(&self.core), pattern })
    }

    /// Keeps the last `most` events whose names `pattern` matches, for those who come late:
    /// [`View::recent`], [`on_replayed`](Self::on_replayed). With 0 it keeps none any more.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] for what is no [`Pattern`].
    pub fn keep_last(&self, pattern: &str, most: usize) -> Result<(), ConfigError> {
        let pattern = Pattern::new(pattern)?;
        let gone = self.core.change_watches(|registry| {
            let before = registry.kept.iter().position(|kept| kept.pattern == pattern);
            let mut events = before.map(|at| registry.kept.remove(at).events).unwrap_or_default();
            let too_many = events.len().saturating_sub(most);
            let gone: VecDeque<_> = events.drain(..too_many).collect();
            if most > 0 {
                registry.kept.push(Kept { pattern, most, events });
            }
            gone
        });
        drop(gone);
        Ok(())
    }

    /// The same emitter, which is not kept alive by it.
    pub fn downgrade(&self) -> WeakEmitter {
        WeakEmitter { core: Arc::downgrade(&self.core) }
    }

    /// What it looks like now.
    pub fn stats(&self) -> EmitterStats {
        self.core.stats()
    }

    fn view<T: Send + Sync + 'static>(&self, select: Select) -> View<T> {
        View::new(Place::of(Arc::clone(&self.core), select))
    }
}

impl Default for EventEmitter {
    fn default() -> Self {
        Self::new()
    }
}

impl sealed::Target for EventEmitter {
    fn end(&self, source: &Source<'_>) -> End {
        End::emitter(&self.core, None, source)
    }
}

impl fmt::Debug for EventEmitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EventEmitter").field("stats", &self.stats()).finish_non_exhaustive()
    }
}

/// An emitter that is not kept alive: for its own handlers.
#[derive(Clone)]
pub struct WeakEmitter {
    core: Weak<Core>,
}

impl WeakEmitter {
    /// The emitter, if it is there still.
    pub fn upgrade(&self) -> Option<EventEmitter> {
        Some(EventEmitter { core: self.core.upgrade()? })
    }
}

impl fmt::Debug for WeakEmitter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WeakEmitter").finish_non_exhaustive()
    }
}

/// Keeps events from being told; see [`EventEmitter::suppress`].
#[must_use = "dropping it ends the suppression"]
pub struct Suppressed {
    core: Weak<Core>,
    pattern: Pattern,
}

impl Drop for Suppressed {
    fn drop(&mut self) {
        if let Some(core) = self.core.upgrade() {
            core.change_watches(|registry| registry.suppressed.remove(&self.pattern, |()| true));
        }
    }
}

impl fmt::Debug for Suppressed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Suppressed").field(&self.pattern).finish()
    }
}
