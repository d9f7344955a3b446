//! Everybody is busy, and nothing comes of it.

use std::sync::Arc;
use std::time::Duration;

use mtaio::{Instant, Runtime, RuntimeExt};
use tokio::sync::mpsc;

use crate::blocks::{Code, Number, elsewhere, ms};

/// A follower spins until there is a leader; the leader went home when it saw no follower.
pub async fn a_follower_spins_for_a_leader<R: Runtime>(rt: R, code: Code) {
    #[derive(Default)]
    struct Team {
        followers: Number,
        is_led: Number,
        is_over: Number,
    }

    async fn follow<R: Runtime>(rt: R, team: Arc<Team>) {
        team.followers.count();
        while team.is_led.get() == 0 && team.is_over.get() == 0 {
            rt.yield_now().await;
        }
    }

    let team = Arc::new(Team::default());
    let follower = rt.spawn_named("follower", follow(rt.clone(), Arc::clone(&team)));
    let leader = rt.spawn_named("leader", async move {
        if team.followers.get() > 0 {
            team.is_led.count();
        } else if code.is_fixed() {
            team.is_over.count();
        }
    });
    leader.await.unwrap();
    follower.await.unwrap();
}

/// A backoff that doubles, from zero: the service is asked again and again, and no time passes in
/// which it could come back.
pub async fn a_retry_waits_for_zero_time<R: Runtime>(rt: R, code: Code) {
    async fn call<R: Runtime>(rt: &R, is_back: Instant) -> Option<u32> {
        elsewhere(rt).await;
        (rt.now() >= is_back).then_some(1)
    }

    async fn retry<R: Runtime>(rt: R, is_back: Instant, mut delay: Duration) -> u32 {
        loop {
            if let Some(reply) = call(&rt, is_back).await {
                return reply;
            }
            rt.sleep(delay).await;
            delay *= 2;
        }
    }

    let (is_back, delay) = (rt.now() + ms(50), ms(u64::from(code.is_fixed())));
    let client = rt.spawn_named("client", retry(rt.clone(), is_back, delay));
    assert_eq!(client.await.unwrap(), 1);
}

/// Two mirrors tell each other of every change, also of those that they have from each other.
pub async fn two_mirrors_echo_each_other<R: Runtime>(rt: R, code: Code) {
    async fn mirror(
        mut changes: mpsc::UnboundedReceiver<u32>,
        other: mpsc::WeakUnboundedSender<u32>,
        code: Code,
    ) -> u32 {
        let mut value = 0;
        while let Some(change) = changes.recv().await {
            let is_new = std::mem::replace(&mut value, change) != change;
            if (is_new || !code.is_fixed())
                && let Some(other) = other.upgrade()
            {
                other.send(change).unwrap();
            }
        }
        value
    }

    let (to_first, first) = mpsc::unbounded_channel();
    let (to_second, second) = mpsc::unbounded_channel();
    let mirrors = [(first, to_second.downgrade()), (second, to_first.downgrade())]
        .map(|(changes, other)| rt.spawn_named("mirror", mirror(changes, other, code)));
    to_first.send(42).unwrap();
    rt.sleep(ms(10)).await;
    drop((to_first, to_second));
    for mirror in mirrors {
        assert_eq!(mirror.await.unwrap(), 42);
    }
}
