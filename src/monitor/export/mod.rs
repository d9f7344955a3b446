//! What a registry holds, for others to read.

pub(super) mod prometheus;
