//! What concerns many keys, or all nodes.

use std::sync::Arc;

use futures_util::future::join_all;
use mtaio_runtime::Runtime;

use super::distributed_cache::DistributedCache;
use super::error::{DistributedError, QuorumError};
use super::member::Failure;
use super::read::{Read, Reading};
use super::replicas::Replicas;

impl<K: 'static, V: 'static, R: Runtime> DistributedCache<K, V, R> {
    /// The values of `keys`, in their order. Each node is asked once for all that it has of them;
    /// what one did not answer is asked for key by key, as in [`get`](Self::get).
    ///
    /// # Errors
    ///
    /// The first of [`get`](Self::get)'s, in the order of the keys.
    ///
    /// # Cancel safety
    ///
    /// That of [`get`](Self::get).
    pub async fn get_many(&self, keys: &[K]) -> Result<Vec<Option<V>>, DistributedError> {
        let keys = keys.iter().map(|key| self.key(key)).collect::<Result<Vec<_>, _>>()?;
        let read = self.core().replicas.read_many(&keys).await;
        let mut values = Vec::with_capacity(keys.len());
        for (key, newest) in keys.iter().zip(read) {
            values.push(self.decode(key, newest?)?.into_value());
        }
        Ok(values)
    }

    /// Puts many in: as many single [insertions](Self::insert), at once.
    ///
    /// # Errors
    ///
    /// The first of [`insert`](Self::insert)'s, in the order of the entries. Others may be in.
    ///
    /// # Cancel safety
    ///
    /// That of [`insert`](Self::insert).
    pub async fn insert_many<'a>(
        &self,
        entries: impl IntoIterator<Item = (&'a K, &'a V)>,
    ) -> Result<(), DistributedError>
    where
        K: 'a,
        V: 'a,
    {
        let insertions = entries.into_iter().map(|(key, value)| self.insert(key, value));
        join_all(insertions).await.into_iter().collect()
    }

    /// Takes out many: as many single [removals](Self::remove), at once.
    ///
    /// # Errors
    ///
    /// The first of [`remove`](Self::remove)'s, in the order of the keys. Others may be out.
    ///
    /// # Cancel safety
    ///
    /// That of [`remove`](Self::remove).
    pub async fn remove_many(&self, keys: &[K]) -> Result<(), DistributedError> {
        join_all(keys.iter().map(|key| self.remove(key))).await.into_iter().collect()
    }
}

impl<R: Runtime> Replicas<R> {
    /// As many reads: each node is asked for all of which it is in the first quorum.
    async fn read_many(self: &Arc<Self>, keys: &[Box<[u8]>]) -> Vec<Result<Read, QuorumError>> {
        let mut wanted: Vec<Vec<usize>> = vec![Vec::new(); self.members.len()];
        for (at, key) in keys.iter().enumerate() {
            for node in self.places.pick(key).iter().take(self.read_quorum) {
                wanted[node].push(at);
            }
        }
        let asked = wanted.into_iter().enumerate().filter(|(_, wanted)| !wanted.is_empty());
        let asked = asked.map(async |(node, wanted)| {
            let names: Vec<&[u8]> = wanted.iter().map(|at| &*keys[*at]).collect();
            let answer = self.member(node).call(|node| node.get_many(&names)).await;
            (node, wanted, answer)
        });
        let mut readings: Vec<Option<Reading>> =
            keys.iter().map(|_| Some(Reading::new(self.read_quorum))).collect();
        for (node, wanted, answer) in join_all(asked).await {
            // One that says less or more than it was asked for has said nothing.
            let answer = answer.ok().filter(|values| values.len() == wanted.len());
            let Some(values) = answer else {
                wanted.into_iter().for_each(|at| readings[at] = None);
                continue;
            };
            for (at, found) in wanted.into_iter().zip(values) {
                let counts = readings[at]
                    .as_mut()
                    .is_some_and(|reading| self.note(reading, node, self.open(&keys[at], found)));
                if !counts {
                    readings[at] = None;
                }
            }
        }
        join_all(keys.iter().zip(readings).map(async |(key, reading)| match reading {
            Some(reading) => {
                self.counts.read();
                self.conclude(key, reading)
            }
            None => self.read(key).await,
        }))
        .await
    }

    pub(super) async fn clear(&self, prefix: &[u8]) -> Result<(), QuorumError> {
        let cleared = self.members.iter().enumerate().map(async |(node, member)| {
            member
                .call(|node| node.clear(prefix))
                .await
                .map_err(|failure| self.failed(node, failure))
        });
        let cleared = join_all(cleared).await;
        let needed = cleared.len();
        let failures: Vec<_> = cleared.into_iter().filter_map(Result::err).collect();
        if failures.is_empty() {
            return Ok(());
        }
        self.counts.short();
        let done = needed - failures.len();
        Err(QuorumError { operation: "clearing", key: None, done, needed, failures })
    }

    pub(super) async fn ping(&self) -> Vec<(&str, Result<(), Failure>)> {
        let asked = self.members.iter();
        join_all(asked.map(async |member| (&*member.name, member.ping().await))).await
    }
}
