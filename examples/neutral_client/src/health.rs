use std::sync::Arc;

use mtaio::observable::Observable;
use mtaio::policy::{Listener, PolicyEvent};

/// How the service does, as far as the calls of one [`Directory`](crate::Directory) tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Health {
    /// It answers, or was not asked yet.
    Up,
    /// It failed too often, and is spared for a while.
    Down,
    /// It is tried again.
    OnTrial,
}

/// What the breaker tells, told on.
pub(crate) fn follow(health: &Arc<Observable<Health>>) -> impl Listener + 'static {
    let health = Arc::clone(health);
    move |event: &PolicyEvent| match event {
        PolicyEvent::Opened { .. } => health.set(Health::Down),
        PolicyEvent::HalfOpen => health.set(Health::OnTrial),
        PolicyEvent::Closed => health.set(Health::Up),
        _ => {}
    }
}
