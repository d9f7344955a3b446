//! Transforms and batches: what they hold back comes out, and stands for what went in.

use futures_util::{StreamExt as _, stream};
use mtaio::pipeline::{Batch, Emit, RunEnd, Transform, pipeline};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::assert_conserved;
use crate::common::{ms, on_every_runtime};

on_every_runtime!(seeds = 10; tails_come_out, weights_follow_what_is_emitted, faults_of_transforms);

/// Emits each item as often as it says, and the sum of all at the end.
#[derive(Clone, Default)]
struct Repeat {
    sum: u64,
}

impl Transform<u64> for Repeat {
    type Out = u64;
    type Err = String;

    async fn push(&mut self, n: u64, out: &mut Emit<u64>) -> Result<(), String> {
        match n {
            13 => return Err("unlucky".to_owned()),
            14 => panic!("14"),
            _ => {}
        }
        self.sum += n;
        out.extend((0..n).map(|_| n));
        Ok(())
    }

    async fn finish(&mut self, out: &mut Emit<u64>) -> Result<(), String> {
        if self.sum == 99 {
            return Err("99".to_owned());
        }
        out.emit(self.sum);
        Ok(())
    }
}

async fn tails_come_out<R: Runtime>(rt: R) {
    let repeat = pipeline::<String>().transform(Repeat::default()).build().expect("it is fine");
    for _ in 0..2 {
        let (out, report) = repeat.run(&rt, stream::iter([0, 2, 1])).collect().await;
        assert_eq!(out, [2, 2, 1, 3], "each run begins anew");
        assert_eq!((report.delivered, report.outputs), (3, 4));
        assert_conserved(&report);
    }
}

async fn weights_follow_what_is_emitted<R: Runtime>(rt: R) {
    // Of 0, 0, 2 the first 2 stands for all three; it is what the filter keeps out.
    let kept = |nth: u64| {
        let seen = std::sync::atomic::AtomicU64::new(0);
        move |_: &u64| seen.fetch_add(1, std::sync::atomic::Ordering::SeqCst) != nth
    };
    let first = pipeline::<String>().transform(Repeat::default()).filter(kept(0)).build();
    let report = first.expect("it is fine").run(&rt, stream::iter([0, 0, 2])).await;
    assert_eq!((report.filtered, report.delivered), (3, 0));
    let second = pipeline::<String>().transform(Repeat::default()).filter(kept(1)).build();
    let report = second.expect("it is fine").run(&rt, stream::iter([0, 0, 2])).await;
    assert_eq!((report.filtered, report.delivered), (0, 3));

    let fails = async |batch: Vec<u64>| {
        if batch.contains(&4) { Err("a 4".to_owned()) } else { Ok(batch.len()) }
    };
    let batches =
        pipeline::<String>().batch(Batch::size(3), fails).skip().build().expect("it is fine");
    let (out, report) = batches.run(&rt, stream::iter(0..8)).collect().await;
    assert_eq!((out, report.skipped, report.delivered), (vec![3, 2], 3, 5));
}

async fn faults_of_transforms<R: Runtime>(rt: R) {
    let skips =
        pipeline::<String>().transform(Repeat::default()).skip().build().expect("it is fine");
    let (out, report) = skips.run(&rt, stream::iter([1, 13, 14, 2])).collect().await;
    assert_eq!((out, report.skipped, report.end), (vec![1, 2, 2, 3], 2, RunEnd::Finished));
    assert_conserved(&report);

    let fails = pipeline::<String>().transform(Repeat::default()).build().expect("it is fine");
    let (out, report) = fails.run(&rt, stream::iter([1, 13, 2])).collect().await;
    assert_eq!((out, report.failed, report.end), (vec![1, 1], 1, RunEnd::Failed), "the tail too");
    let report = fails.run(&rt, stream::iter([99])).await;
    assert_conserved(&report);
    assert_eq!(report.into_result().expect_err("99").to_string(), "`Repeat`: 99");
}

#[test]
fn a_batch_goes_on_in_its_time() {
    Sim::explore(Explore::new().seeds(0..50), |rt| async move {
        let clock = rt.clone();
        // At 0, 4, 8, .. 36 ms, and then never again.
        let source = stream::iter(0..10_u64).then(move |n| {
            let clock = clock.clone();
            async move {
                if n > 0 {
                    clock.sleep(ms(4)).await;
                }
                n
            }
        });
        let pipeline = pipeline::<String>()
            .batch(Batch::size(100).within(ms(10)), async |batch: Vec<u64>| Ok::<_, String>(batch))
            .build()
            .expect("it is fine");
        let mut out = Vec::new();
        let begun = rt.now();
        let run = pipeline.run(&rt, source.chain(stream::pending())).within(ms(100));
        let report = run.for_each(async |batch| out.push((rt.now() - begun, batch))).await;
        let expected = [
            (ms(10), vec![0, 1, 2]),
            (ms(22), vec![3, 4, 5]),
            (ms(34), vec![6, 7, 8]),
            (ms(46), vec![9]),
        ];
        assert_eq!(out, expected);
        assert_conserved(&report);
    });
}
