use std::error::Error;
use std::fmt;

use thiserror::Error;

use crate::retryable::Retryable;

/// Why a [`Codec`](super::Codec) made no bytes of a value, or no value of bytes: any error, or text,
/// becomes one by `?`.
pub struct CodecError(Box<dyn Error + Send + Sync>);

impl CodecError {
    /// What the codec said.
    pub fn into_inner(self) -> Box<dyn Error + Send + Sync> {
        self.0
    }
}

impl<E: Into<Box<dyn Error + Send + Sync>>> From<E> for CodecError {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for CodecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Retryable for CodecError {
    /// Never: the same bytes come to the same.
    fn is_retryable(&self) -> bool {
        false
    }
}

/// Why what a node has under a key is not what a cache of this kind puts there.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum EnvelopeError {
    /// Something else than this library wrote it.
    #[error("it was not written by this library")]
    Foreign,
    /// A release of this library wrote it that knows a format which this one does not.
    #[error("it has format {found}, known is {known}")]
    Format {
        /// The format that it has.
        found: u8,
        /// The one that is known.
        known: u8,
    },
    /// It is not what was written.
    #[error("it is damaged")]
    Damaged,
    /// It was written under another schema version.
    #[error("it has schema version {found}, expected is {expected}")]
    Schema {
        /// The version that it has.
        found: u32,
        /// That of who reads it.
        expected: u32,
    },
    /// It is the value of another key.
    #[error("it is the value of the key `{found}`")]
    OtherKey {
        /// The key it was written for, with what is not printable escaped.
        found: Box<str>,
    },
}

impl Retryable for EnvelopeError {
    /// Never: it stays until it is overwritten.
    fn is_retryable(&self) -> bool {
        false
    }
}
