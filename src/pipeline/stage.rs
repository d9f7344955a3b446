use std::future::Future;

use crate::callback::Callback;

/// One step of a [`Pipeline`](super::Pipeline): one item in, one out.
///
/// A function or an async closure that answers a `Result` is one. Implement it for a type where
/// there is something to set up, or where a name says more than a closure. One that gives none or
/// many for an item is a [`Transform`](super::Transform).
///
/// It takes `&self`: many items may be worked on at once, and runs and handlers share it.
///
/// # Examples
///
/// ```
/// use mtaio::pipeline::{Stage, pipeline};
///
/// struct Limit(u32);
///
/// impl Stage<u32> for Limit {
///     type Out = u32;
///     type Err = String;
///
///     async fn process(&self, n: u32) -> Result<u32, String> {
///         if n <= self.0 { Ok(n) } else { Err(format!("{n} is more than {}", self.0)) }
///     }
/// }
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let checked = pipeline::<String>()
///     .then(Limit(10))
///     .then(async |n: u32| Ok::<_, String>(n * 2))
///     .build()?;
/// let open = checked.open(&rt).await.unwrap();
/// assert_eq!(open.process(4).await.unwrap(), 8);
/// assert_eq!(open.process(40).await.unwrap_err().to_string(), "`Limit`: 40 is more than 10");
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a stage for items of type `{In}`",
    label = "not a stage for `{In}`",
    note = "a stage takes what the one before it gives: implement `Stage<{In}>`",
    note = "or write `async |item: {In}| ..` that answers a `Result`, with captures that are `Clone`, `Send` and `Sync`"
)]
pub trait Stage<In>: Send + Sync {
    /// What an item becomes.
    type Out: Send;
    /// Why an item may fail.
    type Err: Send;

    /// Works on an item.
    fn process(&self, item: In) -> impl Future<Output = Result<Self::Out, Self::Err>> + Send;

    /// Called once before the first item, when the pipeline is opened or run.
    fn setup(&self) -> impl Future<Output = Result<(), Self::Err>> + Send {
        async { Ok(()) }
    }

    /// Called once after the last item, whatever happened to them, if the setup succeeded.
    fn close(&self) -> impl Future<Output = Result<(), Self::Err>> + Send {
        async { Ok(()) }
    }

    /// What it is called in errors and reports.
    fn name(&self) -> &str {
        short_name::<Self>()
    }
}

impl<In, Out, Err, F> Stage<In> for F
where
    F: Callback<In, Output = Result<Out, Err>, Future: Send> + Send + Sync,
    In: Send,
    Out: Send,
    Err: Send,
{
    type Out = Out;
    type Err = Err;

    #[inline]
    fn process(&self, item: In) -> impl Future<Output = Result<Out, Err>> + Send {
        self.clone().call(item)
    }
}

/// The name of a type without the path to it: of a closure, that of the function it stands in.
pub(super) fn short_name<T: ?Sized>() -> &'static str {
    let full = std::any::type_name::<T>();
    let plain = full.split('<').next().unwrap_or(full);
    let plain = plain.trim_end_matches("::{{closure}}");
    plain.rsplit("::").next().unwrap_or(plain)
}
