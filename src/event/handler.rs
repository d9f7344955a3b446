use std::error::Error;
use std::future::Future;

/// An async handler of events that it sees as `E`: a function or closure from `&E` to a future,
/// whose captures are cloned for each call.
///
/// You don't implement it: write a closure or an `async fn`. It borrows the event for as long as
/// it runs, and answers with nothing, a [`Flow`], or a `Result` of either:
///
/// ```
/// use mtaio::event::{Event, EventEmitter, Flow};
///
/// struct Order {
///     amount: u32,
/// }
///
/// impl Event for Order {
///     const NAME: &'static str = "order";
/// }
///
/// async fn book(order: &Order) -> Result<(), String> {
///     if order.amount == 0 { Err("nothing to book".into()) } else { Ok(()) }
/// }
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let emitter = EventEmitter::new();
/// emitter.on(book);
/// emitter.on(async |order: &Order| if order.amount > 100 { Flow::Stop } else { Flow::Continue });
/// emitter.on(async |order: &Order| println!("{}", order.amount));
///
/// let report = emitter.emit(Order { amount: 0 }).await;
/// assert_eq!((report.ran, report.failed(), report.stopped), (3, 1, false));
/// let report = emitter.emit(Order { amount: 101 }).await;
/// assert_eq!((report.ran, report.failed(), report.stopped), (2, 0, true));
/// # });
/// ```
///
/// (Its lifetime is what lets stable Rust ask that the future of an async closure be `Send`: the
/// future's type has a name for each lifetime, and a bound on it.)
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't handle events that it is to see as `{E}`",
    label = "not an async handler of `&{E}` that can be cloned and shared",
    note = "write `async move |event: &{E}| ..` or an `async fn` from `&{E}`; it returns `()`, a `Flow`, or a `Result` of either",
    note = "what the closure captures is cloned for each call: wrap it in an `Arc` if it isn't `Clone`"
)]
pub trait Handler<'a, E: ?Sized>: Clone + Send + Sync + 'static {
    /// What a call comes to.
    type Output: HandlerOutput;
    /// The future of a call.
    type Future: Future<Output = Self::Output> + Send + 'a;

    /// Starts a call.
    fn call(self, event: &'a E) -> Self::Future;
}

impl<'a, E: ?Sized, F, Fut> Handler<'a, E> for F
where
    E: 'a,
    F: FnOnce(&'a E) -> Fut + Clone + Send + Sync + 'static,
    Fut: Future<Output: HandlerOutput> + Send + 'a,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn call(self, event: &'a E) -> Fut {
        self(event)
    }
}

/// Whether the handlers that come after one are called.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Flow {
    /// They are.
    #[default]
    Continue,
    /// None that has not begun is.
    Stop,
}

/// An error of any kind.
pub(super) type BoxError = Box<dyn Error + Send + Sync>;

/// What a handler may answer with: `()`, a [`Flow`], or a `Result` of either.
#[diagnostic::on_unimplemented(
    message = "a handler can't answer with `{Self}`",
    label = "the handler's answer",
    note = "it answers with `()`, a `Flow`, or a `Result` of either, whose error is an `Error + Send + Sync` or a text"
)]
pub trait HandlerOutput: Send + 'static {
    /// As what the emitter goes on with.
    ///
    /// # Errors
    ///
    /// The handler's.
    fn into_flow(self) -> Result<Flow, BoxError>;
}

impl HandlerOutput for () {
    fn into_flow(self) -> Result<Flow, BoxError> {
        Ok(Flow::Continue)
    }
}

impl HandlerOutput for Flow {
    fn into_flow(self) -> Result<Flow, BoxError> {
        Ok(self)
    }
}

impl<E: Into<BoxError> + Send + 'static> HandlerOutput for Result<(), E> {
    fn into_flow(self) -> Result<Flow, BoxError> {
        self.map(|()| Flow::Continue).map_err(Into::into)
    }
}

impl<E: Into<BoxError> + Send + 'static> HandlerOutput for Result<Flow, E> {
    fn into_flow(self) -> Result<Flow, BoxError> {
        self.map_err(Into::into)
    }
}
