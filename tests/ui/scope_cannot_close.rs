//! What is added has no way to be closed, or a closer that answers what is no outcome.

use mtaio::{ResourceScope, Runtime};

async fn work<R: Runtime>(rt: &R) {
    let _outcome = ResourceScope::new(rt)
        .run(async |scope| {
            scope.add("numbers", vec![1, 2, 3]);
            scope.add_with("more numbers", vec![4], async |numbers: Vec<u32>| numbers.len());
        })
        .await;
}

fn main() {}
