//! The conformance suite finds what is wrong with an adapter: each fault that is planted here is
//! found by the check about it. That the adapters of this workspace conform is tested beside them,
//! in `runtime-*/tests/conformance.rs`.

#![allow(clippy::expect_used, reason = "a test may fail")]

#[path = "../common/mod.rs"]
mod common;

mod planted;
mod suite;
