use std::borrow::Cow;

use mtaio_runtime::Runtime;

use super::contain::{contain, discard};
use super::core::Core;
use super::error::CloseError;

/// What became of the resources of a scope that was dropped before it had closed them. See
/// [`ResourceScope::on_abandoned`](super::ResourceScope::on_abandoned).
#[derive(Debug)]
#[non_exhaustive]
pub struct Abandoned {
    /// What was closed, in that order, by the scope before it was dropped or on its behalf.
    pub closed: Vec<Cow<'static, str>>,
    /// What did not close, in the order of closing.
    pub close_errors: Vec<CloseError>,
}

/// Hears of it.
pub(super) type OnAbandoned = Box<dyn FnOnce(Abandoned) + Send>;

/// The resources of a scope that is no more. They are closed by a task of their own; where that is
/// dropped they are. It is told either way, once.
pub(super) struct Orphans<R: Runtime> {
    pub(super) core: Core<R>,
    pub(super) on_abandoned: Option<OnAbandoned>,
}

impl<R: Runtime> Orphans<R> {
    pub(super) async fn close(self) {
        self.core.close_all().await;
    }
}

impl<R: Runtime> Drop for Orphans<R> {
    fn drop(&mut self) {
        let list = self.core.give_up();
        if let Some(on_abandoned) = self.on_abandoned.take() {
            let abandoned = Abandoned { closed: list.closed, close_errors: list.errors };
            discard(contain(|| on_abandoned(abandoned)));
        }
    }
}
