use std::fmt;
use std::marker::PhantomData;

use super::any_event::{AnyEvent, Ev, Event, IntoEvent};
use super::call::{Called, Carry, Handling, Prototype};
use super::emitter::EventEmitter;
use super::handler::{Handler, HandlerOutput};
use super::listener::{Listen, Listener, Subscription};
use super::pipe::{End, PipeTarget, Source, sealed};
use super::place::Place;
use super::stream::{EventStream, WaitFor};
use crate::config::ConfigError;
use crate::queue::Overflow;

/// Some of the events of an emitter, seen as `T`: those of a type, of a name, of a pattern, or all,
/// and what filters and maps make of them.
///
/// A view is a place to listen at. What it does to an event it does when somebody listens, and once
/// an event however many do (once for each priority that they listen with).
///
/// # Examples
///
/// ```
/// use mtaio::event::{AnyEvent, EventEmitter};
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let emitter = EventEmitter::new();
/// let high = emitter.named::<u32>("alarm").filter(|level| *level > 7);
/// high.on(async |level: &u32| assert_eq!(*level, 8));
///
/// assert_eq!(emitter.emit_named("alarm", 3_u32).await.ran, 0);
/// assert_eq!(emitter.emit_named("alarm", 8_u32).await.ran, 1);
/// # });
/// ```
///
/// # Pipes
///
/// [`pipe`](Self::pipe) leads what comes out of a view on to an emitter, or into a view. Into a
/// view events go through all that it does to them. And a view that something is piped into is fed
/// by its pipes alone, not by its emitter any more, for as long as there are any: views are chained
/// by piping them into each other.
///
/// An event is not delivered again where it has been already, unless it has become another one on
/// the way, and it passes no pipe twice, whatever becomes of it. So a loop of pipes ends; how often
/// that happened is in the [stats](super::EmitterStats::looped).
pub struct View<T> {
    pub(super) place: Place,
    seen_as: PhantomData<fn() -> T>,
}

impl<T: Send + Sync + 'static> View<T> {
    pub(super) const fn new(place: Place) -> Self {
        Self { place, seen_as: PhantomData }
    }

    /// Calls `handler` with each event, until [`Listener::off`].
    pub fn on<H>(&self, handler: H) -> Listener
    where
        H: for<'a> Handler<'a, T>,
    {
        self.on_with(Listen::default(), handler)
    }

    /// As [`on`](Self::on), with a [`Priority`](super::Priority) or for one call.
    pub fn on_with<H>(&self, listen: impl Into<Listen>, handler: H) -> Listener
    where
        H: for<'a> Handler<'a, T>,
    {
        self.place.listen(listen.into(), handling(handler))
    }

    /// Calls `handler` with each event, for as long as the guard is kept.
    pub fn subscribe<H>(&self, handler: H) -> Subscription
    where
        H: for<'a> Handler<'a, T>,
    {
        self.on(handler).guarded()
    }

    /// As [`subscribe`](Self::subscribe), with a [`Priority`](super::Priority) or for one call.
    pub fn subscribe_with<H>(&self, listen: impl Into<Listen>, handler: H) -> Subscription
    where
        H: for<'a> Handler<'a, T>,
    {
        self.on_with(listen, handler).guarded()
    }

    /// Those events that `is_meant`.
    pub fn filter<F>(&self, is_meant: F) -> Self
    where
        F: Fn(&T) -> bool + Send + Sync + 'static,
    {
        self.derive(move |seen, event| is_meant(seen).then(|| event.clone()))
    }

    /// What `f` makes of each event: an [`Event`](super::Event), which then has the name of its
    /// type, or an [`AnyEvent`]. The metadata of the first goes over to a typed one.
    pub fn map<U, F>(&self, f: F) -> View<U>
    where
        U: IntoEvent,
        F: Fn(&T) -> U + Send + Sync + 'static,
    {
        self.derive(move |seen, event| Some(f(seen).into_event(event)))
    }

    /// As [`map`](Self::map), for those events of which `f` makes something.
    pub fn filter_map<U, F>(&self, f: F) -> View<U>
    where
        U: IntoEvent,
        F: Fn(&T) -> Option<U> + Send + Sync + 'static,
    {
        self.derive(move |seen, event| f(seen).map(|made| made.into_event(event)))
    }

    /// The same events, which carry what `f` makes of what they carried.
    pub fn map_value<V, F>(&self, f: F) -> View<V>
    where
        V: Send + Sync + 'static,
        F: Fn(&T) -> V + Send + Sync + 'static,
    {
        self.derive(move |seen, event| Some(event.with_payload(f(seen))))
    }

    /// The same events as wholes: with their names and metadata.
    pub fn whole(&self) -> View<AnyEvent> {
        View::new(self.place.clone())
    }

    /// Leads all that comes out of this on to `target`, until [`Listener::off`]. See
    /// [Pipes](Self#pipes).
    ///
    /// An emit is done when what it led to there is done; the handlers there are in its report. Who
    /// stops an event there stops it there alone. The pipe keeps its target alive.
    ///
    /// # Examples
    ///
    /// ```
    /// use mtaio::event::EventEmitter;
    ///
    /// # mtaio_sim::Sim::run(0, |_rt| async move {
    /// let (sensors, alarms) = (EventEmitter::new(), EventEmitter::new());
    /// sensors.named::<i32>("celsius").filter(|celsius| *celsius > 90).pipe(&alarms);
    /// alarms.named::<i32>("celsius").on(async |celsius: &i32| assert_eq!(*celsius, 95));
    ///
    /// assert_eq!(sensors.emit_named("celsius", 20).await.ran, 0);
    /// assert_eq!(sensors.emit_named("celsius", 95).await.ran, 1);
    /// # });
    /// ```
    pub fn pipe(&self, target: &impl PipeTarget) -> Listener {
        let end = target.end(&Source(self.place.root()));
        self.place.listen(Listen::default(), end.handling())
    }

    /// The events as a stream, which ends when the emitter is gone.
    ///
    /// With [`Overflow::Block`] an emit waits until there is room for its event; with
    /// [`Overflow::Error`] one that finds no room has a failure in its report.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if the capacity is 0.
    pub fn stream(&self, overflow: Overflow) -> Result<EventStream<T>, ConfigError> {
        EventStream::new(&self.place, overflow, |_| true)
    }

    /// The next event that `is_meant`; none when the emitter is gone before.
    ///
    /// It looks at the events that are emitted from this call on, not only from the first poll.
    /// For a time limit put it into a [`timeout`](crate::time::timeout).
    ///
    /// # Cancel safety
    ///
    /// Dropping the future ends the waiting, and loses nothing that others see.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    /// use mtaio::event::EventEmitter;
    /// use mtaio::time::timeout;
    ///
    /// # mtaio_sim::Sim::run(0, |rt| async move {
    /// let emitter = EventEmitter::new();
    /// let big = emitter.named::<u32>("amount").wait_for(|amount| *amount > 100);
    /// emitter.emit_named("amount", 10_u32).await;
    /// emitter.emit_named("amount", 200_u32).await;
    /// let big = timeout(&rt, Duration::from_secs(1), big).await.unwrap();
    /// assert_eq!(*big.unwrap(), 200);
    /// # });
    /// ```
    pub fn wait_for(&self, is_meant: impl Fn(&T) -> bool + Send + Sync + 'static) -> WaitFor<T> {
        WaitFor::new(&self.place, is_meant)
    }

    /// What is [kept](super::EventEmitter::keep_last) of these events, the oldest first.
    pub fn recent(&self) -> Vec<Ev<T>> {
        let all = self.place.root().change_watches(|registry| registry.all_kept());
        all.iter().filter_map(|event| Ev::new(self.place.pass(event)?)).collect()
    }

    fn derive<U>(
        &self,
        op: impl Fn(&T, &AnyEvent) -> Option<AnyEvent> + Send + Sync + 'static,
    ) -> View<U>
    where
        U: Send + Sync + 'static,
    {
        View::new(self.place.view(Box::new(move |event| op(event.see()?, event))))
    }
}

/// How a handler of what is seen as `T` is called.
pub(super) fn handling<T, H>(handler: H) -> Box<dyn Handling>
where
    T: Send + Sync + 'static,
    H: for<'a> Handler<'a, T>,
{
    let make = |handler: H, carry: Carry| async move {
        let called = match carry.event.see::<T>() {
            Some(seen) => Called::from(handler.call(seen).await.into_flow()),
            // It is not for this one.
            None => Called::Viewed(Box::default()),
        };
        (carry, called)
    };
    Box::new(Prototype { handler, make })
}

/// The events of a type.
impl<E: Event> From<&EventEmitter> for View<E> {
    fn from(emitter: &EventEmitter) -> Self {
        emitter.of()
    }
}

impl<T> From<&Self> for View<T> {
    fn from(view: &Self) -> Self {
        view.clone()
    }
}

impl<T> Clone for View<T> {
    fn clone(&self) -> Self {
        Self { place: self.place.clone(), seen_as: PhantomData }
    }
}

impl<T> sealed::Target for View<T> {
    fn end(&self, source: &Source<'_>) -> End {
        End::view(&self.place, source)
    }
}

impl<T> fmt::Debug for View<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("View").field("stats", &self.place.core.stats()).finish_non_exhaustive()
    }
}
