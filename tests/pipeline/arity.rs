use mtaio::pipeline::{Parallel, PipelineError, pipeline};
use mtaio::{Runtime, pipeline::Stage};

use crate::common::on_every_runtime;

on_every_runtime!(seeds = 10; process_answers_what_comes_of_one, refusals_name_field_and_value);

struct Validation;

impl Stage<i32> for Validation {
    type Out = i32;
    type Err = String;

    async fn process(&self, n: i32) -> Result<i32, String> {
        if n >= 0 { Ok(n) } else { Err(format!("{n} is negative")) }
    }
}

async fn process_answers_what_comes_of_one<R: Runtime>(rt: R) {
    let one = pipeline::<String>().then(Validation).map(|n| n * 2).build().expect("it is fine");
    let one = one.open(&rt).await.expect("it sets up");
    assert_eq!(one.process(4).await.expect("it is fine"), 8);
    let error = one.process(-4).await.expect_err("it is negative");
    assert_eq!(error.to_string(), "`Validation`: -4 is negative");
    assert_eq!(error.stage(), Some("Validation"));
    assert_eq!(one.process_many([1, 2]).await.expect("they are fine"), [2, 4]);
    assert!(one.process_many([1, -2]).await.is_err());

    let maybe = pipeline::<String>()
        .then(Validation)
        .skip()
        .filter(|n| n % 2 == 0)
        .map_async(Parallel::ordered(2), async |n: i32| Ok::<_, String>(n + 1))
        .build()
        .expect("it is fine");
    let maybe = maybe.open(&rt).await.expect("it sets up");
    assert_eq!(maybe.process(4).await.expect("it is fine"), Some(5));
    assert_eq!(maybe.process(3).await.expect("it is filtered"), None);
    assert_eq!(maybe.process(-4).await.expect("it is skipped"), None);
    assert_eq!(maybe.process_many([-1, 0, 1, 2]).await.expect("they are fine"), [1, 3]);

    let panics = pipeline::<String>().map(|n: i32| 6 / n).build().expect("it is fine");
    let panics = panics.open(&rt).await.expect("it sets up");
    let error = panics.process(0).await.expect_err("it panics");
    assert!(matches!(error, PipelineError::Panicked { .. }), "{error}");
    assert_eq!(panics.process(3).await.expect("it goes on"), 2);
}

async fn refusals_name_field_and_value<R: Runtime>(_rt: R) {
    use mtaio::pipeline::Batch;
    use std::time::Duration;

    let stage = async |n: u32| Ok::<_, String>(n);
    let of_many = async |batch: Vec<u32>| Ok::<_, String>(batch.len());
    let begin = || pipeline::<String>().then(stage);
    let refused = [
        begin().map_async(Parallel::ordered(0), stage).build().expect_err("zero"),
        begin().map_async(Parallel::unordered(0), stage).build().expect_err("zero"),
        begin().map_async(Parallel::by_key(0, |n: &u32| *n), stage).build().expect_err("zero"),
        begin().batch(Batch::size(0), of_many).build().expect_err("zero"),
        begin().batch(Batch::size(1).within(Duration::ZERO), of_many).build().expect_err("zero"),
        begin().batch(Batch::size(1).within(Duration::MAX), of_many).build().expect_err("absurd"),
        begin().buffer(0).build().expect_err("zero"),
    ];
    let told = refused.map(|error| (error.field(), error.value().to_owned()));
    let max = format!("{:?}", Duration::MAX);
    let expected = [
        ("limit", "0"),
        ("limit", "0"),
        ("limit", "0"),
        ("size", "0"),
        ("within", "0ns"),
        ("within", &max),
        ("buffer", "0"),
    ];
    assert_eq!(told, expected.map(|(field, value)| (field, value.to_owned())));
}
