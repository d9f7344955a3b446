use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures_util::Stream;

use super::mailbox::Mailbox;
use crate::config::ConfigError;

/// What was changed elsewhere: what was known of it holds no longer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Invalidation {
    /// This key, as the engine has it: with its prefix.
    Key(Arc<[u8]>),
    /// Every key: the engine was emptied, or so many keys changed that they are not told one by one.
    All,
    /// Nobody knows: the connection was lost, and with it what it would have told. Everything is to
    /// be asked for anew; what was known is good for no more than to be better than nothing.
    Lost,
}

/// What tells that keys were changed elsewhere, in the order in which they were: a stream, of which
/// a [`LayeredCache`](crate::cache::LayeredCache) takes any number.
///
/// Its other end is an [`Invalidator`], which an engine holds, or whatever else knows of changes. It
/// never holds more than its capacity: what would be more becomes one [`All`](Invalidation::All).
/// When the last `Invalidator` is gone it says [`Lost`](Invalidation::Lost), and ends.
///
/// # Cancel safety
///
/// An invalidation is taken only when it is handed out.
///
/// # Examples
///
/// ```
/// use mtaio::cache::{Invalidation, Invalidations};
/// # use futures::StreamExt as _;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let (invalidator, mut invalidations) = Invalidations::channel(2)?;
/// invalidator.key(*b"ada");
/// assert_eq!(invalidations.next().await, Some(Invalidation::Key((*b"ada").into())));
///
/// for key in [*b"ada", *b"bob", *b"eve"] {
///     invalidator.key(key);
/// }
/// drop(invalidator);
/// let left: Vec<_> = invalidations.collect().await;
/// assert_eq!(left, [Invalidation::All, Invalidation::Lost]);
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
#[must_use = "what nobody takes tells nobody"]
pub struct Invalidations(Arc<Mailbox>);

/// Tells an [`Invalidations`] of changes. Clones tell the same one; it never waits.
#[derive(Clone)]
pub struct Invalidator(Arc<End>);

/// Of all clones.
struct End(Arc<Mailbox>);

impl Invalidations {
    /// Both ends of one that holds at most `capacity` keys.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if `capacity` is zero.
    pub fn channel(capacity: usize) -> Result<(Invalidator, Self), ConfigError> {
        if capacity == 0 {
            return Err(ConfigError::new("capacity", "0", "1 or more"));
        }
        let mailbox = Arc::new(Mailbox::new(capacity));
        Ok((Invalidator(Arc::new(End(Arc::clone(&mailbox)))), Self(mailbox)))
    }

    /// What was told and not taken, for who takes it without waiting.
    pub(in crate::cache) fn mailbox(&self) -> &Mailbox {
        &self.0
    }
}

impl Invalidator {
    /// `key` was changed: the whole of it, with its prefix.
    pub fn key(&self, key: impl Into<Arc<[u8]>>) {
        self.0.0.tell(Invalidation::Key(key.into()));
    }

    /// Every key was changed.
    pub fn all(&self) {
        self.0.0.tell(Invalidation::All);
    }

    /// What was changed was not told, as the connection was lost: say it when that is noticed, and
    /// once more when it is there again and tells of changes, before anything is read through it.
    pub fn lost(&self) {
        self.0.0.tell(Invalidation::Lost);
    }

    /// Any of these.
    pub fn tell(&self, invalidation: Invalidation) {
        self.0.0.tell(invalidation);
    }

    /// Whether nobody listens any more.
    pub fn is_closed(&self) -> bool {
        self.0.0.is_closed()
    }
}

impl Stream for Invalidations {
    type Item = Invalidation;

    fn poll_next(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Invalidation>> {
        self.0.poll_take(cx.waker())
    }
}

impl Drop for Invalidations {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Drop for End {
    fn drop(&mut self) {
        self.0.end();
    }
}

impl fmt::Debug for Invalidations {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invalidations").field("waiting", &self.0.len()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Invalidator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Invalidator").field("is_closed", &self.is_closed()).finish_non_exhaustive()
    }
}
