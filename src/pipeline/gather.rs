use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::Stream;
use mtaio_runtime::{Panic, Runtime, Sleep};
use pin_project_lite::pin_project;

use super::course::Course;
use super::flow::Flow;
use super::ledger::{Ticket, Tracked};
use super::link::Link;
use crate::config::{ConfigError, check_period};

/// How much of a batch makes it go on: so many items, or the time since its first one came.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::pipeline::Batch;
///
/// const BATCH: Batch = Batch::size(500).within(Duration::from_millis(100));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use = "it is for `batch`"]
pub struct Batch {
    size: usize,
    within: Option<Duration>,
}

impl Batch {
    /// Batches of `size` items; at the end one that is smaller.
    pub const fn size(size: usize) -> Self {
        Self { size, within: None }
    }

    /// A batch goes on this long after its first item came, also when it is smaller.
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        if self.size == 0 {
            return Err(ConfigError::new("size", "0", "1 or more"));
        }
        self.within.map_or(Ok(()), |within| check_period("within", within))
    }
}

/// Makes batches.
#[derive(Clone, Copy, Debug)]
pub struct Gather(pub(super) Batch);

pin_project! {
    struct Gathering<'a, S, T, R: Runtime> {
        #[pin]
        source: S,
        rt: &'a R,
        batch: Batch,
        items: Vec<T>,
        ticket: Ticket<'a>,
        // When the batch is to go on.
        due: Option<mtaio_runtime::Instant>,
        // Made when the batch has to wait for the first time, and kept.
        #[pin]
        sleep: Option<R::Sleep>,
        is_set: bool,
        is_done: bool,
        ready: Option<Tracked<'a, Vec<T>>>,
    }
}

impl<'a, T, S, R> Gathering<'a, S, T, R>
where
    S: Flow<Item = Tracked<'a, T>>,
    R: Runtime,
{
    fn poll_batch(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Tracked<'a, Vec<T>>>> {
        let mut this = self.project();
        let Batch { size, within } = *this.batch;
        loop {
            if *this.is_done {
                break;
            }
            match this.source.as_mut().poll_next(cx) {
                Poll::Ready(Some(Tracked { value, ticket })) => {
                    if this.items.is_empty()
                        && let Some(within) = within
                    {
                        *this.due = Some(this.rt.now() + within);
                        *this.is_set = false;
                    }
                    this.items.push(value);
                    this.ticket.absorb(ticket);
                    let is_late = || this.due.is_some_and(|due| this.rt.now() >= due);
                    if this.items.len() >= size || is_late() {
                        break;
                    }
                }
                Poll::Ready(None) => *this.is_done = true,
                Poll::Pending if this.items.is_empty() => return Poll::Pending,
                Poll::Pending => {
                    let Some(due) = *this.due else { return Poll::Pending };
                    if !mem::replace(this.is_set, true) {
                        match this.sleep.as_mut().as_pin_mut() {
                            Some(sleep) => sleep.reset(due),
                            None => this.sleep.set(Some(this.rt.sleep_until(due))),
                        }
                    }
                    match this.sleep.as_mut().as_pin_mut().map(|sleep| sleep.poll(cx)) {
                        Some(Poll::Ready(())) => break,
                        Some(Poll::Pending) | None => return Poll::Pending,
                    }
                }
            }
        }
        if this.items.is_empty() {
            return Poll::Ready(None);
        }
        let next = Vec::with_capacity(this.items.len());
        let value = mem::replace(this.items, next);
        Poll::Ready(Some(Tracked { value, ticket: this.ticket.split_off() }))
    }
}

impl<'a, T, S, R> Stream for Gathering<'a, S, T, R>
where
    S: Flow<Item = Tracked<'a, T>>,
    R: Runtime,
{
    type Item = Tracked<'a, Vec<T>>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        match self.as_mut().project().ready.take() {
            Some(ready) => Poll::Ready(Some(ready)),
            None => self.poll_batch(cx),
        }
    }
}

impl<'a, T, S, R> Flow for Gathering<'a, S, T, R>
where
    S: Flow<Item = Tracked<'a, T>>,
    R: Runtime,
{
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if self.ready.is_none()
            && let Poll::Ready(batch) = self.as_mut().poll_batch(cx)
        {
            *self.as_mut().project().ready = batch;
        }
        if self.ready.is_some() {
            self.project().source.poll_progress(cx);
        }
    }

    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        self.project().source.recover(panic)
    }
}

impl<In: Send, E: Send> Link<In, E> for Gather {
    type Out = Vec<In>;

    fn flow<'a, R, S>(
        &'a self,
        course: &'a Course<E, R>,
        source: S,
    ) -> impl Flow<Item = Tracked<'a, Vec<In>>> + Send
    where
        R: Runtime,
        S: Flow<Item = Tracked<'a, In>> + Send,
        In: 'a,
        E: 'a,
    {
        Gathering {
            source,
            rt: &course.rt,
            batch: self.0,
            items: Vec::new(),
            ticket: Ticket::none(&course.ledger),
            due: None,
            sleep: None,
            is_set: false,
            is_done: false,
            ready: None,
        }
    }
}
