use std::fmt;
use std::sync::Arc;

use tower_layer::Layer;

use super::service::PolicyService;
use crate::config::ConfigError;
use crate::policy::plan::Plan;
use crate::policy::policy::Policy;
use crate::policy::stage::Stageable;

/// Puts a service under a policy. Made by [`Policy::layer`], or by the functions of this module.
///
/// All services that it makes share what the stages share.
pub struct PolicyLayer<S> {
    stage: Arc<S>,
}

impl<S> Policy<S> {
    /// The policy as a layer of tower; see [`tower`](crate::policy::tower).
    pub fn layer(self) -> PolicyLayer<S> {
        PolicyLayer::new(self.into_stage())
    }
}

impl<S> PolicyLayer<S> {
    pub(super) fn new(stage: S) -> Self {
        Self { stage: Arc::new(stage) }
    }
}

impl<S: Stageable> PolicyLayer<S> {
    /// One stage alone, if its settings make sense.
    pub(super) fn checked(stage: S) -> Result<Self, ConfigError> {
        let mut plan = Plan::default();
        stage.describe(&mut plan);
        plan.check()?;
        Ok(Self::new(stage))
    }
}

impl<I, S> Layer<I> for PolicyLayer<S> {
    type Service = PolicyService<I, S>;

    fn layer(&self, inner: I) -> PolicyService<I, S> {
        PolicyService::new(inner, Arc::clone(&self.stage))
    }
}

impl<S> Clone for PolicyLayer<S> {
    fn clone(&self) -> Self {
        Self { stage: Arc::clone(&self.stage) }
    }
}

impl<S: fmt::Debug> fmt::Debug for PolicyLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PolicyLayer").field("stage", &self.stage).finish()
    }
}
