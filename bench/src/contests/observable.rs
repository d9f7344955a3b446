//! Observables: a value is set, and seen by who watches it, in one task.

use eyeball::SharedObservable;
use mtaio::observable::Observable;

use super::Hosts;
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, Side, timed_on};
use crate::host::TokioHost;

const GROUP: &str = "observable";

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let host = &hosts.tokio[0];
    vec![
        Contest::new(GROUP, "observable-set-observe")
            .ours(ours(host))
            .peer("tokio watch", Wish(Ratio(0.25)), watch(host))
            .peer("eyeball", Open, eyeball(host)),
    ]
}

fn ours(host: &TokioHost) -> Side {
    timed_on(host, |times| async move {
        let value = Observable::new(0);
        let (mut watch, mut sum) = (value.watch(), 0);
        for number in 0..times {
            value.set(number);
            sum += *watch.changed().await.ok_or("final")?;
        }
        complete(sum, times)
    })
}

fn watch(host: &TokioHost) -> Side {
    timed_on(host, |times| async move {
        let (sender, mut receiver) = tokio::sync::watch::channel(0);
        let mut sum = 0;
        for number in 0..times {
            sender.send(number)?;
            receiver.changed().await?;
            sum += *receiver.borrow_and_update();
        }
        complete(sum, times)
    })
}

fn eyeball(host: &TokioHost) -> Side {
    timed_on(host, |times| async move {
        let value = SharedObservable::new(0);
        let (mut subscriber, mut sum) = (value.subscribe(), 0);
        for number in 0..times {
            value.set(number);
            sum += subscriber.next().await.ok_or("closed")?;
        }
        complete(sum, times)
    })
}

fn complete(sum: u64, times: u64) -> Outcome {
    if sum == times * (times.max(1) - 1) / 2 { Ok(()) } else { Err("not what was set".into()) }
}
