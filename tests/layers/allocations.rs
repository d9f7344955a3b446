//! What the process has costs no allocation.

use std::pin::pin;
use std::task::Poll;

use allocation_counter::measure;
use mtaio::cache::LayeredCache;
use mtaio_sim::Sim;

use crate::common::{Wakes, ms, poll_with};
use crate::{over, three};

#[test]
fn a_near_hit_allocates_nothing() {
    Sim::run(0, |rt| async move {
        let nodes = three(&rt, ms(0));
        let remote = over(&nodes, 1).build_with_runtime(&rt).expect("it makes sense");
        let told = nodes[0].node().client().invalidations(10).expect("it makes sense");
        let cache = LayeredCache::builder(&remote).invalidations(told).build();
        let cache = cache.expect("it makes sense");
        cache.insert(&1, &10).await.expect("all are there");
        let wakes = Wakes::new();
        let counted = measure(|| {
            for _ in 0..100 {
                let read = poll_with(pin!(cache.get(&1)), &wakes);
                assert!(matches!(read, Poll::Ready(Ok(Some(10)))));
            }
        });
        assert_eq!(counted.count_total, 0);
    });
}
