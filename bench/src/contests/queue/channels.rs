//! The queues that meet, behind one trait.

use std::future::Future;
use std::sync::Arc;

use mtaio::queue::Queue;

use crate::harness::Outcome;

/// A bounded channel of numbers.
pub(super) trait Channel: 'static {
    type Sender: Clone + Send + 'static;
    type Receiver: Send + 'static;

    fn bounded(places: usize) -> Outcome<(Self::Sender, Self::Receiver)>;

    fn send(sender: &mut Self::Sender, item: u64) -> impl Future<Output = Outcome> + Send;

    /// The next item; none when there won't be any.
    fn receive(receiver: &mut Self::Receiver) -> impl Future<Output = Option<u64>> + Send;

    /// Tells the receivers that `last`, whose clones have gone, was the last sender.
    fn finish(last: Self::Sender) {
        drop(last);
    }
}

pub(super) struct Ours;

impl Channel for Ours {
    type Sender = Arc<Queue<u64>>;
    type Receiver = Arc<Queue<u64>>;

    fn bounded(places: usize) -> Outcome<(Self::Sender, Self::Receiver)> {
        let queue = Arc::new(Queue::bounded(places)?);
        Ok((Arc::clone(&queue), queue))
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> Outcome {
        sender.put(item).await?;
        Ok(())
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.get().await.ok()
    }

    fn finish(last: Self::Sender) {
        last.close();
    }
}

pub(super) struct TokioMpsc;

impl Channel for TokioMpsc {
    type Sender = tokio::sync::mpsc::Sender<u64>;
    type Receiver = tokio::sync::mpsc::Receiver<u64>;

    fn bounded(places: usize) -> Outcome<(Self::Sender, Self::Receiver)> {
        Ok(tokio::sync::mpsc::channel(places))
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> Outcome {
        Ok(sender.send(item).await?)
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await
    }
}

pub(super) struct AsyncChannel;

impl Channel for AsyncChannel {
    type Sender = async_channel::Sender<u64>;
    type Receiver = async_channel::Receiver<u64>;

    fn bounded(places: usize) -> Outcome<(Self::Sender, Self::Receiver)> {
        Ok(async_channel::bounded(places))
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> Outcome {
        Ok(sender.send(item).await?)
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}

pub(super) struct Flume;

impl Channel for Flume {
    type Sender = flume::Sender<u64>;
    type Receiver = flume::Receiver<u64>;

    fn bounded(places: usize) -> Outcome<(Self::Sender, Self::Receiver)> {
        Ok(flume::bounded(places))
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> Outcome {
        Ok(sender.send_async(item).await?)
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv_async().await.ok()
    }
}

pub(super) struct Kanal;

impl Channel for Kanal {
    type Sender = kanal::AsyncSender<u64>;
    type Receiver = kanal::AsyncReceiver<u64>;

    fn bounded(places: usize) -> Outcome<(Self::Sender, Self::Receiver)> {
        Ok(kanal::bounded_async(places))
    }

    async fn send(sender: &mut Self::Sender, item: u64) -> Outcome {
        Ok(sender.send(item).await?)
    }

    async fn receive(receiver: &mut Self::Receiver) -> Option<u64> {
        receiver.recv().await.ok()
    }
}
