//! A call under a policy holds something across an `await` that can't be sent to another thread.

use std::rc::Rc;

use mtaio::policy::{Attempt, Policy};
use mtaio::{Runtime, RuntimeExt};

async fn count<R: Runtime>(rt: R) {
    let policy = Policy::new(&rt).build().unwrap();
    let clock = rt.clone();
    let counted = policy.run(async move |attempt: Attempt| {
        let shared = Rc::new(attempt);
        clock.yield_now().await;
        Ok::<_, String>(shared.number())
    });
    let _ = counted.await;
}

fn main() {}
