//! A policy's fallback answers with another type than the call.

use mtaio::Runtime;
use mtaio::policy::{Attempt, Fallback, Policy};

async fn look_up<R: Runtime>(rt: R) {
    let policy = Policy::new(&rt).fallback(Fallback::value("nobody")).build().unwrap();
    let _ = policy.run(async |_: Attempt| Ok::<u32, String>(1815)).await;
}

fn main() {}
