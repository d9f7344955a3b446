use std::sync::Arc;
use std::time::Duration;

use mtaio_runtime::Runtime;

use super::background::Background;
use super::clock::Clock;
use super::counts::Counts;
use super::error::{QuorumError, ReplicaError, ReplicaFailure};
use super::member::Member;
use super::rendezvous::Rendezvous;
use crate::cache::codec::{Envelope, Expiry, Kind, shown};
use crate::limit::ConcurrencyLimiter;

/// The nodes, and how many of them have to agree: all of a distributed cache that knows bytes only.
pub(super) struct Replicas<R: Runtime> {
    pub(super) rt: R,
    pub(super) members: Box<[Arc<Member<R>>]>,
    pub(super) places: Rendezvous,
    pub(super) read_quorum: usize,
    pub(super) write_quorum: usize,
    pub(super) schema: u32,
    pub(super) clock: Clock,
    pub(super) counts: Counts,
    pub(super) background: Arc<Background>,
    pub(super) repairs: ConcurrencyLimiter<R>,
}

/// What nodes have to say of a key.
pub(super) struct Newest {
    pub(super) envelope: Envelope,
    /// The whole envelope.
    pub(super) bytes: Vec<u8>,
    /// How long the payload is, which ends it but for the checksum.
    pub(super) length: usize,
}

impl Newest {
    pub(super) fn payload(&self) -> &[u8] {
        Envelope::payload(&self.bytes, self.length)
    }
}

impl<R: Runtime> Replicas<R> {
    pub(super) fn member(&self, node: usize) -> &Arc<Member<R>> {
        &self.members[node]
    }

    pub(super) fn failed(&self, node: usize, reason: impl Into<ReplicaFailure>) -> ReplicaError {
        ReplicaError { node: Arc::clone(&self.member(node).name), reason: reason.into() }
    }

    pub(super) fn short(
        &self,
        operation: &'static str,
        key: &[u8],
        (done, needed): (usize, usize),
        failures: Vec<ReplicaError>,
    ) -> QuorumError {
        self.counts.short();
        QuorumError { operation, key: Some(shown(key)), done, needed, failures }
    }

    /// An envelope of the next version, to be filled.
    pub(super) fn envelope(&self, kind: Kind, ttl: Option<Duration>) -> Envelope {
        let now = self.rt.wall_clock();
        let (version, expires) = (self.clock.next(now), Expiry::after(now, ttl));
        Envelope { kind, schema: self.schema, version, expires }
    }
}
