use std::fmt;
use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, Waker};

use pin_project_lite::pin_project;
use slab::Slab;

use crate::queue::Wakes;

/// A request to end that spreads: to every clone, to every child, and to whoever awaits it.
///
/// It only asks. Work ends where it looks at the token: by `token.cancelled().await` in a
/// `select`, by [`run_until_cancelled`](Self::run_until_cancelled), by a method that takes one.
///
/// # Examples
///
/// ```
/// use mtaio::executor::CancellationToken;
/// use mtaio::RuntimeExt;
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let service = CancellationToken::new();
/// let connection = service.child();
///
/// let task = rt.spawn(async move {
///     connection.run_until_cancelled(std::future::pending::<()>()).await
/// });
/// service.cancel();
/// assert!(matches!(task.await, Ok(None)));
/// # });
/// ```
///
/// ## The signals of a process
///
/// The token knows no runtime; each has its own way to hear a signal. On tokio:
///
/// ```no_run
/// use mtaio::executor::CancellationToken;
///
/// # async fn tokio_service() {
/// let token = CancellationToken::new();
/// let stop = token.clone();
/// tokio::spawn(async move {
///     // Without a way to hear the signal the process just ends by it.
///     if tokio::signal::ctrl_c().await.is_ok() {
///         stop.cancel();
///     }
/// });
/// # token.cancelled().await;
/// # }
/// ```
///
/// On smol, with the crate `async-signal`:
///
/// ```no_run
/// use async_signal::{Signal, Signals};
/// use mtaio::executor::CancellationToken;
/// use smol::stream::StreamExt;
///
/// # async fn smol_service() -> std::io::Result<()> {
/// let token = CancellationToken::new();
/// let stop = token.clone();
/// let mut signals = Signals::new([Signal::Term, Signal::Int])?;
/// smol::spawn(async move {
///     signals.next().await;
///     stop.cancel();
/// })
/// .detach();
/// # token.cancelled().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct CancellationToken {
    node: Arc<Node>,
}

struct Node {
    /// Set under the lock, so that nobody is born or begins to wait between the two.
    is_cancelled: AtomicBool,
    state: Mutex<State>,
    /// The parent, and the place among its children.
    parent: Option<(Arc<Self>, usize)>,
}

#[derive(Default)]
struct State {
    children: Slab<Weak<Node>>,
    /// Who waits for the end. Emptied when it comes.
    waiters: Slab<Waker>,
}

impl CancellationToken {
    /// A token that is not cancelled and has no parent.
    pub fn new() -> Self {
        Self { node: Arc::new(Node::new(false, None)) }
    }

    /// A token that is cancelled with this one, and can be cancelled without it.
    #[must_use]
    pub fn child(&self) -> Self {
        let mut state = self.node.lock();
        if self.is_cancelled() {
            return Self { node: Arc::new(Node::new(true, None)) };
        }
        let place = state.children.vacant_entry();
        let node = Arc::new(Node::new(false, Some((Arc::clone(&self.node), place.key()))));
        place.insert(Arc::downgrade(&node));
        drop(state);
        Self { node }
    }

    /// Asks for the end: of this token, its clones and its children. Again does nothing.
    ///
    /// When it returns, and when a waiter is woken, all of them are cancelled.
    pub fn cancel(&self) {
        let mut nodes = vec![Arc::clone(&self.node)];
        let mut woken = Wakes::default();
        while let Some(node) = nodes.pop() {
            let mut state = node.lock();
            node.is_cancelled.store(true, Ordering::Release);
            // The children stay: a second request at the same time looks for them too.
            nodes.extend(state.children.iter().filter_map(|(_, child)| child.upgrade()));
            state.waiters.drain().for_each(|waiter| woken.push(waiter));
        }
        woken.wake();
    }

    /// Whether the end has been asked for.
    pub fn is_cancelled(&self) -> bool {
        self.node.is_cancelled.load(Ordering::Acquire)
    }

    /// Waits until the end is asked for; ready at once if it has been.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost by dropping it.
    pub fn cancelled(&self) -> Cancelled {
        Cancelled { node: Arc::clone(&self.node), place: None }
    }

    /// Runs `future` to its end, or until the end is asked for: then it is not polled any more,
    /// and the answer is `None`.
    ///
    /// # Cancel safety
    ///
    /// That of the future.
    pub fn run_until_cancelled<F: Future>(&self, future: F) -> RunUntilCancelled<F> {
        RunUntilCancelled { cancelled: self.cancelled(), future }
    }

    /// Cancels the token when the guard is dropped.
    pub const fn drop_guard(self) -> DropGuard {
        DropGuard { token: Some(self) }
    }
}

impl Node {
    fn new(is_cancelled: bool, parent: Option<(Arc<Self>, usize)>) -> Self {
        let (is_cancelled, state) = (AtomicBool::new(is_cancelled), Mutex::default());
        Self { is_cancelled, state, parent }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        // A loop, since a long line of descendants dropped one inside the other needs a long stack.
        let mut above = self.parent.take();
        while let Some((parent, place)) = above {
            parent.lock().children.try_remove(place);
            above = Arc::into_inner(parent).and_then(|mut parent| parent.parent.take());
        }
    }
}

impl Default for CancellationToken {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for CancellationToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CancellationToken").field("is_cancelled", &self.is_cancelled()).finish()
    }
}

/// The future of [`CancellationToken::cancelled`].
#[must_use = "futures do nothing unless polled"]
pub struct Cancelled {
    node: Arc<Node>,
    /// The place among the waiters.
    place: Option<usize>,
}

impl Future for Cancelled {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        if self.node.is_cancelled.load(Ordering::Acquire) {
            self.place = None;
            return Poll::Ready(());
        }
        // Wakers are foreign code: they are cloned and dropped without the lock.
        let waker = cx.waker().clone();
        let this = &mut *self;
        let mut state = this.node.lock();
        if this.node.is_cancelled.load(Ordering::Acquire) {
            this.place = None;
            return Poll::Ready(());
        }
        let replaced = match this.place {
            Some(place) => Some(mem::replace(&mut state.waiters[place], waker)),
            None => {
                this.place = Some(state.waiters.insert(waker));
                None
            }
        };
        drop(state);
        drop(replaced);
        Poll::Pending
    }
}

impl Drop for Cancelled {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let waker = self.node.lock().waiters.try_remove(place);
            drop(waker);
        }
    }
}

impl fmt::Debug for Cancelled {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cancelled").finish_non_exhaustive()
    }
}

pin_project! {
    /// The future of [`CancellationToken::run_until_cancelled`].
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct RunUntilCancelled<F> {
        cancelled: Cancelled,
        #[pin]
        future: F,
    }
}

impl<F: Future> Future for RunUntilCancelled<F> {
    type Output = Option<F::Output>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if Pin::new(this.cancelled).poll(cx).is_ready() {
            return Poll::Ready(None);
        }
        this.future.poll(cx).map(Some)
    }
}

/// Cancels its token when it is dropped. See [`CancellationToken::drop_guard`].
#[derive(Debug)]
#[must_use = "dropping the guard cancels the token"]
pub struct DropGuard {
    token: Option<CancellationToken>,
}

impl DropGuard {
    /// Gives the token back without cancelling it.
    pub fn disarm(mut self) -> Option<CancellationToken> {
        self.token.take()
    }
}

impl Drop for DropGuard {
    fn drop(&mut self) {
        if let Some(token) = &self.token {
            token.cancel();
        }
    }
}
