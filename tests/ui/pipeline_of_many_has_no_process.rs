//! What makes many items of one, or one of many, has no answer for a single item.

use mtaio::Runtime;
use mtaio::pipeline::{Batch, pipeline};

async fn process<R: Runtime>(rt: &R) {
    let insert = async |rows: Vec<u32>| Ok::<_, String>(rows.len());
    let pipeline = pipeline::<String>().batch(Batch::size(10), insert).build().unwrap();
    let open = pipeline.open(rt).await.unwrap();
    let _ = open.process(1).await;
}

fn main() {}
