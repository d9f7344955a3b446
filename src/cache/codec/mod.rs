//! Keys and values as bytes, and what is around them where others can put bytes in too.

#[expect(clippy::module_inception, reason = "the trait that the module is about")]
mod codec;
mod envelope;
mod error;
mod hash;
mod plain;
#[cfg(feature = "serde")]
mod postcard;

pub use self::codec::Codec;
pub(super) use self::envelope::{Envelope, Expiry, Kind, Version, nanos_of, shown};
pub use self::error::{CodecError, EnvelopeError};
pub(super) use self::hash::xxh64;
pub use self::plain::Plain;
#[cfg(feature = "serde")]
pub use self::postcard::Postcard;
