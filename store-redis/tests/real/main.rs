//! With real servers, on tokio and on smol. Without `redis-server` they fail.

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod failures;
mod races;
