//! A stage does not take what the one before it gives.

use mtaio::pipeline::{Stage, pipeline};

struct Parse;

impl Stage<String> for Parse {
    type Out = u32;
    type Err = String;

    async fn process(&self, text: String) -> Result<u32, String> {
        text.parse().map_err(|_| text)
    }
}

struct Shout;

impl Stage<String> for Shout {
    type Out = String;
    type Err = String;

    async fn process(&self, text: String) -> Result<String, String> {
        Ok(text.to_uppercase())
    }
}

fn build() {
    let _ = pipeline::<String>().then(Parse).then(Shout);
}

fn main() {}
