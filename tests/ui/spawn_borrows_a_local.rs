//! A task borrows what its caller owns.

use mtaio::{Runtime, RuntimeExt};

async fn greet<R: Runtime>(rt: &R) {
    let name = String::from("ada");
    let task = rt.spawn(async { println!("hello {name}") });
    let _ = task.await;
}

fn main() {}
