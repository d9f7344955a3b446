//! Async callbacks that may run many times at once.

use std::future::Future;

/// An async callback that may run many times at once: a function or closure from `Arg` to a
/// future, whose captures are cloned for each call.
///
/// You don't implement it: write a closure. `async move |arg| ..` may use what it captures, and
/// keeps no call from running beside another:
///
/// ```
/// use std::sync::Arc;
/// use mtaio::TaskExecutor;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let names = Arc::new(vec!["ada", "bob"]);
/// let executor = TaskExecutor::new(&rt);
/// let lengths = executor
///     .map([0, 1], async move |i: usize| Ok::<_, String>(names[i].len()))
///     .await;
/// assert_eq!(lengths.unwrap(), [3, 3]);
/// # });
/// ```
///
/// (Stable Rust can't ask of an `AsyncFn` that its futures be `Send`, which is why this trait asks
/// for `FnOnce(Arg) -> Future` and `Clone` instead.)
#[diagnostic::on_unimplemented(
    message = "`{Self}` can't be called as an async callback with `{Arg}`",
    label = "not an async callback of `{Arg}` that can be cloned",
    note = "write `async move |arg: {Arg}| ..` or a function that returns a future",
    note = "what the closure captures is cloned for each call: wrap it in an `Arc` if it isn't `Clone`"
)]
pub trait Callback<Arg>: Clone {
    /// What a call comes to.
    type Output;
    /// The future of a call.
    type Future: Future<Output = Self::Output>;

    /// Starts a call.
    fn call(self, arg: Arg) -> Self::Future;
}

impl<Arg, F, Fut> Callback<Arg> for F
where
    F: FnOnce(Arg) -> Fut + Clone,
    Fut: Future,
{
    type Output = Fut::Output;
    type Future = Fut;

    fn call(self, arg: Arg) -> Fut {
        self(arg)
    }
}
