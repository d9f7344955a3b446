use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::Runtime;

use crate::cache::node::{CacheNode, NodeError, NodeFuture};
use crate::contain::Contained;
use crate::limit::ConcurrencyLimiter;
use crate::policy::{CircuitBreaker, PolicyError};
use crate::time::timeout;

/// One of the nodes, behind what keeps it from costing more than its answers are worth.
pub(super) struct Member<R: Runtime> {
    pub(super) name: Arc<str>,
    pub(super) node: Arc<dyn CacheNode>,
    pub(super) breaker: CircuitBreaker<R>,
    pub(super) permits: ConcurrencyLimiter<R>,
    pub(super) timeout: Duration,
    pub(super) rt: R,
}

/// Why a node did not answer.
pub(super) type Failure = PolicyError<NodeError>;

impl<R: Runtime> Member<R> {
    /// Asks the node, if its breaker lets calls through, when there is a place for the call.
    pub(super) async fn call<'a, T>(
        &'a self,
        call: impl FnOnce(&'a dyn CacheNode) -> NodeFuture<'a, T>,
    ) -> Result<T, Failure> {
        let begun = self.breaker.try_begin()?;
        // If this is dropped, or not admitted, that says nothing of the node.
        let _permit = self.permits.acquire().await?;
        let answer = timeout(&self.rt, self.timeout, Contained::new(call(&*self.node))).await;
        let answer = answer.map(|answer| match answer {
            Ok(answer) => answer,
            Err(panic) => Err(NodeError::Panicked(panic)),
        });
        match &answer {
            Ok(Err(error)) if error.is_fault() => begun.failure(),
            Ok(Err(NodeError::Elapsed(_))) => drop(begun),
            Ok(_) => begun.success(),
            // The caller's deadline is the caller's: it is as if the call was dropped.
            Err(elapsed) if elapsed.is_inherited() => drop(begun),
            Err(_) => begun.failure(),
        }
        answer?.map_err(PolicyError::Failed)
    }

    /// Whether the node answers, whatever its breaker says.
    pub(super) async fn ping(&self) -> Result<(), Failure> {
        let answer = timeout(&self.rt, self.timeout, Contained::new(self.node.ping())).await?;
        let answer = answer.unwrap_or_else(|panic| Err(NodeError::Panicked(panic)));
        answer.map_err(PolicyError::Failed)
    }
}
