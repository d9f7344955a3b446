//! Ten thousand items.

use mtaio::{Runtime, RuntimeExt, TaskExecutor};

use crate::common::{Census, on_every_runtime};

on_every_runtime!(seeds = 2; ten_thousand_items_never_exceed_the_limit);

async fn ten_thousand_items_never_exceed_the_limit<R: Runtime>(rt: R) {
    let executor = TaskExecutor::new(&rt).limit(64).expect("a limit");
    let census = Census::default();
    let (seen, inner) = (census.clone(), rt.clone());
    let answers = executor
        .map(0..10_000_u32, async move |n| {
            let _alive = seen.enter();
            inner.yield_now().await;
            Ok::<_, String>(n)
        })
        .await;
    assert_eq!(answers.expect("all succeed"), (0..10_000).collect::<Vec<_>>());
    assert!((2..=64).contains(&census.most()), "{} at once", census.most());
    assert_eq!(census.now(), 0);
}
