use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use tower_service::Service;

use super::feed::Feed;
use crate::policy::error::PolicyError;
use crate::policy::stage::Stage;

/// A service under a policy.
pub struct PolicyService<I, S> {
    inner: I,
    stage: Arc<S>,
}

impl<I, S> PolicyService<I, S> {
    pub(super) const fn new(inner: I, stage: Arc<S>) -> Self {
        Self { inner, stage }
    }
}

impl<I, S, Request> Service<Request> for PolicyService<I, S>
where
    I: Service<Request> + Clone,
    S: Stage<I::Response, I::Error, Calls: Feed<I, Request>> + 'static,
{
    type Response = I::Response;
    type Error = PolicyError<I::Error>;
    type Future = Pin<Box<dyn Future<Output = Result<I::Response, PolicyError<I::Error>>> + Send>>;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        self.inner.poll_ready(cx).map_err(PolicyError::Failed)
    }

    fn call(&mut self, request: Request) -> Self::Future {
        // The one that is ready makes the call; its clone is not ready, and stays.
        let clone = self.inner.clone();
        let ready = mem::replace(&mut self.inner, clone);
        S::Calls::feed(Arc::clone(&self.stage), ready, request)
    }
}

impl<I: Clone, S> Clone for PolicyService<I, S> {
    fn clone(&self) -> Self {
        Self { inner: self.inner.clone(), stage: Arc::clone(&self.stage) }
    }
}

impl<I: fmt::Debug, S: fmt::Debug> fmt::Debug for PolicyService<I, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyService")
            .field("inner", &self.inner)
            .field("stage", &self.stage)
            .finish()
    }
}
