use std::fmt;
use std::future::Future;
use std::pin::Pin;

use mtaio_runtime::Panic;

use super::stage::Stage;
use crate::contain::{Contained, discard};

/// Stages put together at run time, as one [`Stage`]: each takes and gives a `T`.
///
/// # Examples
///
/// ```
/// use mtaio::pipeline::{StageList, pipeline};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let settings = ["trim", "upper"];
///
/// let mut list = StageList::<String, String>::new();
/// for name in settings {
///     match name {
///         "trim" => list.push(async |s: String| Ok::<_, String>(s.trim().to_owned())),
///         "upper" => list.push(async |s: String| Ok::<_, String>(s.to_uppercase())),
///         other => panic!("no stage `{other}`"),
///     }
/// }
/// let words = pipeline::<String>().then(list).build()?;
/// let words = words.open(&rt).await.unwrap();
/// assert_eq!(words.process(" word ".to_owned()).await.unwrap(), "WORD");
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub struct StageList<T, E> {
    stages: Vec<Box<dyn Erased<T, E>>>,
}

type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// The object-safe mirror of [`Stage`].
trait Erased<T, E>: Send + Sync {
    fn process(&self, item: T) -> BoxFuture<'_, Result<T, E>>;
    fn setup(&self) -> BoxFuture<'_, Result<(), E>>;
    fn close(&self) -> BoxFuture<'_, Result<(), E>>;
}

impl<T, E, S> Erased<T, E> for S
where
    T: Send + 'static,
    S: Stage<T, Out = T, Err: Into<E>>,
{
    fn process(&self, item: T) -> BoxFuture<'_, Result<T, E>> {
        Box::pin(async move { Stage::process(self, item).await.map_err(Into::into) })
    }

    fn setup(&self) -> BoxFuture<'_, Result<(), E>> {
        Box::pin(async move { Stage::setup(self).await.map_err(Into::into) })
    }

    fn close(&self) -> BoxFuture<'_, Result<(), E>> {
        Box::pin(async move { Stage::close(self).await.map_err(Into::into) })
    }
}

impl<T: Send + 'static, E> StageList<T, E> {
    /// No stages: what goes in comes out.
    pub const fn new() -> Self {
        Self { stages: Vec::new() }
    }

    /// Adds a stage behind the others.
    pub fn push<S>(&mut self, stage: S)
    where
        S: Stage<T, Out = T, Err: Into<E>> + 'static,
    {
        self.stages.push(Box::new(stage));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.stages.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }
}

impl<T: Send + 'static, E: Send> Stage<T> for StageList<T, E> {
    type Out = T;
    type Err = E;

    async fn process(&self, item: T) -> Result<T, E> {
        let mut item = item;
        for stage in &self.stages {
            item = stage.process(item).await?;
        }
        Ok(item)
    }

    async fn setup(&self) -> Result<(), E> {
        for (set_up, stage) in self.stages.iter().enumerate() {
            let result = Contained::new(async { stage.setup().await }).await;
            if !matches!(result, Ok(Ok(()))) {
                // Why it can't be set up is worth more than how the others closed.
                discard(close_all(&self.stages[..set_up]).await);
            }
            resume(result)?;
        }
        Ok(())
    }

    async fn close(&self) -> Result<(), E> {
        resume(close_all(&self.stages).await)
    }
}

/// Closes all of them, the last one first. The first that does not close is told.
async fn close_all<T, E>(stages: &[Box<dyn Erased<T, E>>]) -> Result<Result<(), E>, Panic> {
    let mut first = Ok(Ok(()));
    for stage in stages.iter().rev() {
        let closed = Contained::new(async { stage.close().await }).await;
        if matches!(first, Ok(Ok(()))) {
            first = closed;
        } else {
            discard(closed);
        }
    }
    first
}

fn resume<E>(result: Result<Result<(), E>, Panic>) -> Result<(), E> {
    result.unwrap_or_else(|panic| panic.resume())
}

impl<T: Send + 'static, E> Default for StageList<T, E> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T, E> fmt::Debug for StageList<T, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StageList").field("len", &self.stages.len()).finish()
    }
}
