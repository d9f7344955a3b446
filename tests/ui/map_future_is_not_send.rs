//! The callback of `map` holds something across an `await` that can't be sent to another thread.

use std::rc::Rc;

use mtaio::{Runtime, RuntimeExt, TaskExecutor};

async fn count<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt);
    let counted = executor.map([1, 2, 3], async move |n: u32| {
        let shared = Rc::new(n);
        rt.yield_now().await;
        Ok::<_, String>(*shared)
    });
    let _ = counted.await;
}

fn main() {}
