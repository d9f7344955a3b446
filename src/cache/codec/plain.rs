use std::sync::Arc;

use super::codec::Codec;
use super::error::CodecError;

/// Bytes and strings as they are, integers as their decimal digits: what one can read in the engine.
///
/// ```
/// use mtaio::cache::{Codec, Plain};
///
/// let mut bytes = Vec::new();
/// Plain.encode(&-42_i64, &mut bytes)?;
/// assert_eq!(bytes, b"-42");
/// assert_eq!(Codec::<i64>::decode(&Plain, b"-42")?, -42);
/// assert!(Codec::<u8>::decode(&Plain, b"256").is_err());
/// # Ok::<(), mtaio::cache::CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Plain;

macro_rules! bytes {
    ($($of:ty),*) => {$(
        impl Codec<$of> for Plain {
            fn encode(&self, value: &$of, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
                bytes.extend_from_slice(value);
                Ok(())
            }

            fn decode(&self, bytes: &[u8]) -> Result<$of, CodecError> {
                Ok(bytes.into())
            }
        }
    )*};
}

macro_rules! text {
    ($($of:ty),*) => {$(
        impl Codec<$of> for Plain {
            fn encode(&self, value: &$of, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
                bytes.extend_from_slice(value.as_bytes());
                Ok(())
            }

            fn decode(&self, bytes: &[u8]) -> Result<$of, CodecError> {
                Ok(str::from_utf8(bytes)?.into())
            }
        }
    )*};
}

macro_rules! integers {
    ($($of:ty),*) => {$(
        impl Codec<$of> for Plain {
            fn encode(&self, value: &$of, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
                bytes.extend_from_slice(value.to_string().as_bytes());
                Ok(())
            }

            fn decode(&self, bytes: &[u8]) -> Result<$of, CodecError> {
                Ok(str::from_utf8(bytes)?.parse()?)
            }
        }
    )*};
}

bytes!(Vec<u8>, Box<[u8]>, Arc<[u8]>);
text!(String, Box<str>, Arc<str>);
integers!(u8, u16, u32, u64, u128, usize, i8, i16, i32, i64, i128, isize);
