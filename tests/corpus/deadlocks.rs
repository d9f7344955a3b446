//! Each waits for another, in a circle, and none is wrong about it.

use std::sync::Arc;

use mtaio::{Runtime, RuntimeExt};
use tokio::sync::{Mutex, Semaphore, mpsc, oneshot};

use crate::blocks::{Code, Locked, Number, elsewhere};

/// Two transfers lock the two accounts, each in its own order.
pub async fn transfers_lock_in_their_own_order<R: Runtime>(rt: R, code: Code) {
    type Account = Arc<Mutex<i64>>;

    async fn transfer<R: Runtime>(rt: R, from: Account, to: Account, reversed: bool) {
        let (first, second) = if reversed { (&to, &from) } else { (&from, &to) };
        let first = first.lock().await;
        elsewhere(&rt).await;
        let second = second.lock().await;
        let (mut from, mut to) = if reversed { (second, first) } else { (first, second) };
        *from -= 10;
        *to += 10;
    }

    let [alice, bob] = [100, 100].map(|balance| Arc::new(Mutex::new(balance)));
    let there = transfer(rt.clone(), alice.clone(), bob.clone(), false);
    let back = transfer(rt.clone(), bob.clone(), alice.clone(), code.is_fixed());
    let there = rt.spawn_named("alice to bob", there);
    let back = rt.spawn_named("bob to alice", back);
    there.await.unwrap();
    back.await.unwrap();
    assert_eq!((*alice.lock().await, *bob.lock().await), (100, 100));
}

/// A method that holds the lock calls one that takes it.
pub async fn a_rename_waits_for_itself<R: Runtime>(rt: R, code: Code) {
    struct Registry {
        names: Mutex<Vec<String>>,
        code: Code,
    }

    impl Registry {
        async fn contains(&self, name: &str) -> bool {
            self.names.lock().await.iter().any(|taken| taken == name)
        }

        async fn rename(&self, to: &str) -> bool {
            let mut names = self.names.lock().await;
            let taken = match self.code {
                Code::Buggy => self.contains(to).await,
                Code::Fixed => names.iter().any(|taken| taken == to),
            };
            if !taken {
                to.clone_into(&mut names[0]);
            }
            !taken
        }
    }

    let registry = Registry { names: Mutex::new(vec!["old".to_owned()]), code };
    let rename = rt.spawn_named("rename", async move { registry.rename("new").await });
    assert!(rename.await.unwrap());
}

/// The client sends all its requests before it reads the first reply, and both ways are bounded.
pub async fn two_bounded_channels_in_a_circle<R: Runtime>(rt: R, code: Code) {
    const REQUESTS: u32 = 6;

    async fn send_all(requests: mpsc::Sender<u32>) {
        for request in 0..REQUESTS {
            requests.send(request).await.unwrap();
        }
    }

    async fn read_all(mut replies: mpsc::Receiver<u32>) {
        for request in 0..REQUESTS {
            assert_eq!(replies.recv().await, Some(request * 2));
        }
    }

    let (requests, mut inbox) = mpsc::channel(2);
    let (outbox, replies) = mpsc::channel(1);
    let server = rt.spawn_named("server", async move {
        while let Some(request) = inbox.recv().await {
            outbox.send(request * 2).await.unwrap();
        }
    });
    let client = rt.spawn_named("client", async move {
        if code.is_fixed() {
            futures_util::future::join(send_all(requests), read_all(replies)).await;
        } else {
            send_all(requests).await;
            read_all(replies).await;
        }
    });
    client.await.unwrap();
    server.await.unwrap();
}

/// A shutdown waits for workers that wait for the queue's end, and keeps a sender of it.
pub async fn a_shutdown_keeps_a_sender<R: Runtime>(rt: R, code: Code) {
    let (jobs, queue) = mpsc::channel(4);
    let queue = Arc::new(Mutex::new(queue));
    let workers = [1, 2].map(|_| {
        let queue = Arc::clone(&queue);
        rt.spawn_named("worker", async move {
            let mut done = 0;
            while let Some(job) = queue.lock().await.recv().await {
                done += job;
            }
            done
        })
    });
    for job in 1..=3_u32 {
        jobs.send(job).await.unwrap();
    }
    let metrics = jobs.clone();
    drop(jobs);
    if code.is_fixed() {
        drop(metrics);
    }
    let mut done = 0;
    for worker in workers {
        done += worker.await.unwrap();
    }
    assert_eq!(done, 6);
}

/// A job holds its permit while it runs a part of itself, which needs a permit of the same two.
pub async fn a_job_needs_a_second_permit<R: Runtime>(rt: R, code: Code) {
    async fn job<R: Runtime>(rt: R, permits: Arc<Semaphore>, code: Code) {
        let outer = permits.acquire().await.unwrap();
        elsewhere(&rt).await;
        if code.is_fixed() {
            drop(outer);
            let _inner = permits.acquire().await.unwrap();
            elsewhere(&rt).await;
        } else {
            let _inner = permits.acquire().await.unwrap();
            elsewhere(&rt).await;
        }
    }

    let permits = Arc::new(Semaphore::new(2));
    let jobs = [1, 2, 3].map(|_| rt.spawn_named("job", job(rt.clone(), permits.clone(), code)));
    for job in jobs {
        job.await.unwrap();
    }
    assert_eq!(permits.available_permits(), 2);
}

/// A group is told to stop while one more joins it: whoever was there is told, the newcomer is not,
/// and is waited for.
pub async fn a_newcomer_misses_the_shutdown<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Group {
        is_over: Number,
        stops: Locked<Vec<oneshot::Sender<()>>>,
    }

    async fn join<R: Runtime>(rt: R, group: Arc<Group>, code: Code) {
        if group.is_over.get() > 0 {
            return;
        }
        elsewhere(&rt).await;
        let (stop, stopped) = oneshot::channel();
        group.stops.lock().push(stop);
        if code.is_fixed() && group.is_over.get() > 0 {
            return;
        }
        drop(stopped.await);
    }

    let group = Arc::new(Group::default());
    let members =
        [1, 2].map(|_| rt.spawn_named("member", join(rt.clone(), Arc::clone(&group), code)));
    let owner = rt.spawn_named("owner", async move {
        group.is_over.count();
        for stop in std::mem::take(&mut *group.stops.lock()) {
            let _ = stop.send(());
        }
    });
    owner.await.unwrap();
    for member in members {
        member.await.unwrap();
    }
}
