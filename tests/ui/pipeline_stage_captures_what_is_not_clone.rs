//! A closure that is a stage captures something that can't be cloned.

use mtaio::pipeline::pipeline;

struct Connection;

impl Connection {
    async fn insert(&self, row: u32) -> Result<u32, String> {
        Ok(row)
    }
}

fn build() {
    let connection = Connection;
    let insert = async move |row: u32| connection.insert(row).await;
    let _ = pipeline::<String>().then(insert);
}

fn main() {}
