//! A guard is kept for longer than the scope that closes its resource.

use mtaio::{ResourceScope, Runtime};

async fn work<R: Runtime>(rt: &R) {
    let scope = ResourceScope::new(rt);
    let log = scope.add_with("log", String::new(), async |_| ());
    scope.close().await.unwrap();
    println!("{}", log.len());
}

fn main() {}
