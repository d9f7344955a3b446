use serde::Serialize;
use serde::de::DeserializeOwned;

use super::codec::Codec;
use super::error::CodecError;

/// Whatever is [`Serialize`] and [`DeserializeOwned`], in the format of the crate `postcard`: compact,
/// [specified](https://postcard.jamesmunns.com/wire-format), and the same on every machine.
///
/// It holds no names of fields: values of a type that was changed may decode to something else. Count
/// the [schema version](crate::cache::DistributedCacheBuilder::schema) up with each such change.
///
/// ```
/// use mtaio::cache::{Codec, Postcard};
///
/// let mut bytes = Vec::new();
/// Postcard.encode(&("ada".to_string(), Some(36_u32)), &mut bytes)?;
/// assert_eq!(bytes, b"\x03ada\x01\x24");
/// let (name, _age): (String, Option<u32>) = Postcard.decode(&bytes)?;
/// assert_eq!(name, "ada");
/// # Ok::<(), mtaio::cache::CodecError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Postcard;

impl<T: Serialize + DeserializeOwned> Codec<T> for Postcard {
    fn encode(&self, value: &T, bytes: &mut Vec<u8>) -> Result<(), CodecError> {
        *bytes = ::postcard::to_extend(value, std::mem::take(bytes))?;
        Ok(())
    }

    fn decode(&self, bytes: &[u8]) -> Result<T, CodecError> {
        match ::postcard::take_from_bytes(bytes)? {
            (value, []) => Ok(value),
            (_, rest) => Err(format!("{} bytes are left over", rest.len()).into()),
        }
    }
}
