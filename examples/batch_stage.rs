//! A stage of one's own that remembers: it works on batches of items, and what is left at the end is
//! worked on as well.
//!
//! ```text
//! cargo run --example batch_stage -- --runtime smol
//! ```
//!
//! It prints what happened, and exits non-zero when that is not what must happen.

use std::convert::Infallible;
use std::process::ExitCode;

use futures::stream;
use mtaio::Runtime;
use mtaio::pipeline::{Emit, RunEnd, Transform, pipeline};

mod common;

/// Adds numbers up, `size` at a time.
#[derive(Clone)]
struct BatchProcessing {
    size: usize,
    batch: Vec<u32>,
}

impl BatchProcessing {
    const fn new(size: usize) -> Self {
        Self { size, batch: Vec::new() }
    }

    /// What is done with a batch, whole or not.
    fn process_batch(&mut self) -> String {
        let batch = std::mem::take(&mut self.batch);
        format!("{batch:?} come to {}", batch.iter().sum::<u32>())
    }
}

impl Transform<u32> for BatchProcessing {
    type Out = String;
    type Err = Infallible;

    async fn push(&mut self, item: u32, out: &mut Emit<String>) -> Result<(), Infallible> {
        self.batch.push(item);
        if self.batch.len() >= self.size {
            out.emit(self.process_batch());
        }
        Ok(())
    }

    async fn finish(&mut self, out: &mut Emit<String>) -> Result<(), Infallible> {
        if !self.batch.is_empty() {
            out.emit(self.process_batch());
        }
        Ok(())
    }
}

fn main() -> ExitCode {
    common::run(batches)
}

async fn batches<R: Runtime>(rt: R, sabotage: bool) -> Result<(), String> {
    let pipeline = pipeline::<Infallible>()
        .filter(|n: &u32| n % 10 != 4)
        .transform(BatchProcessing::new(if sabotage { 2 } else { 3 }))
        .build()
        .map_err(|error| error.to_string())?;

    let (told, report) = pipeline.run(&rt, stream::iter(1..=8)).collect().await;
    for line in &told {
        println!("{line}");
    }
    println!("{} of {} items were delivered", report.delivered, report.taken);

    if told != ["[1, 2, 3] come to 6", "[5, 6, 7] come to 18", "[8] come to 8"] {
        return Err("the batches are not what they must be".to_owned());
    }
    let ends = (report.taken, report.delivered, report.filtered, report.end);
    if ends != (8, 7, 1, RunEnd::Finished) {
        return Err(format!("the items did not end as they must: {report:?}"));
    }
    Ok(())
}
