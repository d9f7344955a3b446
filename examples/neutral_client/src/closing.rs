//! The end of a client.

use std::time::Duration;

use mtaio::scope::AsyncClose;
use mtaio::time::timeout;

use crate::connect::Connect;
use crate::directory::{Directory, Inner};
use crate::error::CutOff;

/// How long a scope waits for questions under way, and how long anybody does for a goodbye.
const DRAIN: Duration = Duration::from_secs(5);
const GOODBYE: Duration = Duration::from_secs(1);

impl<C: Connect> Directory<C> {
    /// Takes no more questions, for all clones, waits `within` for those under way, and takes leave
    /// of the service.
    ///
    /// # Errors
    ///
    /// [`CutOff`] if some were not answered by then: they have ended without.
    ///
    /// # Cancel safety
    ///
    /// No questions are taken in any case. Those under way go on when the future is dropped; call it
    /// again.
    pub async fn shutdown(&self, within: Duration) -> Result<(), CutOff> {
        let Inner { rt, pool, calls, closing, closed, .. } = &*self.0;
        closing.cancel();
        // Who holds all permits is alone.
        let all = timeout(rt, within, calls.acquire_many(calls.limit())).await;
        let left = calls.stats();
        closed.cancel();
        // An answer that does not come is not waited for: they drop the connection when they hang up.
        let _ = timeout(rt, GOODBYE, pool.close()).await;
        match all {
            Ok(Ok(_permits)) => Ok(()),
            _ => Err(CutOff { questions: left.in_use + left.waiting as u64 }),
        }
    }
}

/// In a scope it is shut down with 5 s for the questions under way.
impl<C: Connect> AsyncClose for Directory<C> {
    type Error = CutOff;

    async fn close(self) -> Result<(), CutOff> {
        self.shutdown(DRAIN).await
    }
}
