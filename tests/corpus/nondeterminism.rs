//! Chance and time that are not the runtime's: the same seed does not run the same program.

use std::collections::{BTreeMap, HashMap};
use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::thread;

use mtaio::{Runtime, RuntimeExt};

use crate::blocks::{Code, Locked, Number, Slot, ms};

/// Subscribers are told in the order of a map whose hasher is random.
pub async fn a_hash_map_decides_the_order<R: Runtime>(rt: R, code: Code) {
    async fn tell<R: Runtime>(rt: R, subscribers: Vec<(String, u64)>) {
        for (_, delay) in subscribers {
            rt.sleep(ms(delay)).await;
        }
    }

    let subscribers = (1..=12).map(|number| (format!("subscriber {number}"), number));
    let subscribers = if code.is_fixed() {
        subscribers.collect::<BTreeMap<_, _>>().into_iter().collect()
    } else {
        subscribers.collect::<HashMap<_, _>>().into_iter().collect()
    };
    let publisher = rt.spawn_named("publisher", tell(rt.clone(), subscribers));
    publisher.await.unwrap();
}

/// A number that the whole process counts picks the shard, and so how long a request takes.
pub async fn a_global_counter_picks_the_shard<R: Runtime>(rt: R, code: Code) {
    static NEXT_ID: AtomicU64 = AtomicU64::new(0);

    let own = Number::default();
    for _ in 0..3 {
        let id = if code.is_fixed() { own.count() } else { NEXT_ID.fetch_add(1, Ordering::SeqCst) };
        let sleep = rt.sleep(ms(1 + id % 7));
        rt.spawn_named("request", sleep).await.unwrap();
    }
}

/// A thread of the program's own does the work and wakes the task.
pub async fn a_foreign_thread_wakes_a_task<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Job {
        result: Locked<Option<u32>>,
        waiter: Slot,
    }

    impl Job {
        fn run(&self) {
            *self.result.lock() = Some(11);
            self.waiter.wake();
        }
    }

    async fn wait<R: Runtime>(rt: R, code: Code) -> u32 {
        let job = Arc::new(Job::default());
        let mut started = false;
        poll_fn(|cx| {
            if let Some(result) = *job.result.lock() {
                return Poll::Ready(result);
            }
            job.waiter.register(cx);
            if !std::mem::replace(&mut started, true) {
                let job = Arc::clone(&job);
                if code.is_fixed() {
                    rt.spawn_blocking(Box::new(move || job.run()));
                } else {
                    // It is quick, mostly: here, always.
                    thread::spawn(move || job.run()).join().unwrap();
                }
            }
            Poll::Pending
        })
        .await
    }

    let worker = rt.spawn_named("worker", wait(rt.clone(), code));
    assert_eq!(worker.await.unwrap(), 11);
}
