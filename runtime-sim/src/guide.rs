#![doc = include_str!("../docs/testing.md")]

#[doc = include_str!("../docs/corpus.md")]
pub mod corpus {}
