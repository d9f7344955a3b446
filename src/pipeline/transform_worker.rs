use std::collections::VecDeque;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_util::Stream;
use mtaio_runtime::{Panic, Runtime};
use pin_project_lite::pin_project;

use super::counts::Tally;
use super::course::Course;
use super::error::Fault;
use super::flow::Flow;
use super::ledger::{End, Ticket, Tracked};
use super::link::Link;
use super::transform::{Emit, Transform};
use crate::contain::Contained;

/// A [`Transform`], and whether its errors are skipped.
#[derive(Clone)]
pub struct TransformWorker<T> {
    pub(super) transform: T,
    pub(super) skips: bool,
    pub(super) index: usize,
}

/// After so many outputs in a row others get a turn: many may come of one item.
const UNTIL_YIELD: u32 = 1_024;

/// A call of a transform, and what came of it.
struct Called<T, Out, Err> {
    transform: T,
    out: Emit<Out>,
    fault: Option<Fault<Err>>,
}

pin_project! {
    struct Absorbing<'a, S, T, F, Fut, Out, C> {
        #[pin]
        source: S,
        // None while it is called, and after its end.
        transform: Option<T>,
        call: F,
        #[pin]
        called: Option<Fut>,
        // Of the item that it is called with; none at the end.
        ticket: Option<Ticket<'a>>,
        // The items that it has taken and nothing stands for yet.
        absorbed: Ticket<'a>,
        ready: VecDeque<Tracked<'a, Out>>,
        // Outputs since others had a turn.
        in_a_row: u32,
        is_finishing: bool,
        settle: C,
    }
}

impl<'a, In, S, T, F, Fut, C> Absorbing<'a, S, T, F, Fut, T::Out, C>
where
    S: Flow<Item = Tracked<'a, In>>,
    T: Transform<In>,
    F: FnMut(T, Option<In>) -> Fut,
    Fut: Future<Output = Called<T, T::Out, T::Err>>,
    C: FnMut(Fault<T::Err>, Ticket<'a>),
{
    /// Goes on until something is ready, or until there is nothing more.
    fn poll_ready(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        while this.ready.is_empty() {
            if let Some(called) = this.called.as_mut().as_pin_mut() {
                let Poll::Ready(Called { transform, out, fault }) = called.poll(cx) else {
                    this.source.poll_progress(cx);
                    return Poll::Pending;
                };
                this.called.set(None);
                let mut ticket = this.ticket.take();
                if fault.is_none()
                    && let Some(ticket) = ticket.take()
                {
                    this.absorbed.absorb(ticket);
                }
                // The first stands for all that was taken until now.
                for value in out.items {
                    let ticket = this.absorbed.split_off();
                    this.ready.push_back(Tracked { value, ticket });
                }
                if let Some(fault) = fault {
                    // At the end it is for what was held back.
                    (this.settle)(fault, ticket.unwrap_or_else(|| this.absorbed.split_off()));
                }
                if *this.is_finishing {
                    // What it took and emitted nothing for went no further.
                    this.absorbed.split_off().end(End::Filtered);
                } else {
                    *this.transform = Some(transform);
                }
                continue;
            }
            if this.transform.is_none() {
                return Poll::Ready(());
            }
            let next = ready!(this.source.as_mut().poll_next(cx));
            let Some(transform) = this.transform.take() else { return Poll::Ready(()) };
            let item = match next {
                Some(Tracked { value, ticket }) => {
                    *this.ticket = Some(ticket);
                    Some(value)
                }
                None => {
                    *this.is_finishing = true;
                    None
                }
            };
            this.called.set(Some((this.call)(transform, item)));
        }
        Poll::Ready(())
    }
}

impl<'a, In, S, T, F, Fut, C> Stream for Absorbing<'a, S, T, F, Fut, T::Out, C>
where
    S: Flow<Item = Tracked<'a, In>>,
    T: Transform<In>,
    F: FnMut(T, Option<In>) -> Fut,
    Fut: Future<Output = Called<T, T::Out, T::Err>>,
    C: FnMut(Fault<T::Err>, Ticket<'a>),
{
    type Item = Tracked<'a, T::Out>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        ready!(self.as_mut().poll_ready(cx));
        let this = self.project();
        if *this.in_a_row == UNTIL_YIELD {
            *this.in_a_row = 0;
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        *this.in_a_row += 1;
        Poll::Ready(this.ready.pop_front())
    }
}

impl<'a, In, S, T, F, Fut, C> Flow for Absorbing<'a, S, T, F, Fut, T::Out, C>
where
    S: Flow<Item = Tracked<'a, In>>,
    T: Transform<In>,
    F: FnMut(T, Option<In>) -> Fut,
    Fut: Future<Output = Called<T, T::Out, T::Err>>,
    C: FnMut(Fault<T::Err>, Ticket<'a>),
{
    fn poll_progress(mut self: Pin<&mut Self>, cx: &mut Context<'_>) {
        if self.as_mut().poll_ready(cx).is_ready() {
            self.project().source.poll_progress(cx);
        }
    }

    /// (Its own calls are contained one by one: they have the transform, which goes on.)
    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        self.project().source.recover(panic)
    }
}

/// Calls `transform` with an item, or at the end.
async fn call<In, T: Transform<In>>(
    mut transform: T,
    item: Option<In>,
) -> Called<T, T::Out, T::Err> {
    let mut out = Emit::new();
    let result = Contained::new(async {
        match item {
            Some(item) => transform.push(item, &mut out).await,
            None => transform.finish(&mut out).await,
        }
    })
    .await;
    let fault = match result {
        Ok(Ok(())) => None,
        Ok(Err(error)) => Some(Fault::Error(error)),
        Err(panic) => Some(Fault::Panic(panic)),
    };
    Called { transform, out, fault }
}

impl<In, E, T> Link<In, E> for TransformWorker<T>
where
    In: Send,
    E: Send,
    T: Transform<In, Err: Into<E>> + Clone + Sync,
{
    type Out = T::Out;

    fn flow<'a, R, S>(
        &'a self,
        course: &'a Course<E, R>,
        source: S,
    ) -> impl Flow<Item = Tracked<'a, T::Out>> + Send
    where
        R: Runtime,
        S: Flow<Item = Tracked<'a, In>> + Send,
        In: 'a,
        E: 'a,
    {
        let counts = &course.stages[self.index];
        Absorbing {
            source,
            transform: Some(self.transform.clone()),
            call: move |transform: T, item: Option<In>| async move {
                let is_timed = item.is_some() && {
                    counts.kept.add(1);
                    { counts }.take()
                };
                let begun = is_timed.then(|| course.rt.now());
                let called = call(transform, item).await;
                if let Some(begun) = begun {
                    counts.took(course.rt.now() - begun);
                }
                let given = u64::try_from(called.out.items.len()).unwrap_or(u64::MAX);
                counts.emitted.add(given);
                called
            },
            called: None,
            ticket: None,
            absorbed: Ticket::none(&course.ledger),
            ready: VecDeque::new(),
            in_a_row: 0,
            is_finishing: false,
            settle: move |fault: Fault<T::Err>, ticket: Ticket<'a>| {
                counts.errors.add(1);
                ticket.end(if self.skips { End::Skipped } else { End::Failed });
                if !self.skips {
                    course.fail(fault.of(self.transform.name()));
                }
            },
        }
    }

    fn names(&self, names: &mut Vec<String>) {
        names.push(self.transform.name().to_owned());
    }
}

impl<T> fmt::Debug for TransformWorker<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransformWorker").field("skips", &self.skips).finish_non_exhaustive()
    }
}
