//! Queues: items from tasks to tasks, through a queue of 128 places, and by priority.

mod channels;
mod priority;

use std::ops::Range;
use std::thread;
use std::time::Instant;

use futures::executor::block_on;

use self::channels::{AsyncChannel, Channel, Flume, Kanal, Ours, TokioMpsc};
use super::Hosts;
use crate::harness::Aim::{Open, Wish};
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome, Side, Unit, timed_on};
use crate::host::{Host, TokioHost};

const GROUP: &str = "queue";

/// Items a run.
const ITEMS: u64 = 100_000;

/// Places in the queue.
const PLACES: usize = 128;

/// Tasks at either end, where there is more than one.
const MANY: usize = 4;

pub(super) fn contests(hosts: &Hosts) -> Vec<Contest> {
    let mut contests: Vec<_> = hosts.tokio.iter().map(spsc).collect();
    contests.push(threads());
    contests.extend(hosts.tokio.iter().map(mpmc));
    contests.extend(priority::contests(&hosts.tokio[0]));
    contests
}

/// One task puts, one gets.
fn spsc(host: &TokioHost) -> Contest {
    Contest::new(GROUP, format!("queue-spsc/{}", host.name()))
        .items(ITEMS)
        .ours(one_to_one::<Ours>(host))
        .peer("tokio mpsc", Wish(Ratio(0.6)), one_to_one::<TokioMpsc>(host))
        .peer("async-channel", Wish(Ratio(1.0)), one_to_one::<AsyncChannel>(host))
        .peer("flume", Open, one_to_one::<Flume>(host))
        .peer("kanal", Open, one_to_one::<Kanal>(host))
}

/// The same on two threads without a runtime: each parks when it has to wait.
fn threads() -> Contest {
    Contest::new(GROUP, "queue-spsc/threads")
        .items(ITEMS)
        .ours(thread_to_thread::<Ours>())
        .peer("tokio mpsc", Wish(Ratio(0.6)), thread_to_thread::<TokioMpsc>())
        .peer("async-channel", Wish(Ratio(1.0)), thread_to_thread::<AsyncChannel>())
        .peer("flume", Open, thread_to_thread::<Flume>())
        .peer("kanal", Open, thread_to_thread::<Kanal>())
}

/// Four tasks put, four get. (Tokio has no such channel.)
fn mpmc(host: &TokioHost) -> Contest {
    Contest::new(GROUP, format!("queue-mpmc/{}", host.name()))
        .items(ITEMS)
        .ours(many_to_many::<Ours>(host))
        .peer("async-channel", Wish(Ratio(1.0)), many_to_many::<AsyncChannel>(host))
        .peer("flume", Open, many_to_many::<Flume>(host))
        .peer("kanal", Open, many_to_many::<Kanal>(host))
}

fn one_to_one<C: Channel>(host: &TokioHost) -> Side {
    timed_on(host, |items| async move {
        let (sender, receiver) = C::bounded(PLACES)?;
        let received = tokio::spawn(receive::<C>(receiver));
        let sending = tokio::spawn(send::<C>(sender.clone(), 0..items));
        sending.await??;
        C::finish(sender);
        complete([received.await?], items)
    })
}

fn many_to_many<C: Channel<Receiver: Clone>>(host: &TokioHost) -> Side {
    timed_on(host, |items| async move {
        let (sender, receiver) = C::bounded(PLACES)?;
        let receiving = [(); MANY].map(|()| tokio::spawn(receive::<C>(receiver.clone())));
        let sending = quarters(items).map(|part| tokio::spawn(send::<C>(sender.clone(), part)));
        for sender in sending {
            sender.await??;
        }
        C::finish(sender);
        let mut received = Vec::new();
        for receiver in receiving {
            received.push(receiver.await?);
        }
        complete(received, items)
    })
}

fn thread_to_thread<C: Channel>() -> Side {
    Side::new(Unit::Nanos, |items| {
        let (sender, receiver) = C::bounded(PLACES)?;
        let start = Instant::now();
        let received = thread::spawn(|| block_on(receive::<C>(receiver)));
        block_on(send::<C>(sender.clone(), 0..items))?;
        C::finish(sender);
        let received = received.join().map_err(|_| "the receiving thread panicked")?;
        let elapsed = start.elapsed().as_nanos() as f64;
        complete([received], items)?;
        Ok(elapsed)
    })
}

async fn send<C: Channel>(mut sender: C::Sender, items: Range<u64>) -> Outcome {
    for item in items {
        C::send(&mut sender, item).await?;
    }
    Ok(())
}

fn quarters(items: u64) -> [Range<u64>; MANY] {
    [0..items / 4, items / 4..items / 2, items / 2..items / 4 * 3, items / 4 * 3..items]
}

/// How many items came, and their sum.
async fn receive<C: Channel>(mut receiver: C::Receiver) -> (u64, u64) {
    let (mut count, mut sum) = (0, 0);
    while let Some(item) = C::receive(&mut receiver).await {
        count += 1;
        sum += item;
    }
    (count, sum)
}

/// Refuses a run that lost items, or made more of them.
fn complete(received: impl IntoIterator<Item = (u64, u64)>, items: u64) -> Outcome {
    let (count, sum) = received
        .into_iter()
        .fold((0, 0), |(count, sum), received| (count + received.0, sum + received.1));
    if (count, sum) == (items, items * (items - 1) / 2) {
        Ok(())
    } else {
        Err(format!("{count} of {items} items, with a sum of {sum}").into())
    }
}
