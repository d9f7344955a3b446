use std::fmt;
use std::future::Future;

use mtaio_runtime::DynRuntime;

use super::stage::Stage;
use crate::policy::{Attempt, Classify, Listener, Retry, RetryError};

/// A stage that is called again where it has an error.
pub struct Retried<S, C, L> {
    pub(super) stage: S,
    pub(super) rt: DynRuntime,
    pub(super) retry: Retry<C, L>,
}

impl<In, S, C, L> Stage<In> for Retried<S, C, L>
where
    In: Clone + Send,
    S: Stage<In>,
    C: Classify<S::Err> + Send + Sync,
    L: Listener,
{
    type Out = S::Out;
    type Err = S::Err;

    async fn process(&self, item: In) -> Result<S::Out, S::Err> {
        let stage = &self.stage;
        let attempt = async move |_: Attempt| stage.process(item).await;
        self.retry.run(&self.rt, attempt).await.map_err(RetryError::into_last)
    }

    fn setup(&self) -> impl Future<Output = Result<(), S::Err>> + Send {
        self.stage.setup()
    }

    fn close(&self) -> impl Future<Output = Result<(), S::Err>> + Send {
        self.stage.close()
    }

    fn name(&self) -> &str {
        self.stage.name()
    }
}

impl<S, C, L> fmt::Debug for Retried<S, C, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Retried").finish_non_exhaustive()
    }
}
