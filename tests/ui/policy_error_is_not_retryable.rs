//! A policy tries again only what is retryable, and the call's error does not know whether it is.

use std::time::Duration;

use mtaio::Runtime;
use mtaio::policy::{Attempt, Policy, Retry};

async fn look_up<R: Runtime>(rt: R) {
    let retry = Retry::constant(Duration::from_secs(1)).only_retryable().build().unwrap();
    let policy = Policy::new(&rt).retry(retry).build().unwrap();
    let _ = policy.run(async |_: Attempt| Err::<(), String>("busy".into())).await;
}

fn main() {}
