//! What was changed elsewhere is not answered after a barrier, whatever raced with what, and
//! whoever was cut off meanwhile.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use mtaio::cache::{CacheNode, DistributedCache, LayeredCache, MemoryNode};
use mtaio::policy::BreakerConfig;
use mtaio::{RuntimeExt, Task};
use mtaio_sim::{Explore, Faults, Schedule, Sim};

use crate::below;
use crate::common::{FAULTS, WORKER, ms, survives};
use crate::scripted::Connection;

type Remote = DistributedCache<u32, u64, Sim>;
type Layered = LayeredCache<u32, u64, Sim>;

const KEYS: u32 = 2;

/// Never opens: the connections here are cut often.
const NEVER: BreakerConfig = BreakerConfig::new().failure_rate(1.0).window(1_000).min_calls(1_000);

fn remote(rt: &Sim, node: impl CacheNode) -> Remote {
    let remote = DistributedCache::<u32, u64>::builder().node("ada", node).node_breaker(NEVER);
    remote.build_with_runtime(rt).expect("it makes sense")
}

/// One process: its connection, and its cache.
struct Process {
    connection: Connection,
    cache: Layered,
}

impl Process {
    fn new(rt: &Sim, engine: &MemoryNode<Sim>) -> Self {
        let (connection, told) = Connection::new(rt, engine);
        let cache = LayeredCache::builder(&remote(rt, connection.clone())).invalidations(told);
        let cache = cache.local_capacity(10).stale_on_error(ms(1)).build();
        Self { connection, cache: cache.expect("it makes sense") }
    }

    /// Does a few things at random. What fails, as the connection is cut, has failed.
    fn act(
        &self,
        rt: &Sim,
        numbers: &Arc<AtomicU64>,
        steps: usize,
        name: &'static str,
    ) -> Task<()> {
        let (rt, cache, numbers) = (rt.clone(), self.cache.clone(), Arc::clone(numbers));
        let connection = self.connection.clone();
        rt.clone().spawn_named(name, async move {
            for _ in 0..steps {
                let key = below(&rt, KEYS as usize) as u32;
                let number = numbers.fetch_add(1, Ordering::Relaxed);
                match below(&rt, 16) {
                    0..6 => drop(cache.get(&key).await),
                    6..8 => {
                        let load = async move || Ok::<_, ()>((number % 3 > 0).then_some(number));
                        drop(cache.get_or_load(&key, load).await);
                    }
                    8..12 => drop(cache.insert(&key, &number).await),
                    12 => drop(cache.remove(&key).await),
                    13 => drop(cache.clear().await),
                    14 => {
                        connection.cut();
                        rt.yield_now().await;
                        connection.mend();
                    }
                    _ => connection.deliver_some(),
                }
            }
        })
    }
}

/// Everybody has stopped, and each process hears what was told.
async fn barrier(rt: &Sim, engine: &MemoryNode<Sim>, processes: &[Process]) {
    let truth = remote(rt, engine.client());
    for process in processes {
        process.connection.mend();
        process.connection.ping().await.expect("nobody cuts it");
    }
    for process in processes {
        for key in 0..KEYS {
            let told = process.cache.get(&key).await.expect("nobody cuts it");
            let is = truth.get(&key).await.expect("it is there");
            assert_eq!(told, is, "key {key} is stale");
        }
    }
}

async fn race(rt: Sim) {
    let engine = MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense");
    let processes = [(); 2].map(|()| Process::new(&rt, &engine));
    let numbers = Arc::new(AtomicU64::new(1));
    for _ in 0..3 {
        let actors = processes
            .iter()
            .flat_map(|process| [WORKER, "other"].map(|name| process.act(&rt, &numbers, 4, name)));
        for actor in actors.collect::<Vec<_>>() {
            // It may have been dropped, wherever it was.
            drop(actor.await);
        }
        barrier(&rt, &engine, &processes).await;
    }
}

#[test]
fn nothing_is_stale_after_a_barrier() {
    const LATE: Faults = Faults::new().late_timers(ms(3));
    Sim::explore(Explore::new().seeds(0..1_000), race);
    Sim::explore(Explore::new().seeds(0..300).policy(Schedule::Pct(3)).faults(LATE), race);
    Sim::explore(Explore::new().seeds(0..300).faults(FAULTS), race);
}

#[test]
fn nothing_is_stale_where_a_call_is_dropped() {
    survives(race);
}

/// Several copies of each key: every node tells of what it is told.
#[test]
fn nothing_is_stale_over_several_nodes() {
    let explore = || Explore::new().seeds(0..200);
    for explore in [explore(), explore().policy(Schedule::Pct(3)).faults(FAULTS)] {
        Sim::explore(explore, |rt| async move {
            let engines =
                [(); 3].map(|()| MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense"));
            let process = || {
                let mut remote = DistributedCache::<u32, u64>::builder().replication(3);
                let mut told = Vec::new();
                for (engine, name) in engines.iter().zip(crate::NAMES) {
                    let client = engine.client();
                    told.push(client.invalidations(8).expect("it makes sense"));
                    remote = remote.node(name, client);
                }
                let remote = remote.build_with_runtime(&rt).expect("it makes sense");
                let builder = LayeredCache::builder(&remote);
                let builder =
                    told.into_iter().fold(builder, |builder, told| builder.invalidations(told));
                builder.build().expect("it makes sense")
            };
            let processes: [Layered; 3] = [process(), process(), process()];
            let actors = processes.iter().enumerate().map(|(number, cache)| {
                let (rt, cache) = (rt.clone(), cache.clone());
                rt.clone().spawn(async move {
                    for turn in 0..6 {
                        let value = 10 * turn + number as u64;
                        match below(&rt, 4) {
                            0 => cache.insert(&1, &value).await.expect("all are there"),
                            1 => cache.remove(&1).await.expect("all are there"),
                            _ => drop(cache.get(&1).await.expect("all are there")),
                        }
                        rt.yield_now().await;
                    }
                })
            });
            for actor in actors.collect::<Vec<_>>() {
                actor.await.expect("nobody drops it");
            }
            for cache in &processes {
                cache.remote().settled().await;
            }
            // One more write, which nothing races with: all have it.
            processes[0].insert(&1, &1_000).await.expect("all are there");
            processes[0].remote().settled().await;
            for cache in &processes {
                assert_eq!(cache.get(&1).await.ok(), Some(Some(1_000)));
                cache.remote().settled().await;
            }
        });
    }
}

/// The origin is changed, and then the key is removed: a load that had begun before must not leave
/// the old value anywhere.
#[test]
fn an_overtaken_load_leaves_nothing_behind() {
    survives(|rt| async move {
        let engine = MemoryNode::with_runtime(&rt, 1 << 20).expect("it makes sense");
        let processes = [(); 2].map(|()| Process::new(&rt, &engine));
        let origin = Arc::new(AtomicU64::new(1));
        let loaders: Vec<_> = processes
            .iter()
            .zip([WORKER, "loader"])
            .map(|(process, name)| {
                let (rt, origin, cache) = (rt.clone(), Arc::clone(&origin), process.cache.clone());
                rt.clone().spawn_named(name, async move {
                    for _ in 0..2 {
                        let load = || async {
                            let value = origin.load(Ordering::SeqCst);
                            rt.yield_now().await;
                            Ok::<_, ()>(Some(value))
                        };
                        cache.get_or_load(&1, load).await.expect("nobody cuts it");
                    }
                })
            })
            .collect();
        let changer = rt.spawn({
            let (rt, origin, cache) = (rt.clone(), Arc::clone(&origin), processes[0].cache.clone());
            async move {
                rt.yield_now().await;
                origin.store(2, Ordering::SeqCst);
                cache.remove(&1).await.expect("nobody cuts it");
            }
        });
        changer.await.expect("nobody drops it");
        for loader in loaders {
            drop(loader.await);
        }
        barrier(&rt, &engine, &processes).await;
        for process in &processes {
            let load = || async { Ok::<_, ()>(Some(2)) };
            let value = process.cache.get_or_load(&1, load).await.expect("nobody cuts it");
            assert_eq!(value, Some(2), "it was changed before it was removed");
        }
    });
}
