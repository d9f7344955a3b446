use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mtaio_runtime::{Instant, Panic, Runtime};
use pin_project_lite::pin_project;

use super::counts::{StageCounts, Tally};
use super::course::Course;
use super::error::Fault;
use super::flow::Work;
use super::ledger::{End, InHand, Ticket, Tracked};
use super::on_error::{OnError, Settled};
use super::stage::Stage;
use crate::contain::{contain, discard};

/// A stage at its place in a run.
pub struct Station<'a, S, P, E, R> {
    pub(super) stage: &'a S,
    pub(super) on_error: &'a P,
    pub(super) counts: &'a StageCounts,
    pub(super) course: &'a Course<E, R>,
}

impl<S, P, E, R> Clone for Station<'_, S, P, E, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, P, E, R> Copy for Station<'_, S, P, E, R> {}

impl<'a, S, P, E, R: Runtime> Station<'a, S, P, E, R> {
    /// Counts the time that a call took, if it was timed.
    #[cold]
    fn time(self, begun: Option<Instant>) {
        if let Some(begun) = begun {
            self.counts.took(self.course.rt.now() - begun);
        }
    }

    /// What the stage does with its items, one at a time.
    pub(super) fn work<In, T>(
        self,
        tally: T,
    ) -> impl Work<'a, In, Out = S::Out> + Send + use<'a, In, S, P, E, R, T>
    where
        T: Tally + Send,
        In: Send + 'a,
        E: Send + 'a,
        S: Stage<In, Err: Into<E>>,
        P: OnError<In, S::Err>,
    {
        let begin = |stage: &'a S, item: In| stage.process(item);
        InStage::new(self, tally, begin, move |kept, fault| self.settle::<In>(kept, fault))
    }

    /// Settles what went wrong with an item, and tells where that ends.
    async fn settle<In>(self, kept: Option<P::Kept>, fault: Fault<S::Err>) -> End
    where
        S: Stage<In, Err: Into<E>>,
        P: OnError<In, S::Err>,
    {
        let settled = self.on_error.settle(kept, fault).await;
        self.counts.errors.add(1);
        let end = settled.end();
        if let Settled::Failed(fault) = settled {
            self.course.fail(fault.of(self.stage.name()));
        }
        end
    }
}

pin_project! {
    /// An item in a stage, from where it comes in until it is through, or has ended.
    ///
    /// `begin` calls the stage and `settle` its [`Station`]: what they answer are futures that have no
    /// name.
    pub(super) struct InStage<'a, In, T, S, P, E, R, B, Call, G, Settling>
    where
        S: Stage<In>,
        P: OnError<In, S::Err>,
    {
        station: Station<'a, S, P, E, R>,
        tally: T,
        begin: B,
        settle: G,
        // Of the item that is here.
        ticket: Option<Ticket<'a>>,
        // For when it goes wrong.
        kept: Option<P::Kept>,
        // If it is timed.
        begun: Option<Instant>,
        // What became of the item that was here.
        held: Option<S::Out>,
        // Whether it has an item for later. If it has one and this is not so, a panic has left it.
        is_busy: bool,
        #[pin]
        call: Option<Call>,
        #[pin]
        settling: Option<Settling>,
    }

    impl<'a, In, T, S, P, E, R, B, Call, G, Settling> PinnedDrop
        for InStage<'a, In, T, S, P, E, R, B, Call, G, Settling>
    where
        S: Stage<In>,
        P: OnError<In, S::Err>,
    {
        fn drop(this: Pin<&mut Self>) {
            if this.ticket.is_some() {
                this.station.counts.kept.add(1);
            }
        }
    }
}

impl<'a, In, T, S, P, E, R, B, Call, G, Settling>
    InStage<'a, In, T, S, P, E, R, B, Call, G, Settling>
where
    T: Tally,
    R: Runtime,
    S: Stage<In>,
    P: OnError<In, S::Err>,
    B: Fn(&'a S, In) -> Call,
    Call: Future<Output = Result<S::Out, S::Err>>,
    G: Fn(Option<P::Kept>, Fault<S::Err>) -> Settling,
    Settling: Future<Output = End>,
{
    fn new(station: Station<'a, S, P, E, R>, tally: T, begin: B, settle: G) -> Self {
        Self {
            station,
            tally,
            begin,
            settle,
            ticket: None,
            kept: None,
            begun: None,
            held: None,
            is_busy: false,
            call: None,
            settling: None,
        }
    }

    /// Calls the stage with `item`, or goes on with the call that there is.
    #[inline(always)]
    fn poll_call(
        mut self: Pin<&mut Self>,
        item: Option<In>,
        ticket: Ticket<'a>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, S::Out>>> {
        let mut this = self.as_mut().project();
        let in_hand = InHand::new(ticket, this.ticket);
        if let Some(item) = item {
            if P::KEEPS {
                *this.kept = this.station.on_error.keep(&item);
            }
            let call = (this.begin)(this.station.stage, item);
            this.call.set(Some(call));
        }
        let Some(call) = this.call.as_mut().as_pin_mut() else { return Poll::Ready(None) };
        let Poll::Ready(result) = call.poll(cx) else {
            in_hand.lay_down();
            *this.is_busy = true;
            return Poll::Pending;
        };
        if this.begun.is_some() {
            this.station.time(this.begun.take());
        }
        match result {
            Ok(out) => {
                let out = Spared(Some(out));
                this.call.set(None);
                if P::KEEPS {
                    *this.kept = None;
                }
                let ticket = in_hand.pass();
                Poll::Ready(out.into_inner().map(|value| Tracked { value, ticket }))
            }
            Err(error) => {
                let settling = (this.settle)(this.kept.take(), Fault::Error(error));
                this.settling.set(Some(settling));
                this.call.set(None);
                in_hand.lay_down();
                *this.is_busy = true;
                self.poll_settled(cx)
            }
        }
    }

    #[cold]
    fn poll_settled(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, S::Out>>> {
        let mut this = self.project();
        if let Some(settling) = this.settling.as_mut().as_pin_mut() {
            let end = ready!(settling.poll(cx));
            this.settling.set(None);
            *this.is_busy = false;
            this.station.counts.kept.add(1);
            if let Some(ticket) = this.ticket.take() {
                ticket.end(end);
            }
        }
        Poll::Ready(None)
    }
}

impl<'a, In, T, S, P, E, R, B, Call, G, Settling> Work<'a, In>
    for InStage<'a, In, T, S, P, E, R, B, Call, G, Settling>
where
    T: Tally,
    R: Runtime,
    S: Stage<In>,
    P: OnError<In, S::Err>,
    B: Fn(&'a S, In) -> Call,
    Call: Future<Output = Result<S::Out, S::Err>>,
    G: Fn(Option<P::Kept>, Fault<S::Err>) -> Settling,
    Settling: Future<Output = End>,
{
    type Out = S::Out;

    const AHEAD: bool = true;

    #[inline]
    fn is_idle(&self) -> bool {
        !self.is_busy
    }

    #[inline(always)]
    fn begin(
        mut self: Pin<&mut Self>,
        tracked: Tracked<'a, In>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, S::Out>>> {
        let this = self.as_mut().project();
        if this.tally.take() {
            *this.begun = Some(this.station.course.rt.now());
        }
        let Tracked { value, ticket } = tracked;
        self.poll_call(Some(value), ticket, cx)
    }

    fn poll_through(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, S::Out>>> {
        if self.settling.is_some() {
            return self.poll_settled(cx);
        }
        let this = self.as_mut().project();
        *this.is_busy = false;
        let Some(ticket) = this.ticket.take() else { return Poll::Ready(None) };
        match this.held.take() {
            Some(value) => Poll::Ready(Some(Tracked { value, ticket })),
            None => self.poll_call(None, ticket, cx),
        }
    }

    fn hold(self: Pin<&mut Self>, through: Tracked<'a, S::Out>) {
        let this = self.project();
        let Tracked { value, ticket } = through;
        (*this.held, *this.ticket, *this.is_busy) = (Some(value), Some(ticket), true);
    }

    #[inline]
    fn is_holding(&self) -> bool {
        self.held.is_some()
    }

    #[cold]
    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        let mut this = self.project();
        if *this.is_busy || this.ticket.is_none() {
            return Err(panic);
        }
        *this.is_busy = true;
        if this.settling.is_some() {
            // The call had failed, and could not be dropped: its error is told.
            discard(panic);
            return Ok(());
        }
        *this.begun = None;
        let settling = (this.settle)(this.kept.take(), Fault::Panic(panic));
        this.settling.set(Some(settling));
        // Drops what is left of the call.
        if let Err(second) = contain(|| this.call.set(None)) {
            discard(second);
        }
        Ok(())
    }
}

/// What is dropped without a panic, also while another goes on.
struct Spared<T>(Option<T>);

impl<T> Spared<T> {
    #[inline]
    fn into_inner(mut self) -> Option<T> {
        self.0.take()
    }
}

impl<T> Drop for Spared<T> {
    #[inline]
    fn drop(&mut self) {
        if let Some(value) = self.0.take() {
            discard(value);
        }
    }
}
