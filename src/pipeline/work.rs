use std::future::Future;
use std::mem;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use mtaio_runtime::{Instant, Panic, Runtime};
use pin_project_lite::pin_project;

use super::course::Course;
use super::error::Fault;
use super::flow::Work;
use super::ledger::{End, Ticket, Tracked};
use super::on_error::{OnError, Settled};
use super::stage::Stage;
use crate::contain::{contain, discard};

/// A stage at its place in a run.
pub struct Station<'a, S, P, E, R> {
    pub(super) stage: &'a S,
    pub(super) on_error: &'a P,
    /// Its number among those that are counted.
    pub(super) index: usize,
    pub(super) course: &'a Course<E, R>,
}

impl<S, P, E, R> Clone for Station<'_, S, P, E, R> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<S, P, E, R> Copy for Station<'_, S, P, E, R> {}

impl<'a, S, P, E, R: Runtime> Station<'a, S, P, E, R> {
    /// What the stage does with its items, one at a time.
    pub(super) fn work<In>(self) -> impl Work<'a, In, Out = S::Out> + Send + use<'a, In, S, P, E, R>
    where
        In: Send + 'a,
        E: Send + 'a,
        S: Stage<In, Err: Into<E>>,
        P: OnError<In, S::Err>,
    {
        let begin = |stage: &'a S, item: In| stage.process(item);
        InStage::new(self, begin, move |kept, fault| self.settle::<In>(kept, fault))
    }

    /// Settles what went wrong with an item, and tells where that ends.
    async fn settle<In>(self, kept: Option<P::Kept>, fault: Fault<S::Err>) -> End
    where
        S: Stage<In, Err: Into<E>>,
        P: OnError<In, S::Err>,
    {
        let settled = match kept {
            Some(kept) => self.on_error.settle(kept, fault).await,
            None => Settled::Failed(fault),
        };
        self.course.stages[self.index].errors.add(1);
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
    pub(super) struct InStage<'a, In, S, P, E, R, B, Call, G, Settling>
    where
        S: Stage<In>,
        P: OnError<In, S::Err>,
    {
        station: Station<'a, S, P, E, R>,
        begin: B,
        settle: G,
        ticket: Ticket<'a>,
        // For when it goes wrong; none where it could not be kept.
        kept: Option<P::Kept>,
        begun: Option<Instant>,
        // Whether it is foreign code that runs.
        is_running: bool,
        #[pin]
        state: State<Call, Settling, S::Out, S::Err>,
    }
}

pin_project! {
    #[project = StateProj]
    enum State<Call, Settling, Out, Err> {
        Idle,
        Called { #[pin] call: Call },
        Failed { fault: Option<Fault<Err>> },
        Settling { #[pin] settling: Settling },
        Through { out: Option<Out> },
    }
}

impl<'a, In, S, P, E, R, B, Call, G, Settling> InStage<'a, In, S, P, E, R, B, Call, G, Settling>
where
    R: Runtime,
    S: Stage<In>,
    P: OnError<In, S::Err>,
    B: Fn(&'a S, In) -> Call,
    G: Fn(Option<P::Kept>, Fault<S::Err>) -> Settling,
{
    pub(super) fn new(station: Station<'a, S, P, E, R>, begin: B, settle: G) -> Self {
        Self {
            station,
            begin,
            settle,
            ticket: Ticket::none(&station.course.ledger),
            kept: None,
            begun: None,
            is_running: false,
            state: State::Idle,
        }
    }
}

impl<'a, In, S, P, E, R, B, Call, G, Settling> Work<'a, In>
    for InStage<'a, In, S, P, E, R, B, Call, G, Settling>
where
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
        matches!(self.state, State::Idle)
    }

    #[inline]
    fn begin(self: Pin<&mut Self>, tracked: Tracked<'a, In>) {
        let mut this = self.project();
        let Tracked { value, ticket } = tracked;
        *this.ticket = ticket;
        *this.begun = this.station.course.begin(this.station.index);
        *this.is_running = true;
        *this.kept = Some(this.station.on_error.keep(&value));
        let call = (this.begin)(this.station.stage, value);
        this.state.set(State::Called { call });
        *this.is_running = false;
    }

    #[inline]
    fn poll_done(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut this = self.project();
        loop {
            match this.state.as_mut().project() {
                StateProj::Called { call } => {
                    *this.is_running = true;
                    let next = match call.poll(cx) {
                        Poll::Ready(Ok(out)) => {
                            *this.kept = None;
                            State::Through { out: Some(out) }
                        }
                        Poll::Ready(Err(error)) => {
                            State::Failed { fault: Some(Fault::Error(error)) }
                        }
                        Poll::Pending => {
                            *this.is_running = false;
                            return Poll::Pending;
                        }
                    };
                    // Drops the call. Should that panic, it is `next` all the same.
                    this.state.set(next);
                    *this.is_running = false;
                    let course = this.station.course;
                    course.done(this.station.index, this.begun.take());
                }
                StateProj::Failed { fault } => match fault.take() {
                    Some(fault) => {
                        let settling = (this.settle)(this.kept.take(), fault);
                        this.state.set(State::Settling { settling });
                    }
                    None => this.state.set(State::Idle),
                },
                StateProj::Settling { settling } => {
                    let end = ready!(settling.poll(cx));
                    this.state.set(State::Idle);
                    this.ticket.split_off().end(end);
                }
                StateProj::Through { .. } | StateProj::Idle => return Poll::Ready(()),
            }
        }
    }

    #[inline]
    fn take(self: Pin<&mut Self>) -> Option<Tracked<'a, S::Out>> {
        let mut this = self.project();
        let StateProj::Through { out } = this.state.as_mut().project() else { return None };
        let value = out.take()?;
        this.state.set(State::Idle);
        this.station.course.stages[this.station.index].given.add(1);
        Some(Tracked { value, ticket: this.ticket.split_off() })
    }

    #[cold]
    fn recover(self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        let mut this = self.project();
        if !mem::replace(this.is_running, false) {
            return Err(panic);
        }
        let course = this.station.course;
        course.done(this.station.index, this.begun.take());
        match this.state.as_mut().project() {
            // What the call came to before its destructor panicked is worth nothing.
            StateProj::Through { out } => discard(out.take()),
            StateProj::Failed { fault } => discard(fault.take()),
            _ => {}
        }
        let fault = Some(Fault::Panic(panic));
        if let Err(second) = contain(|| this.state.set(State::Failed { fault })) {
            discard(second);
        }
        Ok(())
    }
}
