//! The protocol: RESP3, as much of it as a cache needs. It knows nothing of connections.
//!
//! Source: <https://github.com/redis/redis-specifications/blob/master/protocol/RESP3.md>. Streamed
//! strings and aggregates are left out: no server sends them.

mod decode;
mod encode;
mod frame;
#[cfg(test)]
mod tests;

pub(crate) use self::decode::{Decoder, Garbage};
pub(crate) use self::encode::{encode, encoded_len};
pub(crate) use self::frame::Frame;
