use std::collections::VecDeque;
use std::future::Future;

use super::stage::short_name;

/// A step of a [`Pipeline`](super::Pipeline) that remembers: for an item it emits none, one or many,
/// and at the end what it has held back.
///
/// Each run works on a clone of it, so that runs don't mix.
///
/// # Examples
///
/// Pairs, the last of which may be half of one:
///
/// ```
/// use futures::stream;
/// use mtaio::pipeline::{Emit, Transform, pipeline};
///
/// #[derive(Clone, Default)]
/// struct Pairs {
///     first: Option<u32>,
/// }
///
/// impl Transform<u32> for Pairs {
///     type Out = (u32, Option<u32>);
///     type Err = String;
///
///     async fn push(&mut self, item: u32, out: &mut Emit<Self::Out>) -> Result<(), String> {
///         match self.first.take() {
///             Some(first) => out.emit((first, Some(item))),
///             None => self.first = Some(item),
///         }
///         Ok(())
///     }
///
///     async fn finish(&mut self, out: &mut Emit<Self::Out>) -> Result<(), String> {
///         if let Some(first) = self.first.take() {
///             out.emit((first, None));
///         }
///         Ok(())
///     }
/// }
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let pairs = pipeline::<String>().transform(Pairs::default()).build()?;
/// let (pairs, report) = pairs.run(&rt, stream::iter([1, 2, 3])).collect().await;
/// assert_eq!(pairs, [(1, Some(2)), (3, None)]);
/// assert_eq!(report.delivered, 3);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a transform of items of type `{In}`",
    label = "not a transform of `{In}`",
    note = "a transform takes what the stage before it gives: implement `Transform<{In}>`"
)]
pub trait Transform<In>: Send {
    /// What it emits.
    type Out: Send;
    /// Why an item may fail.
    type Err: Send;

    /// Takes an item, and may emit.
    fn push(
        &mut self,
        item: In,
        out: &mut Emit<Self::Out>,
    ) -> impl Future<Output = Result<(), Self::Err>> + Send;

    /// Emits what it has held back: no more items come.
    fn finish(
        &mut self,
        out: &mut Emit<Self::Out>,
    ) -> impl Future<Output = Result<(), Self::Err>> + Send;

    /// What it is called in errors and reports.
    fn name(&self) -> &str {
        short_name::<Self>()
    }
}

/// Where a [`Transform`] puts what it emits.
#[derive(Debug)]
pub struct Emit<T> {
    pub(super) items: VecDeque<T>,
}

impl<T> Emit<T> {
    pub(super) const fn new() -> Self {
        Self { items: VecDeque::new() }
    }

    /// Emits an item. What was emitted goes on in this order once the call is done.
    pub fn emit(&mut self, item: T) {
        self.items.push_back(item);
    }
}

impl<T> Extend<T> for Emit<T> {
    fn extend<I: IntoIterator<Item = T>>(&mut self, items: I) {
        self.items.extend(items);
    }
}
