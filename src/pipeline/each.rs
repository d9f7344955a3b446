//! What is done at once, and can't fail: filters and maps.

use std::fmt;
use std::pin::Pin;
use std::task::{Context, Poll};

use mtaio_runtime::{Panic, Runtime};

use super::counts::{OwnTally, StageCounts, Tally};
use super::course::Course;
use super::error::PipelineError;
use super::flow::{Flow, Sequential, Work};
use super::ledger::{End, InHand, Ticket, Tracked};
use super::link::{EachLink, Link};
use crate::contain::contain;

/// What a filter or a map makes of an item; none is filtered out.
pub trait Each<In>: Send + Sync {
    /// What an item becomes.
    type Out: Send;

    /// Makes it.
    fn apply(&self, item: In) -> Option<Self::Out>;

    /// What it is called in errors and reports.
    const NAME: &'static str;
}

/// Keeps the items for which a function says so.
#[derive(Clone, Copy)]
pub struct Filter<F>(pub(super) F);

/// Makes something of each item.
#[derive(Clone, Copy)]
pub struct Map<F>(pub(super) F);

/// Makes something of each item, or filters it out.
#[derive(Clone, Copy)]
pub struct FilterMap<F>(pub(super) F);

impl<In: Send, F: Fn(&In) -> bool + Send + Sync> Each<In> for Filter<F> {
    type Out = In;

    #[inline]
    fn apply(&self, item: In) -> Option<In> {
        (self.0)(&item).then_some(item)
    }

    const NAME: &'static str = "filter";
}

impl<In: Send, Out: Send, F: Fn(In) -> Out + Send + Sync> Each<In> for Map<F> {
    type Out = Out;

    #[inline]
    fn apply(&self, item: In) -> Option<Out> {
        Some((self.0)(item))
    }

    const NAME: &'static str = "map";
}

impl<In: Send, Out: Send, F: Fn(In) -> Option<Out> + Send + Sync> Each<In> for FilterMap<F> {
    type Out = Out;

    #[inline]
    fn apply(&self, item: In) -> Option<Out> {
        (self.0)(item)
    }

    const NAME: &'static str = "filter_map";
}

impl<F> fmt::Debug for Filter<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Filter").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for Map<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map").finish_non_exhaustive()
    }
}

impl<F> fmt::Debug for FilterMap<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FilterMap").finish_non_exhaustive()
    }
}

/// A filter or a map, and its number among the stages that are counted.
#[derive(Clone)]
pub struct Immediate<T> {
    pub(super) each: T,
    pub(super) index: usize,
}

impl<In: Send, E: Send, T: Each<In>> Link<In, E> for Immediate<T> {
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
        let work =
            AtOnce { each: &self.each, course, counts, tally: OwnTally::new(counts), ticket: None };
        Sequential::new(source, work)
    }

    fn names(&self, names: &mut Vec<String>) {
        names.push(T::NAME.to_owned());
    }
}

/// The work of a filter or a map: done as soon as it is begun.
struct AtOnce<'a, T, E, R> {
    each: &'a T,
    course: &'a Course<E, R>,
    counts: &'a StageCounts,
    tally: OwnTally<'a>,
    /// Of an item with which it panicked.
    ticket: Option<Ticket<'a>>,
}

impl<'a, In, T: Each<In>, E, R: Runtime> Work<'a, In> for AtOnce<'a, T, E, R> {
    type Out = T::Out;

    const AHEAD: bool = false;

    #[inline]
    fn is_idle(&self) -> bool {
        true
    }

    #[inline(always)]
    fn begin(
        mut self: Pin<&mut Self>,
        tracked: Tracked<'a, In>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, T::Out>>> {
        let Tracked { value, ticket } = tracked;
        // How long it takes is not told.
        self.tally.take();
        let each = self.each;
        let in_hand = InHand::new(ticket, &mut self.ticket);
        let out = each.apply(value);
        let ticket = in_hand.pass();
        Poll::Ready(match out {
            Some(value) => Some(Tracked { value, ticket }),
            None => {
                self.counts.kept.add(1);
                ticket.end(End::Filtered);
                None
            }
        })
    }

    fn poll_through(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Tracked<'a, T::Out>>> {
        Poll::Ready(None)
    }

    fn hold(self: Pin<&mut Self>, _through: Tracked<'a, T::Out>) {
        unreachable!("it does not work ahead");
    }

    fn is_holding(&self) -> bool {
        false
    }

    #[cold]
    fn recover(mut self: Pin<&mut Self>, panic: Panic) -> Result<(), Panic> {
        let Some(ticket) = self.ticket.take() else { return Err(panic) };
        self.counts.errors.add(1);
        self.counts.kept.add(1);
        ticket.end(End::Failed);
        self.course.fail(PipelineError::Panicked { stage: T::NAME.to_owned(), panic });
        Ok(())
    }
}

impl<In: Send, E: Send, T: Each<In>> EachLink<In, E> for Immediate<T> {
    async fn process(&self, item: In) -> Result<Option<T::Out>, PipelineError<E>> {
        let applied = contain(|| self.each.apply(item));
        applied.map_err(|panic| PipelineError::Panicked { stage: T::NAME.to_owned(), panic })
    }
}

impl<T> fmt::Debug for Immediate<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Immediate").field("index", &self.index).finish_non_exhaustive()
    }
}
