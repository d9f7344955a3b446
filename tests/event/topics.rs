//! Topics: who gets what, what is missed, and by whom.

use futures_util::StreamExt;
use mtaio::event::{PublishError, Topics};
use mtaio::queue::Overflow;
use mtaio::{Retryable, Runtime, RuntimeExt};

use crate::common::on_every_runtime;

on_every_runtime!(
    seeds = 30;
    each_gets_what_its_pattern_matches,
    one_that_stalls_does_not_hold_the_others_and_knows_what_it_missed,
    one_that_wants_it_to_wait_is_waited_for,
    what_is_retained_comes_first,
    batches_come_in_order,
    after_the_end,
);

async fn each_gets_what_its_pattern_matches<R: Runtime>(_rt: R) {
    let topics = Topics::new();
    let mut one = topics.subscribe("user.*", Overflow::Block(8)).unwrap();
    let mut any = topics.subscribe("user.#", Overflow::Block(8)).unwrap();
    assert!(topics.subscribe("user.*.#.x", Overflow::Block(8)).is_err());
    assert!(topics.subscribe("user", Overflow::Block(0)).is_err());
    assert_eq!(topics.stats().subscribers, 2);
    assert_eq!(topics.publish("user.login", 1).await.unwrap().taken, 2);
    assert_eq!(topics.publish("user.login.failed", 2).await.unwrap().taken, 1);
    assert_eq!(topics.publish("order", 3).await.unwrap().taken, 0);
    let mut failed = topics.topic(String::from("user.login.failed"));
    assert_eq!(failed.publish(4).await.unwrap().taken, 1);
    let late = topics.subscribe("#", Overflow::Latest).unwrap();
    assert_eq!(failed.publish(5).await.unwrap().taken, 2, "it knows who came");
    drop(late);
    assert_eq!(failed.try_publish(6).unwrap().taken, 1, "and who went");
    topics.close();
    let values = |messages: Vec<mtaio::event::Message<i32>>| {
        messages.into_iter().map(|m| (m.topic().len(), m.into_value())).collect::<Vec<_>>()
    };
    assert_eq!(values((&mut one).collect().await), [(10, 1)]);
    assert_eq!(values((&mut any).collect().await), [(10, 1), (17, 2), (17, 4), (17, 5), (17, 6)]);
    assert_eq!(one.pattern().as_str(), "user.*");
}

async fn one_that_stalls_does_not_hold_the_others_and_knows_what_it_missed<R: Runtime>(rt: R) {
    const MESSAGES: u64 = 200;
    for (overflow, missed, kept) in [
        (Overflow::DropOldest(16), MESSAGES - 16, MESSAGES - 16..MESSAGES),
        (Overflow::DropNewest(16), MESSAGES - 16, 0..16),
        (Overflow::Latest, MESSAGES - 1, MESSAGES - 1..MESSAGES),
        (Overflow::Error(16), MESSAGES - 16, 0..16),
    ] {
        let topics = Topics::new();
        let mut stalled = topics.subscribe("#", overflow).unwrap();
        let readers = [0; 7].map(|_| {
            let mut reader = topics.subscribe("t", Overflow::Block(4)).unwrap();
            rt.spawn(async move {
                let mut next = 0;
                while let Some(message) = reader.recv().await {
                    assert_eq!(*message, next);
                    next += 1;
                }
                assert_eq!(reader.stats().missed, 0);
                next
            })
        });
        for number in 0..MESSAGES {
            let delivery = topics.publish("t", number).await.unwrap();
            let has_room = number < u64::try_from(overflow.capacity()).unwrap();
            let refuses = matches!(overflow, Overflow::Error(_));
            let expected = match (has_room, refuses) {
                (true, _) => (8, 0, 0),
                (false, false) => (7, 1, 0),
                (false, true) => (7, 0, 1),
            };
            assert_eq!((delivery.taken, delivery.dropped, delivery.refused), expected);
        }
        topics.close();
        for reader in readers {
            assert_eq!(reader.await.expect("it reads to the end"), MESSAGES);
        }
        assert_eq!(stalled.stats().missed, missed, "{overflow:?}");
        for number in kept {
            assert_eq!(stalled.recv().await.map(mtaio::event::Message::into_value), Some(number));
        }
        assert!(stalled.recv().await.is_none());
    }
}

async fn one_that_wants_it_to_wait_is_waited_for<R: Runtime>(rt: R) {
    let topics = Topics::new();
    let mut slow = topics.subscribe("t", Overflow::Block(1)).unwrap();
    let mut quick = topics.subscribe("t", Overflow::Block(2)).unwrap();
    topics.publish("t", 1).await.unwrap();
    let refused = topics.try_publish("t", 2).unwrap_err();
    assert!(refused == PublishError::Full(2) && refused.is_retryable());
    let waiting = rt.spawn({
        let topics = topics.clone();
        async move { topics.publish("t", 2).await.unwrap().taken }
    });
    rt.yield_now().await;
    assert_eq!(quick.stats().waiting, 1, "all or nobody");
    assert_eq!(*slow.recv().await.unwrap(), 1);
    assert_eq!(waiting.await.expect("there is room"), 2);
    // Also if it is the only one.
    let alone = Topics::new();
    let mut only = alone.subscribe("t", Overflow::Block(1)).unwrap();
    assert_eq!(alone.try_publish("t", 1).unwrap().taken, 1);
    assert_eq!(alone.try_publish("t", 2), Err(PublishError::Full(2)));
    let waiting = rt.spawn({
        let mut topic = alone.topic("t");
        async move { topic.publish(3).await.unwrap().taken }
    });
    rt.yield_now().await;
    assert_eq!((*only.recv().await.unwrap(), *only.recv().await.unwrap()), (1, 3));
    assert_eq!((waiting.await.expect("there is room"), alone.stats().published), (1, 2));
    // One that goes is not waited for.
    let waiting = rt.spawn({
        let topics = topics.clone();
        async move { topics.publish("t", 3).await.map(|delivery| delivery.taken) }
    });
    assert_eq!(*quick.recv().await.unwrap(), 1);
    rt.yield_now().await;
    drop(slow);
    assert_eq!(waiting.await.expect("it ends"), Ok(1));
}

async fn what_is_retained_comes_first<R: Runtime>(_rt: R) {
    let topics = Topics::retaining(2);
    topics.publish_retained("lamp.b", "off").await.unwrap();
    topics.publish_retained("lamp.b", "on").await.unwrap();
    topics.publish_retained("lamp.a", "off").await.unwrap();
    let refused = topics.publish_retained("lamp.c", "on").await.unwrap_err();
    assert!(refused == PublishError::Retained("on") && !refused.is_retryable());
    assert_eq!(topics.stats().retained, 2);
    let mut lamps = topics.subscribe("lamp.*", Overflow::Block(1)).unwrap();
    topics.publish("lamp.c", "new").await.unwrap();
    assert_eq!(lamps.stats().waiting, 3);
    for expected in [("lamp.a", "off"), ("lamp.b", "on"), ("lamp.c", "new")] {
        let message = lamps.recv().await.unwrap();
        assert_eq!((message.topic(), *message), expected);
    }
    assert_eq!(topics.forget_retained("lamp.a"), Some("off"));
    assert_eq!((topics.forget_retained("lamp.a"), topics.stats().retained), (None, 1));
}

async fn batches_come_in_order<R: Runtime>(rt: R) {
    let topics = Topics::new();
    let mut small = topics.subscribe("t", Overflow::Block(2)).unwrap();
    let mut dropping = topics.subscribe("t", Overflow::DropNewest(3)).unwrap();
    assert_eq!(topics.publish_batch("t", vec![0, 1]).await.unwrap().taken, 2);
    let publishing = rt.spawn({
        let topics = topics.clone();
        async move { topics.publish_batch("t", vec![2, 3, 4, 5]).await.unwrap() }
    });
    for number in 0..6 {
        assert_eq!(*small.recv().await.unwrap(), number);
    }
    let delivery = publishing.await.expect("there is room");
    assert_eq!((delivery.taken, delivery.dropped), (1, 1));
    topics.close();
    assert_eq!(dropping.stats().missed, 3);
    for number in 0..3 {
        assert_eq!(*dropping.recv().await.unwrap(), number);
    }
    assert_eq!(topics.stats().published, 6);
}

async fn after_the_end<R: Runtime>(_rt: R) {
    let topics = Topics::retaining(1);
    let mut reader = topics.subscribe("#", Overflow::Block(4)).unwrap();
    topics.publish("t", 1).await.unwrap();
    topics.close();
    assert_eq!(topics.publish("t", 2).await, Err(PublishError::Closed(2)));
    assert_eq!(topics.try_publish("t", 2), Err(PublishError::Closed(2)));
    assert_eq!(topics.publish_retained("t", 2).await, Err(PublishError::Closed(2)));
    assert_eq!(topics.publish_batch("t", vec![2, 3]).await, Err(PublishError::Closed(vec![2, 3])));
    assert_eq!(*reader.recv().await.unwrap(), 1);
    assert!(reader.recv().await.is_none());
}
