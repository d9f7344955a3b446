//! Three extension traits at once: none of them hides the methods of another.

use futures::StreamExt as _;
use futures::stream;
use mtaio::StreamExt as _;
use mtaio_sim::Sim;
use tokio_stream::StreamExt as _;

use crate::common::ms;

#[test]
fn three_extension_traits_live_beside_each_other() {
    Sim::run(0, |rt| async move {
        let numbers = || stream::iter(0..6_u32);
        // One that only futures has, one that only tokio has, and all of ours.
        assert_eq!(numbers().chunks(2).count().await, 3);
        assert_eq!(numbers().map_while(|n| (n < 2).then_some(n)).chunks(9).count().await, 1);

        let windows = numbers().window(2, 2).expect("sizes").with_tail();
        assert_eq!(windows.count().await, 3);
        assert_eq!(numbers().batch(4).expect("a size").count().await, 2);
        assert_eq!(numbers().distinct(3).expect("a size").count().await, 6);
        assert_eq!(numbers().distinct_by(3, |n| n / 3).expect("a size").count().await, 2);
        let called = numbers().map_async(2, async |n| n).expect("a limit");
        assert_eq!(called.count().await, 6);
        let timed = numbers().timed(&rt).batch_within(6, ms(1)).expect("settings");
        assert_eq!(timed.count().await, 1);
        let mut copies = numbers().broadcast(1, mtaio::queue::Overflow::Block(1)).expect("one");
        assert_eq!(copies.remove(0).count().await, 6);
        let reported = numbers().progress(2, |_| ()).expect("a number");
        assert_eq!(reported.count().await, 6);
        let groups = numbers().group_by(|n| n % 2, 3).expect("a capacity");
        assert_eq!(futures::StreamExt::collect::<Vec<_>>(groups).await.len(), 2);
    });
}
