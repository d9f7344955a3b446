use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use mtaio_runtime::Runtime;

use super::error::{QuorumError, ReplicaError, ReplicaFailure};
use super::member::Failure;
use super::repair::Behind;
use super::replicas::{Newest, Replicas};
use crate::cache::codec::{Envelope, EnvelopeError, Kind};

/// What a node said of a key.
pub(super) enum Answer {
    Nothing,
    Held(Newest),
    /// It has something, but not what was put there.
    Damaged(Vec<u8>, EnvelopeError),
    Failed(Failure),
}

/// What a quorum says of a key.
pub(super) enum Read {
    Newest(Newest),
    /// There is no value. So each node had nothing, or a removal, when it was asked.
    Nothing(Vec<Behind>),
}

/// What a quorum said so far.
pub(super) struct Reading {
    needed: usize,
    /// How many gave an answer that counts.
    done: usize,
    newest: Option<(usize, Newest)>,
    /// Who has nothing, or something older, or no value at all.
    behind: Vec<Behind>,
    failures: Vec<ReplicaError>,
}

impl<R: Runtime> Replicas<R> {
    /// The newest that a quorum has, asking no more nodes than it takes: where one fails, the next
    /// one is asked. Who turned out to be behind is brought up to date, in the background.
    pub(super) async fn read(self: &Arc<Self>, key: &[u8]) -> Result<Read, QuorumError> {
        self.counts.read();
        let picked = self.places.pick(key);
        let mut spare = picked.iter();
        let mut reading = Reading::new(self.read_quorum);
        let mut asked: FuturesUnordered<_> =
            spare.by_ref().take(self.read_quorum).map(|node| self.look(node, key)).collect();
        while let Some((node, answer)) = asked.next().await {
            if !self.note(&mut reading, node, answer) {
                asked.extend(spare.next().map(|node| self.look(node, key)));
            }
            if reading.is_done() || reading.done + asked.len() < reading.needed {
                break;
            }
        }
        self.conclude(key, reading)
    }

    async fn look(&self, node: usize, key: &[u8]) -> (usize, Answer) {
        let answer = self.member(node).call(|node| node.get(key)).await;
        (node, answer.map_or_else(Answer::Failed, |found| self.open(key, found)))
    }

    /// What it means that a node has `found` under `key`.
    pub(super) fn open(&self, key: &[u8], found: Option<Vec<u8>>) -> Answer {
        let Some(bytes) = found else { return Answer::Nothing };
        let read = Envelope::read(&bytes, key, self.schema);
        match read.map(|contents| (contents.envelope, contents.payload.len())) {
            Ok((envelope, length)) => Answer::Held(Newest { envelope, bytes, length }),
            Err(error) => Answer::Damaged(bytes, error),
        }
    }

    /// Takes an answer down, and whether it counts.
    pub(super) fn note(&self, reading: &mut Reading, node: usize, answer: Answer) -> bool {
        let reason = match answer {
            Answer::Nothing => {
                reading.behind.push(Behind { node, holds: None });
                reading.done += 1;
                return true;
            }
            Answer::Held(held) => {
                reading.hold(node, held);
                reading.done += 1;
                return true;
            }
            Answer::Damaged(bytes, error) => {
                self.counts.damaged();
                reading.behind.push(Behind { node, holds: Some(bytes) });
                ReplicaFailure::Value(error)
            }
            Answer::Failed(failure) => ReplicaFailure::Node(failure),
        };
        reading.failures.push(self.failed(node, reason));
        false
    }

    /// What was read, if enough have answered. The others are repaired.
    pub(super) fn conclude(
        self: &Arc<Self>,
        key: &[u8],
        reading: Reading,
    ) -> Result<Read, QuorumError> {
        let Reading { needed, done, newest, mut behind, failures } = reading;
        if done < needed {
            return Err(self.short("read", key, (done, needed), failures));
        }
        let Some((node, newest)) = newest else { return Ok(Read::Nothing(behind)) };
        self.clock.saw(newest.envelope.version, self.rt.wall_clock());
        if newest.envelope.kind != Kind::Removed {
            self.repair(key, &newest, behind);
            return Ok(Read::Newest(newest));
        }
        // Where nothing is, nothing comes back.
        let older = behind.extract_if(.., |behind| behind.holds.is_some()).collect();
        self.repair(key, &newest, older);
        behind.push(Behind { node, holds: Some(newest.bytes) });
        Ok(Read::Nothing(behind))
    }
}

impl Reading {
    pub(super) const fn new(needed: usize) -> Self {
        Self { needed, done: 0, newest: None, behind: Vec::new(), failures: Vec::new() }
    }

    pub(super) const fn is_done(&self) -> bool {
        self.done >= self.needed
    }

    fn hold(&mut self, node: usize, held: Newest) {
        let version = held.envelope.version;
        let (node, older) = match &self.newest {
            Some((_, newest)) if newest.envelope.version == version => return,
            Some((_, newest)) if newest.envelope.version > version => (node, held),
            _ => match self.newest.replace((node, held)) {
                Some(older) => older,
                None => return,
            },
        };
        self.behind.push(Behind { node, holds: Some(older.bytes) });
    }
}
