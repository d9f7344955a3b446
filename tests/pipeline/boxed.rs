use futures_util::stream;
use mtaio::Runtime;
use mtaio::pipeline::{Batch, BoxPipeline, Many, Maybe, StageList, pipeline};

use crate::assert_conserved;
use crate::common::on_every_runtime;

on_every_runtime!(seeds = 10; boxed_is_the_same, a_list_is_a_stage);

struct Fields {
    one: BoxPipeline<u32, u64, String>,
    maybe: BoxPipeline<u32, u32, String, Maybe>,
    many: BoxPipeline<u32, usize, String, Many>,
}

async fn boxed_is_the_same<R: Runtime>(rt: R) {
    let of_many = async |batch: Vec<u32>| Ok::<_, String>(batch.len());
    let fields = Fields {
        one: pipeline::<String>().map(u64::from).build().expect("it is fine").boxed(),
        maybe: pipeline::<String>().filter(|n| n % 2 == 0).build().expect("it is fine").boxed(),
        many: pipeline::<String>().batch(Batch::size(2), of_many).build().expect("fine").boxed(),
    };
    let one = fields.one.open(&rt).await.expect("it sets up");
    assert_eq!(one.process(4).await.expect("it is fine"), 4);
    assert_eq!(one.process_many([1, 2]).await.expect("they are fine"), [1, 2]);
    one.close().await.expect("it closes");
    let maybe = fields.maybe.open(&rt).await.expect("it sets up");
    assert_eq!(maybe.process(3).await.expect("it is filtered"), None);
    assert_eq!(maybe.process_many(0..5).await.expect("they are fine"), [0, 2, 4]);
    drop(maybe);

    let (out, report) = fields.many.run(&rt, stream::iter(0..5)).collect().await;
    assert_eq!(out, [2, 2, 1]);
    assert_conserved(&report);
    let report = fields.maybe.clone().run(&rt, stream::iter(0..5)).await;
    assert_eq!((report.delivered, report.filtered), (3, 2));
}

async fn a_list_is_a_stage<R: Runtime>(rt: R) {
    let mut list = StageList::<u32, String>::new();
    assert!(list.is_empty());
    for by in [2, 3] {
        list.push(async move |n: u32| n.checked_mul(by).ok_or_else(|| format!("times {by}")));
    }
    assert_eq!(list.len(), 2);
    let pipeline = pipeline::<String>().then(list).build().expect("it is fine");
    let open = pipeline.open(&rt).await.expect("it sets up");
    assert_eq!(open.process(7).await.expect("it is fine"), 42);
    let error = open.process(u32::MAX / 4).await.expect_err("it is too much");
    assert_eq!(error.into_failed().as_deref(), Some("times 3"));
}
