//! The scenario is over, and something of it is not.

use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;

use mtaio::{Runtime, RuntimeExt};
use tokio::sync::{mpsc, watch};

use crate::blocks::{Code, Locked, ms};

/// A session starts a heartbeat, and nothing ends it with the session.
pub async fn a_heartbeat_outlives_its_session<R: Runtime>(rt: R, code: Code) {
    let clock = rt.clone();
    let heartbeat = rt.spawn_named("heartbeat", async move {
        loop {
            clock.sleep(ms(7)).await;
        }
    });
    if code.is_fixed() {
        rt.sleep(ms(20)).await;
        drop(heartbeat);
    } else {
        heartbeat.detach();
        rt.sleep(ms(20)).await;
    }
}

/// A worker that may put jobs back keeps a sender of its own queue, which so never ends.
pub async fn a_worker_feeds_its_own_queue<R: Runtime>(rt: R, code: Code) {
    let (jobs, mut queue) = mpsc::unbounded_channel::<u32>();
    let again = if code.is_fixed() { Err(jobs.downgrade()) } else { Ok(jobs.clone()) };
    let worker = rt.spawn_named("worker", async move {
        while let Some(job) = queue.recv().await {
            let sender = match &again {
                Ok(jobs) => Some(jobs.clone()),
                Err(jobs) => jobs.upgrade(),
            };
            if let Some(jobs) = sender.filter(|_| job > 0) {
                jobs.send(job - 1).unwrap();
            }
        }
    });
    worker.detach();
    jobs.send(2).unwrap();
}

/// A session owns its idle timer and, by a callback, itself.
pub async fn a_timer_is_kept_by_a_cycle<R: Runtime>(rt: R, code: Code) {
    struct Session<R: Runtime> {
        idle: Locked<Pin<Box<R::Sleep>>>,
        on_idle: Locked<Option<Arc<Self>>>,
    }

    let session = Arc::new(Session::<R> {
        idle: Locked::new(Box::pin(rt.sleep(ms(500)))),
        on_idle: Locked::default(),
    });
    *session.on_idle.lock() = Some(Arc::clone(&session));
    let request = rt.sleep(ms(3));
    let task = rt.spawn_named("session", async move {
        let mut request = Box::pin(request);
        poll_fn(|cx| {
            if request.as_mut().poll(cx).is_ready() {
                return Poll::Ready(());
            }
            session.idle.lock().as_mut().poll(cx)
        })
        .await;
        if code.is_fixed() {
            session.on_idle.lock().take();
        }
    });
    task.await.unwrap();
}

/// A subscriber waits for the next version; a publisher that is kept alive never says that there is
/// none.
pub async fn a_subscriber_waits_for_a_silent_publisher<R: Runtime>(rt: R, code: Code) {
    let (publisher, mut versions) = watch::channel(0_u32);
    let publisher = Arc::new(publisher);
    let kept = (!code.is_fixed()).then(|| Arc::clone(&publisher));
    let subscriber = rt.spawn_named("subscriber", async move {
        let _to_publish_itself = kept;
        while versions.changed().await.is_ok() {}
    });
    subscriber.detach();
    publisher.send(1).unwrap();
    rt.sleep(ms(5)).await;
}
