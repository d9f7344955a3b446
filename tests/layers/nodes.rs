//! The node in the process, the one that fails on purpose, and what tells of changes.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::task::{Context, Wake, Waker};
use std::time::Duration;

use futures::{FutureExt as _, StreamExt as _};
use mtaio::cache::{
    CacheNode, FaultNode, Invalidation, Invalidations, Link, MemoryNode, NodeError, NodeFaults,
};
use mtaio::time::timeout;
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::common::{ms, on_every_runtime};

on_every_runtime!(seeds = 10; a_node_holds_bytes, clients_are_told_of_each_other);

async fn a_node_holds_bytes<R: Runtime>(rt: R) {
    let node = MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense");
    assert_eq!(node.get(b"").await.ok(), Some(None));
    node.insert(b"", b"", None).await.expect("it has room");
    node.insert(b"a:1", b"one", None).await.expect("it has room");
    node.insert(b"a:2", &[0, 255], Some(ms(20))).await.expect("it has room");
    node.insert(b"b:1", b"three", None).await.expect("it has room");
    let got = node.get_many(&[b"a:2", b"x", b"", b"a:1"]).await.expect("it answers");
    assert_eq!(got, [Some(vec![0, 255]), None, Some(vec![]), Some(b"one".to_vec())]);

    rt.sleep(ms(30)).await;
    assert_eq!(node.get(b"a:2").await.ok(), Some(None));
    assert_eq!(node.remove(b"a:2").await.ok(), Some(false));
    assert_eq!(node.remove(b"b:1").await.ok(), Some(true));
    node.insert(b"b:1", b"again", None).await.expect("it has room");
    node.insert(b"a:1", b"", Some(Duration::ZERO)).await.expect("it has room");
    assert_eq!(node.get(b"a:1").await.ok(), Some(None), "it has no time to live");

    node.insert(b"a:1", b"one", None).await.expect("it has room");
    node.clear(b"a:").await.expect("it answers");
    let left = node.get_many(&[b"a:1", b"b:1", b""]).await.expect("it answers");
    assert_eq!(left, [None, Some(b"again".to_vec()), Some(vec![])]);
    node.clear(b"").await.expect("it answers");
    assert_eq!(node.stats().len, 0);
    node.ping().await.expect("it answers");

    let put = async |expected: Option<&'static [u8]>, value: &'static [u8]| {
        node.insert_if(b"key", expected, value, Some(ms(1_000))).await.expect("it answers")
    };
    assert!(!put(Some(b"one"), b"two").await);
    assert!(put(None, b"one").await);
    assert!(!put(None, b"two").await);
    assert!(!put(Some(b"on"), b"two").await);
    assert!(put(Some(b"one"), b"two").await);
    assert_eq!(node.get(b"key").await.ok().flatten().as_deref(), Some(&b"two"[..]));
    rt.sleep(ms(1_001)).await;
    assert_eq!(node.get(b"key").await.ok(), Some(None), "it has the time to live that was given");

    let too_large = node.insert(b"key", &vec![0; 1 << 20], None).await;
    assert!(matches!(too_large, Err(NodeError::TooLarge { .. })));
}

/// Whose waker panics keeps nobody else from being told.
#[test]
fn a_listener_that_panics_hides_no_change() {
    struct Rude;

    impl Wake for Rude {
        fn wake(self: Arc<Self>) {
            panic!("on purpose");
        }
    }

    Sim::run(0, |rt| async move {
        let node = MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense");
        let mut rude = node.client().invalidations(10).expect("there is room");
        let mut other = node.client().invalidations(10).expect("there is room");
        let waker = Waker::from(Arc::new(Rude));
        assert!(rude.poll_next_unpin(&mut Context::from_waker(&waker)).is_pending());
        let insertion = AssertUnwindSafe(node.insert(b"ada", b"36", None)).catch_unwind();
        assert!(insertion.await.is_err(), "it is told");
        let changed = Invalidation::Key((*b"ada").into());
        assert_eq!(other.next().now_or_never(), Some(Some(changed.clone())));
        assert_eq!(rude.next().now_or_never(), Some(Some(changed)));
    });
}

async fn clients_are_told_of_each_other<R: Runtime>(rt: R) {
    let node = MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense");
    let other = node.client();
    let mut told = other.invalidations(10).expect("it makes sense");
    let same = other.clone();
    let mut next = move || told.next().now_or_never().flatten();
    let key = |key: &[u8]| Some(Invalidation::Key(key.into()));
    let mut back = node.invalidations(10).expect("it makes sense");

    same.insert(b"own", b"1", None).await.expect("it has room");
    same.remove(b"own").await.expect("it answers");
    same.clear(b"").await.expect("it answers");
    assert_eq!(next(), None, "what one changes oneself one knows");
    let heard = [(); 3].map(|()| back.next().now_or_never().flatten());
    assert_eq!(heard, [Some(Invalidation::All), None, None], "which says all that was before");
    node.insert(b"a", b"1", None).await.expect("it has room");
    node.remove(b"b").await.expect("it answers");
    assert!(node.insert_if(b"c", None, b"1", None).await.expect("it answers"));
    assert!(!node.insert_if(b"c", None, b"1", None).await.expect("it answers"));
    assert_eq!([next(), next(), next(), next()], [key(b"a"), key(b"b"), key(b"c"), None]);
    node.clear(b"a").await.expect("it answers");
    assert_eq!([next(), next()], [Some(Invalidation::All), None]);
}

#[test]
fn invalidations_are_bounded_and_end() {
    let (invalidator, mut told) = Invalidations::channel(3).expect("it makes sense");
    let mut next = move || told.next().now_or_never();
    for number in 0..4_u8 {
        invalidator.key([number]);
    }
    invalidator.key([9]);
    assert_eq!(next(), Some(Some(Invalidation::All)), "more than there was room for");
    assert_eq!(next(), Some(Some(Invalidation::Key([9].into()))));
    assert_eq!(next(), None);
    invalidator.key([1]);
    invalidator.all();
    invalidator.lost();
    assert_eq!(next(), Some(Some(Invalidation::All)));
    let clone = invalidator.clone();
    drop(invalidator);
    assert_eq!(next(), Some(Some(Invalidation::Lost)));
    assert_eq!(next(), None);
    drop(clone);
    assert_eq!(next(), Some(Some(Invalidation::Lost)), "nobody tells any more");
    assert_eq!([next(), next()], [Some(None), Some(None)]);
    drop(next);

    let (invalidator, told) = Invalidations::channel(3).expect("it makes sense");
    assert!(!invalidator.is_closed());
    drop(told);
    assert!(invalidator.is_closed());
    invalidator.key([1]);
}

#[test]
fn who_waits_for_an_invalidation_is_woken() {
    Sim::explore(Explore::new().seeds(0..50), |rt| async move {
        let (invalidator, told) = Invalidations::channel(8).expect("it makes sense");
        let reader = rt.spawn(told.count());
        let tellers = [0, 1].map(|teller: u8| {
            let (rt, invalidator) = (rt.clone(), invalidator.clone());
            rt.clone().spawn(async move {
                for number in 0..4 {
                    invalidator.key([teller, number]);
                    rt.yield_now().await;
                }
            })
        });
        drop(invalidator);
        for teller in tellers {
            teller.await.expect("nobody drops it");
        }
        assert_eq!(reader.await.expect("nobody drops it"), 9);
    });
}

#[test]
fn a_fault_is_as_often_as_said() {
    Sim::run(7, |rt| async move {
        let memory = MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense");
        let faults = NodeFaults::new().errors(0.2).lost_requests(0.1).lost_replies(0.1);
        let node = FaultNode::with_runtime(&rt, memory, faults).expect("it makes sense");
        let (mut errors, mut silent) = (0, 0);
        for number in 0..2_000_u32 {
            let key = number.to_be_bytes();
            match timeout(&rt, ms(1), node.insert(&key, b"1", None)).await {
                Ok(answer) => errors += u32::from(answer.is_err()),
                Err(_) => silent += 1,
            }
        }
        assert!((350..450).contains(&errors) && (350..450).contains(&silent), "{errors} {silent}");
        // Half of the errors and half of the silence came after it was done.
        let done = node.node().stats().insertions;
        assert!((1_530..1_670).contains(&done), "{done}");
        assert_eq!(node.stats().calls, 2_000);
        assert_eq!(node.stats().faults, u64::from(errors + silent));
    });
}

#[test]
fn a_link_is_cut_at_the_step_that_was_said() {
    Sim::run(0, |rt| async move {
        let cut = async |steps, link| {
            let memory = MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense");
            let node = FaultNode::with_runtime(&rt, memory, NodeFaults::new());
            let node = node.expect("it makes sense");
            node.cut_after(steps, link);
            let answer = timeout(&rt, ms(1), node.insert(b"key", b"1", None)).await;
            let is_there = node.node().get(b"key").await.expect("it answers").is_some();
            (answer.ok().map(|answer| answer.is_ok()), is_there)
        };
        assert_eq!(cut(0, Link::Down).await, (Some(false), false));
        assert_eq!(cut(1, Link::Down).await, (Some(false), true));
        assert_eq!(cut(2, Link::Down).await, (Some(true), true));
        assert_eq!(cut(0, Link::Silent).await, (None, false));
        assert_eq!(cut(1, Link::Silent).await, (None, true));
    });
}
