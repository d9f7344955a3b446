//! Clocks that differ: what was read is older than what is written after that, whatever they say.

use std::future::Future;
use std::time::{Duration, SystemTime};

use mtaio::cache::Link;
use mtaio::{Instant, Runtime, TaskName};
use mtaio_sim::Sim;

use crate::common::ms;
use crate::{over, three};

/// A runtime whose time of day is ahead.
#[derive(Clone)]
struct Ahead(Sim, Duration);

impl Runtime for Ahead {
    type Sleep = <Sim as Runtime>::Sleep;

    fn now(&self) -> Instant {
        self.0.now()
    }

    fn wall_clock(&self) -> SystemTime {
        self.0.wall_clock() + self.1
    }

    fn entropy(&self) -> u64 {
        self.0.entropy()
    }

    fn sleep_until(&self, deadline: Instant) -> Self::Sleep {
        self.0.sleep_until(deadline)
    }

    fn spawn_detached<F>(&self, name: TaskName, future: F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.0.spawn_detached(name, future);
    }

    fn spawn_blocking(&self, job: Box<dyn FnOnce() + Send>) {
        self.0.spawn_blocking(job);
    }
}

#[test]
fn who_has_read_a_value_writes_a_newer_one() {
    Sim::run(0, |rt| async move {
        for (has_read, expected) in [(true, 2), (false, 1)] {
            let nodes = three(&rt, ms(0));
            let ahead = Ahead(rt.clone(), Duration::from_secs(60));
            let ahead = over(&nodes, 3).build_with_runtime(&ahead).expect("it makes sense");
            let cache = over(&nodes, 3).build_with_runtime(&rt).expect("it makes sense");
            ahead.insert(&1, &1).await.expect("all are there");
            ahead.settled().await;
            if has_read {
                assert_eq!(cache.get(&1).await.ok(), Some(Some(1)));
            }
            // One of the first two does not hear of the second write, and is read then.
            let first = cache.nodes_of(&1).expect("it has bytes")[0].to_owned();
            let away = crate::NAMES.iter().position(|name| *name == first).expect("it is one");
            nodes[away].set_link(Link::Down);
            cache.insert(&1, &2).await.expect("two of three are there");
            cache.settled().await;
            nodes[away].set_link(Link::Up);
            // By the clocks alone the first write is the later one: that is what skew can do.
            assert_eq!(cache.get(&1).await.ok(), Some(Some(expected)), "read: {has_read}");
            cache.settled().await;
        }
    });
}
