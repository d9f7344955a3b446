use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use mtaio_runtime::Runtime;

use super::error::QuorumError;
use super::member::{Failure, Member};
use super::replicas::Replicas;

/// What is put in, or taken out where there is nothing to put in.
pub(super) struct Change {
    pub(super) key: Box<[u8]>,
    pub(super) bytes: Option<Vec<u8>>,
    pub(super) ttl: Option<Duration>,
}

/// What a node made of it. It does not borrow, as it may go on when the caller has gone.
type Changing = Pin<Box<dyn Future<Output = (usize, Result<(), Failure>)> + Send>>;

impl<R: Runtime> Replicas<R> {
    /// Tells all nodes of a key of a change, and is done when a quorum has made it. The others go on
    /// in the background.
    pub(super) async fn write(
        self: &Arc<Self>,
        operation: &'static str,
        change: Change,
    ) -> Result<(), QuorumError> {
        self.counts.write();
        let change = Arc::new(change);
        let picked = self.places.pick(&change.key);
        let mut asked: FuturesUnordered<Changing> =
            picked.iter().map(|node| self.change(node, &change)).collect();
        let (mut done, mut failures) = (0, Vec::new());
        while let Some((node, answer)) = asked.next().await {
            match answer {
                Ok(()) => done += 1,
                Err(failure) => {
                    self.counts.write_missed();
                    failures.push(self.failed(node, failure));
                }
            }
            if done == self.write_quorum {
                self.go_on(asked);
                return Ok(());
            }
            if done + asked.len() < self.write_quorum {
                break;
            }
        }
        Err(self.short(operation, &change.key, (done, self.write_quorum), failures))
    }

    fn change(&self, node: usize, change: &Arc<Change>) -> Changing {
        let (member, change) = (Arc::clone(self.member(node)), Arc::clone(change));
        Box::pin(async move { (node, make(&member, &change).await) })
    }

    /// Those who are slower than the quorum.
    fn go_on(self: &Arc<Self>, mut asked: FuturesUnordered<Changing>) {
        if asked.is_empty() {
            return;
        }
        let replicas = Arc::clone(self);
        self.background.run(&self.rt, "cache write", async move {
            while let Some((_, answer)) = asked.next().await {
                if answer.is_err() {
                    replicas.counts.write_missed();
                }
            }
        });
    }
}

async fn make<R: Runtime>(member: &Member<R>, change: &Change) -> Result<(), Failure> {
    let Change { key, bytes, ttl } = change;
    match bytes {
        Some(bytes) => member.call(|node| node.insert(key, bytes, *ttl)).await,
        None => member.call(|node| node.remove(key)).await.map(|_was_there| ()),
    }
}
