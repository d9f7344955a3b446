//! The error of a stage can't be turned into the pipeline's.

use mtaio::pipeline::pipeline;

#[derive(Debug)]
enum ImportError {
    Row,
}

fn build() {
    let parse = async |row: &'static str| row.parse::<u32>();
    let _ = pipeline::<ImportError>().then(parse);
}

fn main() {}
