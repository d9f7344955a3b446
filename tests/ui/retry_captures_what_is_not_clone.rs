//! What is tried again captures something that can't be cloned for each attempt.

use std::time::Duration;

use mtaio::Runtime;
use mtaio::policy::{Attempt, Retry};

struct Connection;

impl Connection {
    async fn look_up(&self) -> Result<u32, String> {
        Ok(1)
    }
}

async fn look_up<R: Runtime>(rt: &R) {
    let retry = Retry::constant(Duration::from_secs(1)).build().unwrap();
    let connection = Connection;
    let _ = retry.run(rt, async move |_: Attempt| connection.look_up().await).await;
}

fn main() {}
