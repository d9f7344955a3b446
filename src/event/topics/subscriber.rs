use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::super::pattern::Pattern;
use super::Hub;
use super::message::Message;
use crate::queue::{Tap, TapStats, lock};

/// Reads what is published to the topics of its pattern, until it is dropped. A stream, too.
///
/// What it has not read goes with it, and nobody waits for it any more.
///
/// # Examples
///
/// ```
/// use futures_util::StreamExt;
/// use mtaio::event::Topics;
/// use mtaio::queue::Overflow;
///
/// # mtaio_sim::Sim::run(0, |_rt| async move {
/// let topics = Topics::new();
/// let newest = topics.subscribe("user.*", Overflow::DropOldest(2))?;
/// for user in ["ada", "bob", "cyd"] {
///     topics.publish("user.login", user).await?;
/// }
/// topics.close();
/// assert_eq!((newest.stats().waiting, newest.stats().missed), (2, 1));
/// let users: Vec<_> = newest.map(|message| message.into_value()).collect().await;
/// assert_eq!(users, ["bob", "cyd"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
#[must_use = "dropping it ends the subscription"]
pub struct Subscriber<T> {
    pub(super) tap: Tap<Message<T>>,
    pub(super) hub: Arc<Hub<T>>,
    pub(super) pattern: Pattern,
    /// What was retained when it came, the first last.
    pub(super) retained: Vec<Arc<Message<T>>>,
}

/// A subscriber at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct SubscriberStats {
    /// The messages that wait to be read.
    pub waiting: usize,
    /// The messages that it missed, as there was no room for them.
    pub missed: u64,
}

impl<T: Clone> Subscriber<T> {
    /// The next message; none when the topics are closed and all has been read.
    ///
    /// # Cancel safety
    ///
    /// A message is taken only when the future is done.
    #[inline]
    pub fn recv(&mut self) -> impl Future<Output = Option<Message<T>>> {
        poll_fn(|cx| self.poll_recv(cx))
    }

    #[inline]
    fn poll_recv(&mut self, cx: &mut Context<'_>) -> Poll<Option<Message<T>>> {
        if let Some(kept) = self.retained.pop() {
            return Poll::Ready(Some((*kept).clone()));
        }
        self.tap.poll_next(cx)
    }

    /// What it subscribes to.
    pub const fn pattern(&self) -> &Pattern {
        &self.pattern
    }

    /// What it looks like now.
    pub fn stats(&self) -> SubscriberStats {
        let TapStats { waiting, missed } = self.tap.stats();
        SubscriberStats { waiting: waiting + self.retained.len(), missed }
    }
}

impl<T: Clone> Stream for Subscriber<T> {
    type Item = Message<T>;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Message<T>>> {
        self.get_mut().poll_recv(cx)
    }
}

// Nothing in it is pinned.
impl<T> Unpin for Subscriber<T> {}

impl<T> Drop for Subscriber<T> {
    fn drop(&mut self) {
        let key = self.tap.key();
        let mut table = lock(&self.hub.table);
        table.patterns.remove(&self.pattern, |other| *other == key);
        self.hub.changes.fetch_add(1, Ordering::Release);
    }
}

impl<T> fmt::Debug for Subscriber<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Subscriber").field("pattern", &self.pattern).finish_non_exhaustive()
    }
}
