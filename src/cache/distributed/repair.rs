use std::sync::Arc;

use mtaio_runtime::Runtime;

use super::member::Failure;
use super::replicas::{Newest, Replicas};

/// A node that has not the newest value of a key, and what it had when that was seen.
pub(super) struct Behind {
    pub(super) node: usize,
    pub(super) holds: Option<Vec<u8>>,
}

impl<R: Runtime> Replicas<R> {
    /// Puts the newest where it is not yet, in the background. Where so many repairs are under way
    /// already that the nodes had better be left alone, a later read does it.
    pub(super) fn repair(self: &Arc<Self>, key: &[u8], newest: &Newest, behind: Vec<Behind>) {
        let left = newest.envelope.expires.left(self.rt.wall_clock());
        if behind.is_empty() || left.is_some_and(|left| left.is_zero()) {
            return;
        }
        let Ok(permit) = self.repairs.try_acquire_owned() else {
            self.counts.repair_skipped();
            return;
        };
        let (replicas, key) = (Arc::clone(self), Box::<[u8]>::from(key));
        let (envelope, bytes) = (newest.envelope, newest.bytes.clone());
        self.background.run(&self.rt, "cache repair", async move {
            let _permit = permit;
            let newest = Newest { envelope, bytes, length: 0 };
            for behind in behind {
                // Where it fails, the next read tries again.
                if let Ok(true) = replicas.repair_one(&key, &newest, behind).await {
                    replicas.counts.repaired();
                }
            }
        });
    }

    /// Unless the node has something else by now: that may be newer.
    async fn repair_one(
        &self,
        key: &[u8],
        newest: &Newest,
        behind: Behind,
    ) -> Result<bool, Failure> {
        let ttl = newest.envelope.expires.left(self.rt.wall_clock());
        let holds = behind.holds.as_deref();
        let call = self.member(behind.node);
        call.call(|node| node.insert_if(key, holds, &newest.bytes, ttl)).await
    }
}
