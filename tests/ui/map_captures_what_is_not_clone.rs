//! The callback of `map` captures something that can't be cloned.

use mtaio::{Runtime, TaskExecutor};

struct Connection;

impl Connection {
    async fn look_up(&self, id: u32) -> Result<u32, String> {
        Ok(id)
    }
}

async fn look_all_up<R: Runtime>(rt: &R) {
    let executor = TaskExecutor::new(rt);
    let connection = Connection;
    let found = executor.map([1, 2, 3], async move |id: u32| connection.look_up(id).await);
    let _ = found.await;
}

fn main() {}
