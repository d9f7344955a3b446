use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use mtaio_runtime::Runtime;

use super::error::QuorumError;
use super::member::Failure;
use super::repair::Behind;
use super::replicas::Replicas;

/// What is put in, at all nodes of its key.
pub(super) struct Change {
    pub(super) key: Box<[u8]>,
    pub(super) bytes: Vec<u8>,
    pub(super) ttl: Option<Duration>,
}

/// Whether a node made it. It does not borrow, as it may go on when the caller has gone.
type Changing = Pin<Box<dyn Future<Output = (usize, Result<bool, Failure>)> + Send>>;

impl<R: Runtime> Replicas<R> {
    /// Tells all nodes of a key of a change, and is done when a quorum has made it. The others go on
    /// in the background.
    pub(super) async fn write(
        self: &Arc<Self>,
        operation: &'static str,
        change: Change,
    ) -> Result<(), QuorumError> {
        let change = Arc::new(change);
        let asked = self.places.pick(&change.key);
        let asked = asked.iter().map(|node| {
            let (member, change) = (Arc::clone(self.member(node)), Arc::clone(&change));
            Box::pin(async move {
                let Change { key, bytes, ttl } = &*change;
                let answer = member.call(|node| node.insert(key, bytes, *ttl)).await;
                (node, answer.map(|()| true))
            }) as Changing
        });
        self.await_quorum(operation, &change.key, asked.collect()).await.map(|_is_made| ())
    }

    /// As [`write`](Self::write), where the nodes still have what they had when they were asked:
    /// whether as many as a quorum did.
    pub(super) async fn fill(
        self: &Arc<Self>,
        change: Change,
        had: Vec<Behind>,
    ) -> Result<bool, QuorumError> {
        let (change, had) = (Arc::new(change), Arc::new(had));
        let asked = self.places.pick(&change.key);
        let asked = asked.iter().map(|node| {
            let (member, change) = (Arc::clone(self.member(node)), Arc::clone(&change));
            let had = Arc::clone(&had);
            Box::pin(async move {
                let Change { key, bytes, ttl } = &*change;
                let held = had.iter().find(|had| had.node == node);
                let held = held.and_then(|had| had.holds.as_deref());
                (node, member.call(|node| node.insert_if(key, held, bytes, *ttl)).await)
            }) as Changing
        });
        self.await_quorum("fill", &change.key, asked.collect()).await
    }

    /// Whether a quorum made a change. If it was not, others were quicker.
    async fn await_quorum(
        self: &Arc<Self>,
        operation: &'static str,
        key: &[u8],
        mut asked: FuturesUnordered<Changing>,
    ) -> Result<bool, QuorumError> {
        self.counts.write();
        let needed = self.write_quorum;
        let (mut done, mut overtaken, mut failures) = (0, 0, Vec::new());
        while let Some((node, answer)) = asked.next().await {
            match answer {
                Ok(true) => done += 1,
                Ok(false) => overtaken += 1,
                Err(failure) => {
                    self.counts.write_missed();
                    failures.push(self.failed(node, failure));
                }
            }
            if done == needed {
                self.go_on(asked);
                return Ok(true);
            }
            if done + asked.len() < needed {
                break;
            }
        }
        if done + overtaken + asked.len() >= needed {
            return Ok(false);
        }
        Err(self.short(operation, key, (done, needed), failures))
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
