//! The three queues as one thing, for tests of what is the same in them.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use mtaio::queue::{
    Closed, LifoQueue, PriorityQueue, PutError, Queue, QueueStats, TaskDoneError, TryGetError,
};

pub type BoxFuture<T> = Pin<Box<dyn Future<Output = T> + Send>>;

/// A priority, and what it is.
pub type Item = (u8, u64);

/// A queue, of which each clone is the same one.
pub trait Subject: Clone + Send + Sync + 'static {
    fn bounded(capacity: usize) -> Self;
    fn put(&self, item: Item) -> BoxFuture<Result<(), PutError<Item>>>;
    fn try_put(&self, item: Item) -> Result<(), PutError<Item>>;
    fn get(&self) -> BoxFuture<Result<Item, Closed>>;
    fn try_get(&self) -> Result<Item, TryGetError>;
    fn get_batch(&self, max: usize) -> BoxFuture<Result<Vec<Item>, Closed>>;
    fn try_get_batch(&self, max: usize) -> Vec<Item>;
    fn join(&self) -> BoxFuture<()>;
    fn task_done(&self) -> Result<(), TaskDoneError>;
    fn close(&self);
    fn is_full(&self) -> bool;
    fn stats(&self) -> QueueStats;

    /// Which of `items`, of which there are some in the order in which they were put, is next.
    fn next(items: &[Item]) -> usize;
}

macro_rules! subject {
    ($subject:ty, |$queue:ident, $item:ident| $put:expr, $try_put:expr, |$items:ident| $next:expr) => {
        impl Subject for Arc<$subject> {
            fn bounded(capacity: usize) -> Self {
                Arc::new(<$subject>::bounded(capacity).expect("a capacity"))
            }

            fn put(&self, $item: Item) -> BoxFuture<Result<(), PutError<Item>>> {
                let $queue = Self::clone(self);
                Box::pin(async move { $put.await.map(drop) })
            }

            fn try_put(&self, $item: Item) -> Result<(), PutError<Item>> {
                let $queue = &**self;
                $try_put.map(drop)
            }

            fn get(&self) -> BoxFuture<Result<Item, Closed>> {
                let queue = Self::clone(self);
                Box::pin(async move { (*queue).get().await })
            }

            fn try_get(&self) -> Result<Item, TryGetError> {
                (**self).try_get()
            }

            fn get_batch(&self, max: usize) -> BoxFuture<Result<Vec<Item>, Closed>> {
                let queue = Self::clone(self);
                Box::pin(async move { (*queue).get_batch(max).await })
            }

            fn try_get_batch(&self, max: usize) -> Vec<Item> {
                (**self).try_get_batch(max)
            }

            fn join(&self) -> BoxFuture<()> {
                let queue = Self::clone(self);
                Box::pin(async move { (*queue).join().await })
            }

            fn task_done(&self) -> Result<(), TaskDoneError> {
                (**self).task_done()
            }

            fn close(&self) {
                (**self).close();
            }

            fn is_full(&self) -> bool {
                (**self).is_full()
            }

            fn stats(&self) -> QueueStats {
                (**self).stats()
            }

            fn next($items: &[Item]) -> usize {
                $next
            }
        }
    };
}

subject!(Queue<Item>, |queue, item| (*queue).put(item), (*queue).try_put(item), |_items| 0);

subject!(LifoQueue<Item>, |queue, item| (*queue).put(item), (*queue).try_put(item), |items| {
    items.len() - 1
});

subject!(
    PriorityQueue<u8, u64>,
    |queue, item| (*queue).put(item.0, item.1),
    (*queue).try_put(item.0, item.1),
    |items| {
        let greatest = items.iter().map(|item| item.0).max();
        items.iter().position(|item| Some(item.0) == greatest).expect("there are some")
    }
);
