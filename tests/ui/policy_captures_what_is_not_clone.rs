//! A call under a policy captures something that can't be cloned for another attempt.

use std::sync::Mutex;

use mtaio::Runtime;
use mtaio::policy::{Attempt, Policy};

async fn count<R: Runtime>(rt: R) {
    let policy = Policy::new(&rt).build().unwrap();
    let counter = Mutex::new(0);
    let counted = policy.run(async move |_: Attempt| {
        *counter.lock().unwrap() += 1;
        Ok::<_, String>(())
    });
    let _ = counted.await;
}

fn main() {}
