//! Futures that can't fail are gathered as if they could.

use mtaio::{Runtime, TaskExecutor};

async fn double<R: Runtime>(rt: &R) {
    let executor = TaskExecutor::new(rt);
    let doubled = executor.map([1, 2, 3], async |n: u32| n * 2).await;
    let _ = doubled;
}

fn main() {}
