//! Who listens to a policy is named after a stage, which it would not hear.

use std::time::Duration;

use mtaio::Runtime;
use mtaio::policy::{Policy, PolicyEvent};

fn policy<R: Runtime>(rt: R) {
    let policy = Policy::new(&rt)
        .timeout(Duration::from_secs(1))
        .listener(|event: &PolicyEvent| println!("{event:?}"))
        .build();
    let _ = policy;
}

fn main() {}
