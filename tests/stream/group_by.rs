//! One stream for each key.

use std::collections::HashMap;

use futures::{StreamExt as _, stream};
use mtaio::stream::Group;
use mtaio::{Runtime, RuntimeExt, StreamExt};

use crate::common::{block_on, on_every_runtime};

async fn each_key_has_its_items_in_order<R: Runtime>(rt: R) {
    let mut groups = stream::iter(0..60_u32).group_by(|n| n % 5, 2).expect("a capacity");
    let mut readers = Vec::new();
    while let Some(group) = groups.next().await {
        let clock = rt.clone();
        readers.push(rt.spawn(async move {
            let key = *group.key();
            let items: Vec<u32> = group
                .then(async |n| {
                    clock.yield_now().await;
                    n
                })
                .collect()
                .await;
            (key, items)
        }));
    }
    assert_eq!(readers.len(), 5);
    for reader in readers {
        let (key, items) = reader.await.expect("it ends");
        assert_eq!(items, (0..60).filter(|n| n % 5 == key).collect::<Vec<_>>());
    }
}

async fn a_full_group_holds_the_source_until_it_is_read_or_dropped<R: Runtime>(rt: R) {
    let source = stream::iter([1, 1, 1, 2, 1, 3]);
    let mut groups = source.group_by(|n| *n, 2).expect("a capacity");
    let mut ones = groups.next().await.expect("a group");
    // The third one waits; reading one makes room for it, and the twos come.
    let (twos, one) = futures::join!(groups.next(), ones.next());
    assert_eq!((twos.map(|twos| *twos.key()), one), (Some(2), Some(1)));
    assert_eq!(ones.waiting(), 2);
    let next = rt.spawn(async move { groups.next().await.map(|group| (*group.key(), groups)) });
    rt.yield_now().await;
    drop(ones);
    let (key, mut groups) = next.await.expect("it ends").expect("a group");
    assert_eq!(key, 1, "the key comes again, in a new group");
    assert_eq!(groups.next().await.map(|group| *group.key()), Some(3));
    assert!(groups.next().await.is_none());
}

on_every_runtime!(
    seeds = 20;
    each_key_has_its_items_in_order,
    a_full_group_holds_the_source_until_it_is_read_or_dropped,
);

#[test]
fn groups_end_with_what_groups_them() {
    let mut groups = stream::iter(0..4).group_by(|n| n % 2, 4).expect("a capacity");
    let even = block_on(groups.next()).expect("a group");
    let odd = block_on(groups.next()).expect("a group");
    drop(groups);
    assert_eq!(block_on(even.collect::<Vec<_>>()), [0]);
    assert_eq!(block_on(odd.collect::<Vec<_>>()), [1]);
}

#[test]
fn keys_that_nobody_holds_are_forgotten() {
    let mut groups = stream::iter(0..10_000_u32).group_by(|n| n / 2, 4).expect("a capacity");
    let mut items: HashMap<u32, usize> = HashMap::new();
    let mut last: Option<Group<u32, u32>> = None;
    while let Some(group) = block_on(groups.next()) {
        *items.entry(*group.key()).or_default() += 1;
        last = Some(group);
    }
    assert_eq!((items.len(), last.map(|group| group.waiting())), (5_000, Some(2)));
    assert!(format!("{groups:?}").contains("groups: 0"), "{groups:?}");
}
