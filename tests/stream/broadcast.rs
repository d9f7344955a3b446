//! One stream for many readers.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures::{StreamExt as _, stream};
use mtaio::queue::Overflow;
use mtaio::stream::Broadcast;
use mtaio::{Runtime, RuntimeExt, StreamExt};
use mtaio_sim::{Explore, Sim};

use crate::common::{FAULTS, WORKER, block_on, ms, on_every_runtime, survives};
use crate::script::below;

async fn each_gets_everything_in_order<R: Runtime>(rt: R) {
    let clock = rt.clone();
    let source = stream::iter(0..200_u32).then(move |n| {
        let rt = clock.clone();
        async move {
            if n % 7 == 0 {
                rt.yield_now().await;
            }
            n
        }
    });
    let readers: Vec<_> = source
        .broadcast(5, Overflow::Block(8))
        .expect("settings")
        .into_iter()
        .enumerate()
        .map(|(number, copy)| {
            let clock = rt.clone();
            rt.spawn(async move {
                let read = copy.then(async |n: u32| {
                    if (n as usize).is_multiple_of(number + 2) {
                        clock.yield_now().await;
                    }
                    n
                });
                read.collect::<Vec<_>>().await
            })
        })
        .collect();
    for reader in readers {
        assert_eq!(reader.await.expect("it ends"), Vec::from_iter(0..200));
    }
}

on_every_runtime!(seeds = 20; each_gets_everything_in_order);

#[test]
fn a_stalled_reader_that_drops_holds_nobody_up_and_knows_what_it_missed() {
    for (overflow, kept) in [
        (Overflow::DropOldest(4), vec![96, 97, 98, 99]),
        (Overflow::DropNewest(4), vec![0, 1, 2, 3]),
        (Overflow::Latest, vec![99]),
    ] {
        let mut copies = stream::iter(0..100).broadcast(2, overflow).expect("settings");
        let (stalled, other) = (copies.remove(1), copies.remove(0));
        // Who reads misses nothing by what is read ahead.
        assert_eq!(block_on(other.collect::<Vec<_>>()), Vec::from_iter(0..100), "{overflow:?}");
        assert_eq!(stalled.stats().missed as usize, 100 - kept.len(), "{overflow:?}");
        assert_eq!(block_on(stalled.collect::<Vec<_>>()), kept, "{overflow:?}");
    }
}

#[test]
fn readers_that_come_and_go_lose_nothing_for_the_others() {
    let faulty = || Explore::new().seeds(0..200).faults(FAULTS);
    for explore in [Explore::new().seeds(0..300), faulty(), faulty().rescue_before_time()] {
        Sim::explore(explore, |rt| async move {
            let (count, room) = (1 + below(&rt, 30) as u32, 1 + below(&rt, 5) as usize);
            let copies = source(&rt, count).broadcast(3, Overflow::Block(room)).expect("settings");
            let leaves = below(&rt, 10) as usize;
            let readers: Vec<_> = copies
                .into_iter()
                .enumerate()
                .map(|(number, copy)| {
                    let most = if number == 0 { leaves } else { usize::MAX };
                    rt.spawn(read(rt.clone(), copy, most))
                })
                .collect();
            for (number, reader) in readers.into_iter().enumerate() {
                let read = reader.await.expect("it ends");
                let expected =
                    if number == 0 { leaves.min(count as usize) } else { count as usize };
                assert_eq!(read, Vec::from_iter(0..expected as u32));
            }
        });
    }
}

#[test]
fn a_reader_that_is_dropped_wherever_it_waits_leaves_the_others_all() {
    survives(|rt| async move {
        let copies = source(&rt, 12).broadcast(3, Overflow::Block(2)).expect("settings");
        let names = [WORKER, "second", "third"];
        let tasks: Vec<_> = copies
            .into_iter()
            .zip(names)
            .map(|(copy, name)| rt.spawn_named(name, read(rt.clone(), copy, usize::MAX)))
            .collect();
        for (number, task) in tasks.into_iter().enumerate() {
            let read = task.await;
            if number > 0 {
                assert_eq!(read.expect("it ends"), Vec::from_iter(0..12));
            }
        }
    });
}

fn source(rt: &Sim, count: u32) -> impl futures::Stream<Item = u32> + Send + use<> {
    let rt = rt.clone();
    stream::iter(0..count).then(move |n| {
        let rt = rt.clone();
        async move {
            match below(&rt, 4) {
                0 => rt.yield_now().await,
                1 => rt.sleep(ms(1)).await,
                _ => {}
            }
            n
        }
    })
}

async fn read<S>(rt: Sim, mut copy: Broadcast<S>, most: usize) -> Vec<u32>
where
    S: futures::Stream<Item = u32>,
{
    let mut read = Vec::new();
    while read.len() < most
        && let Some(n) = copy.next().await
    {
        read.push(n);
        if below(&rt, 3) == 0 {
            rt.yield_now().await;
        }
    }
    read
}

#[test]
fn a_source_that_panics_ends_the_others_after_what_came_before() {
    let source = stream::iter(0..3).inspect(|n| assert!(*n < 2, "no more"));
    let mut copies = source.broadcast(2, Overflow::Block(4)).expect("settings");
    let (mut other, mut first) = (copies.remove(1), copies.remove(0));
    let panicked = catch_unwind(AssertUnwindSafe(|| block_on(first.next())));
    assert!(panicked.is_err());
    assert_eq!(block_on(other.by_ref().collect::<Vec<_>>()), [0, 1]);
    assert_eq!(block_on(first.collect::<Vec<_>>()), [0, 1]);
}

#[test]
fn the_source_is_read_as_far_as_there_is_room() {
    let read = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&read);
    let source = stream::repeat_with(move || count.fetch_add(1, Ordering::SeqCst));
    let mut copies = source.broadcast(2, Overflow::Block(10)).expect("settings");
    assert_eq!(block_on(copies[0].next()), Some(0));
    assert_eq!(read.load(Ordering::SeqCst), 10);
    assert_eq!(copies[1].stats().waiting, 10);
}

/// On real threads: between the look whether there is room and the reading of the source another
/// may have filled it.
#[test]
fn readers_that_meet_at_the_source_lose_nothing() {
    const ITEMS: u32 = 30_000;
    let copies = stream::iter(0..ITEMS).broadcast(3, Overflow::Block(1)).expect("room for one");
    let expected: Vec<_> = (0..ITEMS).collect();
    std::thread::scope(|scope| {
        let readers: Vec<_> = copies
            .into_iter()
            .map(|copy| scope.spawn(|| block_on(copy.collect::<Vec<_>>())))
            .collect();
        for reader in readers {
            assert!(reader.join().expect("it reads to the end") == expected, "some were lost");
        }
    });
}
