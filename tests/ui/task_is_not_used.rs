//! A task is dropped where it was meant to run on; work is made, and nobody awaits it.

#![deny(unused_must_use)]

use std::time::Duration;

use mtaio::time::timeout;
use mtaio::{CancellationToken, DynRuntime, Runtime, RuntimeExt, TaskExecutor};

async fn forget<R: Runtime>(rt: &R) {
    rt.spawn(async {});
    let executor = TaskExecutor::new(rt);
    executor.map([1, 2, 3], async |n: u32| Ok::<_, String>(n));
    executor.run(async {});
    timeout(rt, Duration::from_secs(1), async {});
    CancellationToken::new().drop_guard();
    rt.sleep(Duration::from_secs(1));
    DynRuntime::new(rt).sleep(Duration::from_secs(1));
}

fn main() {}
