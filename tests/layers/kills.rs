//! One node of three is lost at any point: no write that was acknowledged goes with it, nobody gets
//! an error, and it is brought up to date when it is back.

use mtaio::cache::{CacheNode, DistributedCache, Link};
use mtaio::{Runtime, RuntimeExt};
use mtaio_sim::{Explore, Faults, Schedule, Sim};

use crate::common::{WORKER, done_or_dropped, ms, survives};
use crate::{Node, alone, below, over, three};

type Cache = DistributedCache<u32, u64, Sim>;

fn cache(rt: &Sim, nodes: &[Node<Sim>]) -> Cache {
    over(nodes, 3).build_with_runtime(rt).expect("it makes sense")
}

/// Writes and reads two keys in turn, and what they have in the end.
async fn work(cache: &Cache) -> [u64; 2] {
    let mut last = [0; 2];
    for number in 1..=6_u64 {
        let key = (number % 2) as u32;
        cache.insert(&key, &number).await.expect("two of three are there");
        last[key as usize] = number;
        let read = cache.get(&key).await.expect("two of three are there");
        assert_eq!(read, Some(number), "it was acknowledged");
    }
    last
}

#[test]
fn one_is_lost_at_any_point() {
    for link in [Link::Down, Link::Silent] {
        // Twelve calls of at most two steps a node: at the last of these it is never lost.
        for step in 0..25 {
            let explore = Explore::new().seeds(0..3).policy(Schedule::Random);
            Sim::explore(explore, |rt| async move {
                let nodes = three(&rt, ms(10));
                let lost = below(&rt, 3);
                nodes[lost].cut_after(step, link);
                let cache = cache(&rt, &nodes);
                let last = work(&cache).await;
                cache.settled().await;

                // Back, with what it had or with nothing; and another one goes.
                nodes[lost].set_link(Link::Up);
                if below(&rt, 2) == 0 {
                    nodes[lost].node().clear(b"").await.expect("it answers");
                }
                rt.sleep(ms(6_000)).await;
                for (key, value) in [0, 1].into_iter().zip(last) {
                    // Those that are read are repaired; each pair of nodes is read in its turn.
                    for (away, node) in nodes.iter().enumerate() {
                        node.set_link(Link::Down);
                        let read = cache.get(&key).await.expect("two of three are there");
                        assert_eq!(read, Some(value), "without {away}");
                        cache.settled().await;
                        node.set_link(Link::Up);
                        rt.sleep(ms(6_000)).await;
                    }
                }
                for node in 0..3 {
                    let own = alone(&rt, &nodes, node);
                    for (key, value) in [0, 1].into_iter().zip(last) {
                        assert_eq!(own.get(&key).await.ok(), Some(Some(value)), "at {node}");
                    }
                }
            });
        }
    }
}

#[test]
fn two_are_lost() {
    Sim::explore(Explore::new().seeds(0..30), |rt| async move {
        let nodes = three(&rt, ms(10));
        let cache = cache(&rt, &nodes);
        cache.insert(&1, &10).await.expect("all are there");
        cache.settled().await;
        let (up, link) = (below(&rt, 3), [Link::Down, Link::Silent][below(&rt, 2)]);
        (0..3).filter(|node| *node != up).for_each(|node| nodes[node].set_link(link));

        let begun = rt.now();
        let error = cache.get(&1).await.expect_err("one is no quorum");
        assert!(error.to_string().starts_with("read of `mtaio:v1:1`: "), "{error}");
        assert!(mtaio::Retryable::is_retryable(&error));
        let error = cache.insert(&1, &11).await.expect_err("one is no quorum");
        assert!(error.to_string().starts_with("insertion of `mtaio:v1:1`: "), "{error}");
        let error = cache.remove(&2).await.expect_err("one is no quorum");
        assert!(error.to_string().starts_with("removal of `mtaio:v1:2`: "), "{error}");
        assert!(rt.now() - begun <= ms(4 * 100), "each within its timeouts");
        cache.settled().await;

        nodes.iter().for_each(|node| node.set_link(Link::Up));
        rt.sleep(ms(6_000)).await;
        // What was not acknowledged may be there, and what is read stays.
        let read = cache.get(&1).await.expect("all are there").expect("it is there");
        assert!(read == 10 || read == 11, "{read}");
        cache.settled().await;
        // What had failed before may still open their breakers, once each.
        for _ in 0..2 {
            rt.sleep(ms(6_000)).await;
            let _ = cache.insert(&1, &11).await;
            cache.settled().await;
        }
        rt.sleep(ms(6_000)).await;
        cache.insert(&1, &12).await.expect("all are there");
        assert_eq!(cache.get(&1).await.ok(), Some(Some(12)));
        cache.settled().await;
    });
}

#[test]
fn a_lost_node_costs_time_only_until_its_breaker_knows() {
    Sim::run(0, |rt| async move {
        let nodes = three(&rt, ms(0));
        let cache = cache(&rt, &nodes);
        cache.insert(&1, &10).await.expect("all are there");
        cache.settled().await;
        let first = cache.nodes_of(&1).expect("it has bytes")[0].to_owned();
        let lost = crate::NAMES.iter().position(|name| *name == first).expect("it is one of them");
        nodes[lost].set_link(Link::Silent);
        let mut times = Vec::new();
        for _ in 0..20 {
            let begun = rt.now();
            assert_eq!(cache.get(&1).await.ok(), Some(Some(10)));
            times.push(rt.now() - begun);
        }
        // Four timeouts, or five in the window: then it is not asked any more.
        let late = times.iter().filter(|time| **time >= ms(50)).count();
        assert!((1..=5).contains(&late), "{times:?}");
        assert!(times[late..].iter().all(|time| time.is_zero()), "{times:?}");
    });
}

#[test]
fn a_quorum_takes_no_longer_than_its_slowest() {
    Sim::run(0, |rt| async move {
        let nodes = three(&rt, ms(0));
        for node in &nodes {
            let faults = mtaio::cache::NodeFaults::new().latency(ms(7), ms(7));
            node.set_faults(faults).expect("it makes sense");
        }
        let cache = cache(&rt, &nodes);
        for _ in 0..10 {
            let begun = rt.now();
            cache.insert(&1, &10).await.expect("all are there");
            assert_eq!(rt.now() - begun, ms(7));
            let begun = rt.now();
            assert_eq!(cache.get(&1).await.ok(), Some(Some(10)));
            assert_eq!(rt.now() - begun, ms(7), "two nodes are asked at once");
            let begun = rt.now();
            assert_eq!(cache.get_many(&[1, 2, 1]).await.ok(), Some(vec![Some(10), None, Some(10)]));
            assert_eq!(rt.now() - begun, ms(7));
        }
        // Two of three for a read, and all of them for a write.
        cache.settled().await;
        let calls = nodes.iter().map(|node| node.stats().calls).sum::<u64>();
        assert_eq!(calls, 10 * (3 + 2) + calls_of_many(&cache));
    });
}

/// Each node is asked once for all of it that it is to be asked for: three keys at two nodes each.
fn calls_of_many(cache: &Cache) -> u64 {
    let nodes_of = |key: u32| cache.nodes_of(&key).expect("it has bytes")[..2].to_vec();
    let mut asked = [nodes_of(1), nodes_of(2)].concat();
    asked.sort_unstable();
    asked.dedup();
    10 * asked.len() as u64
}

/// Whatever becomes of the caller, a key has a value that somebody gave it.
#[test]
fn a_writer_that_is_dropped_tears_nothing() {
    survives(|rt| async move {
        let nodes = three(&rt, ms(3));
        let cache = cache(&rt, &nodes);
        cache.insert(&1, &1).await.expect("all are there");
        let writer = rt.spawn_named(WORKER, {
            let cache = cache.clone();
            async move {
                for number in 2..4 {
                    cache.insert(&1, &number).await.expect("all are there");
                    cache.insert(&2, &(10 * number)).await.expect("all are there");
                    assert_eq!(cache.get(&1).await.ok(), Some(Some(number)));
                }
            }
        });
        let reader = rt.spawn({
            let (rt, cache) = (rt.clone(), cache.clone());
            async move {
                for _ in 0..4 {
                    let read = cache.get(&1).await.expect("all are there").expect("it has one");
                    assert!((1..4).contains(&read), "{read}");
                    let other = cache.get(&2).await.expect("all are there");
                    assert!(other.is_none_or(|other| other == 20 || other == 30), "{other:?}");
                    rt.yield_now().await;
                }
            }
        });
        let is_done = done_or_dropped(writer.await).is_some();
        reader.await.expect("nobody drops it");
        if is_done {
            assert_eq!(cache.get(&1).await.ok(), Some(Some(3)));
            assert_eq!(cache.get(&2).await.ok(), Some(Some(30)));
        }
        cache.settled().await;
        let stats = cache.node_stats();
        assert!(stats.iter().all(|node| node.calls.in_use == 0), "{stats:?}");
    });
}

/// Clocks that are set, a node that errs or falls silent, several keys at once: who writes a key
/// alone reads what was acknowledged, or what came after it.
#[test]
fn acknowledged_writes_are_read() {
    const HARSH: Faults = Faults::new().late_timers(ms(3)).wall_clock_jumps(ms(60_000));
    let limited = || Explore::new().max_polls(200_000);
    for explore in [
        limited().seeds(0..60).faults(HARSH),
        limited().seeds(0..60).policy(Schedule::Pct(3)).faults(HARSH),
    ] {
        Sim::explore(explore, |rt| async move {
            let nodes = three(&rt, ms(8));
            let faulty = &nodes[below(&rt, 3)];
            let faults = mtaio::cache::NodeFaults::new().latency(ms(0), ms(8));
            let faults = faults.errors(0.2).lost_requests(0.1).lost_replies(0.2);
            faulty.set_faults(faults).expect("it makes sense");
            let cache = cache(&rt, &nodes);
            let writers: Vec<_> = (0..3)
                .map(|key| {
                    let (rt, cache) = (rt.clone(), cache.clone());
                    rt.clone().spawn(async move {
                        let mut acknowledged = None;
                        for number in 0..6 {
                            if below(&rt, 4) == 0 {
                                cache.remove(&key).await.expect("one is lost at the most");
                                acknowledged = None;
                            } else {
                                cache.insert(&key, &number).await.expect("one at the most");
                                acknowledged = Some(number);
                            }
                            let read = cache.get(&key).await.expect("one at the most");
                            assert_eq!(read, acknowledged, "key {key}");
                        }
                        (key, acknowledged)
                    })
                })
                .collect();
            let mut last = Vec::new();
            for writer in writers {
                last.push(writer.await.expect("nobody drops it"));
            }
            cache.settled().await;
            for (key, value) in last {
                assert_eq!(cache.get(&key).await.ok(), Some(value), "key {key}");
            }
            cache.settled().await;
        });
    }
}
