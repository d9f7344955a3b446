use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::error::EnvelopeError;
use super::hash::xxh64;

/// What stands around a value in a node. Numbers are little-endian.
///
/// | bytes | what |
/// | --- | --- |
/// | 0..2 | `mt` |
/// | 2 | the format: 1 |
/// | 3 | the kind: 0 a value, 1 known to be absent, 2 removed |
/// | 4..8 | the schema version |
/// | 8..16 | when it was written, in nanoseconds since 1970 by the writer's clock |
/// | 16..24 | who wrote it: a number of the writer's own |
/// | 24..32 | when it ends, in nanoseconds since 1970; 0 is never |
/// | 32..36 | the length of the key |
/// | from 36 | the key, as the node has it; then the value, as its codec made it |
/// | the last 8 | XXH64 of all bytes before, with seed 0 |
///
/// The key stands there in full: so a value can't be taken for that of another key, whatever a node
/// mixes up, and no argument about hashes is needed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cache) struct Envelope {
    pub(in crate::cache) kind: Kind,
    pub(in crate::cache) schema: u32,
    pub(in crate::cache) version: Version,
    pub(in crate::cache) expires: Expiry,
}

/// Which of two values of a key is the newer one: the later, and of two at once that of the writer
/// with the greater number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::cache) struct Version {
    pub(in crate::cache) nanos: u64,
    pub(in crate::cache) writer: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cache) enum Kind {
    Value = 0,
    /// There is known to be no value.
    Absent = 1,
    /// There was a value, and it was taken out: what is older than this is not to come back.
    Removed = 2,
}

/// When a value ends: nanoseconds since 1970, or 0 for never.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::cache) struct Expiry(u64);

/// What a node had under a key.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::cache) struct Contents<'a> {
    pub(in crate::cache) envelope: Envelope,
    pub(in crate::cache) payload: &'a [u8],
}

const MAGIC: [u8; 2] = *b"mt";
const FORMAT: u8 = 1;
const CHECKSUM: usize = 8;

impl Envelope {
    /// Begins the bytes of an envelope for `key`; what is appended is the payload. `None` if the key
    /// is longer than can be said.
    pub(in crate::cache) fn open(&self, key: &[u8]) -> Option<Vec<u8>> {
        let length = u32::try_from(key.len()).ok()?;
        let mut bytes = Vec::with_capacity(key.len() + 128);
        bytes.extend_from_slice(&MAGIC);
        bytes.push(FORMAT);
        bytes.push(self.kind as u8);
        bytes.extend_from_slice(&self.schema.to_le_bytes());
        bytes.extend_from_slice(&self.version.nanos.to_le_bytes());
        bytes.extend_from_slice(&self.version.writer.to_le_bytes());
        bytes.extend_from_slice(&self.expires.0.to_le_bytes());
        bytes.extend_from_slice(&length.to_le_bytes());
        bytes.extend_from_slice(key);
        Some(bytes)
    }

    /// Ends what [`open`](Self::open) began.
    pub(in crate::cache) fn seal(mut bytes: Vec<u8>) -> Vec<u8> {
        let checksum = xxh64(&bytes, 0);
        bytes.extend_from_slice(&checksum.to_le_bytes());
        bytes
    }

    /// The payload of an envelope that was read, which has this `length`.
    pub(in crate::cache) fn payload(bytes: &[u8], length: usize) -> &[u8] {
        let end = bytes.len().saturating_sub(CHECKSUM);
        &bytes[end.saturating_sub(length)..end]
    }

    /// Reads what a node has under `key`, for who knows `schema`.
    pub(in crate::cache) fn read<'a>(
        bytes: &'a [u8],
        key: &[u8],
        schema: u32,
    ) -> Result<Contents<'a>, EnvelopeError> {
        let rest = bytes.strip_prefix(&MAGIC).ok_or(EnvelopeError::Foreign)?;
        let (&found, _) = rest.split_first().ok_or(EnvelopeError::Foreign)?;
        if found != FORMAT {
            return Err(EnvelopeError::Format { found, known: FORMAT });
        }
        let (body, checksum) = bytes.split_last_chunk().ok_or(EnvelopeError::Damaged)?;
        if xxh64(body, 0) != u64::from_le_bytes(*checksum) {
            return Err(EnvelopeError::Damaged);
        }
        let mut fields = Fields(&body[MAGIC.len() + 1..]);
        let parsed = (|| {
            let [kind] = fields.take()?;
            let found_schema = u32::from_le_bytes(fields.take()?);
            let nanos = u64::from_le_bytes(fields.take()?);
            let writer = u64::from_le_bytes(fields.take()?);
            let expires = Expiry(u64::from_le_bytes(fields.take()?));
            let length = u32::from_le_bytes(fields.take()?);
            let (found_key, payload) = fields.0.split_at_checked(length as usize)?;
            let version = Version { nanos, writer };
            let envelope = Self { kind: Kind::of(kind)?, schema: found_schema, version, expires };
            Some((found_key, Contents { envelope, payload }))
        })();
        // What was written whole and makes no sense was written by something else.
        let (found_key, contents) = parsed.ok_or(EnvelopeError::Foreign)?;
        if contents.envelope.schema != schema {
            let found = contents.envelope.schema;
            return Err(EnvelopeError::Schema { found, expected: schema });
        }
        if found_key != key {
            return Err(EnvelopeError::OtherKey { found: shown(found_key) });
        }
        Ok(contents)
    }
}

impl Kind {
    const fn of(byte: u8) -> Option<Self> {
        match byte {
            0 => Some(Self::Value),
            1 => Some(Self::Absent),
            2 => Some(Self::Removed),
            _ => None,
        }
    }
}

impl Expiry {
    pub(in crate::cache) const NEVER: Self = Self(0);

    pub(in crate::cache) fn after(now: SystemTime, ttl: Option<Duration>) -> Self {
        let end =
            ttl.and_then(|ttl| nanos_of(now).checked_add(u64::try_from(ttl.as_nanos()).ok()?));
        end.map_or(Self::NEVER, |end| Self(end.max(1)))
    }

    /// How long it has to live, if not for ever. Nothing may be left.
    pub(in crate::cache) fn left(self, now: SystemTime) -> Option<Duration> {
        let left = || Duration::from_nanos(self.0.saturating_sub(nanos_of(now)));
        (self != Self::NEVER).then(left)
    }
}

/// Nanoseconds since 1970: 0 before it, and the end of it in the year 2554.
pub(in crate::cache) fn nanos_of(time: SystemTime) -> u64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// A key, for people.
pub(in crate::cache) fn shown(key: &[u8]) -> Box<str> {
    key.escape_ascii().to_string().into()
}

struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (field, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*field)
    }
}
