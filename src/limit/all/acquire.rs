use std::future::poll_fn;
use std::mem;
use std::task::Poll;

use super::set::LimiterSet;
use crate::limit::error::{AcquireError, TryAcquireError};

/// How often one waits holding nothing, before those of a lower rank are held meanwhile.
const ROUNDS: usize = 3;

/// Waits until all of `limiters` admit, and takes all of it at once, or nothing.
///
/// `limiters` is a tuple of 2 to 6 references, each alone or with a weight: `(&a, (&b, 3))`. They
/// may be named in any order, by anybody: nobody waits for one who waits for him.
///
/// While all goes well nothing is held that is not used: one is waited for with nothing in hand,
/// the others are tried, and where that fails all is given back and the one that failed is waited
/// for. Where that failed 3 times, because several of them are in demand, what was admitted is
/// held while the rest is waited for, in the order of the [ranks](crate::limit::Limiter::rank),
/// which is the same for all: so everybody gets through in the end, and none waits in a circle. (That
/// is the resource hierarchy of Dijkstra, "Hierarchical ordering of sequential processes", 1971.)
/// Limiters without a rank are never held; with several of them in demand there is no such promise.
///
/// The same limiter named twice is asked for the sum. (It is known by its rank; one without is not,
/// and waits for itself where it hasn't enough for both.)
///
/// # Errors
///
/// [`AcquireError`] of the first that refuses; of one that never admits so much, at once. The time
/// to wait that a limiter's handle has is for each wait there; for all of it set a
/// [`Deadline`](crate::time::Deadline).
///
/// # Cancel safety
///
/// Dropping the future gives back what it holds, also what a rate had admitted, and its places.
///
/// # Examples
///
/// ```
/// use mtaio::limit::{ConcurrencyLimiter, acquire_all};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let connections = ConcurrencyLimiter::new(&rt, 4)?;
/// let megabytes = ConcurrencyLimiter::new(&rt, 100)?;
///
/// let (connection, memory) = acquire_all((&connections, (&megabytes, 60))).await?;
/// assert_eq!((connection.weight(), memory.weight()), (1, 60));
///
/// let (memory, another) = acquire_all(((&megabytes, 10), &connections)).await?;
/// # drop((memory, another));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// # }).unwrap();
/// ```
pub async fn acquire_all<S: LimiterSet>(limiters: S) -> Result<S::Permits, AcquireError> {
    let mut held = Held { slots: S::Slots::default(), limiters };
    let Some(mut failed) = held.try_each()? else { return Ok(held.all()) };
    held.check_sums()?;
    for _ in 0..ROUNDS {
        held.give_back();
        held.wait_for(failed).await?;
        match held.try_rest()? {
            None => return Ok(held.all()),
            Some(index) => failed = index,
        }
    }
    loop {
        held.give_back();
        for index in held.by_rank() {
            held.wait_for(index).await?;
        }
        // Those without a rank are all that is missing.
        let Some(failed) = held.try_rest()? else { return Ok(held.all()) };
        held.give_back();
        held.wait_for(failed).await?;
        if held.try_rest()?.is_none() {
            return Ok(held.all());
        }
        // Others may have to run before it can be had.
        yield_once().await;
    }
}

/// What was admitted so far: given back as if it had never been, when it is dropped.
struct Held<S: LimiterSet> {
    slots: S::Slots,
    limiters: S,
}

impl<S: LimiterSet> Held<S> {
    /// Tries all of them, and answers the first that refuses: so what one of them never admits is
    /// told before another is waited for.
    fn try_each(&mut self) -> Result<Option<usize>, AcquireError> {
        let mut first = None;
        for index in 0..S::COUNT {
            match self.limiters.try_acquire(index, &mut self.slots) {
                Ok(()) => {}
                Err(TryAcquireError::Limited { .. }) => first = first.or(Some(index)),
                Err(TryAcquireError::Weight(refused)) => return Err(refused.into()),
            }
        }
        Ok(first)
    }

    /// Refuses what is never admitted since one limiter is named several times: it would be held
    /// while more of it is waited for.
    fn check_sums(&mut self) -> Result<(), AcquireError> {
        for index in 1..S::COUNT {
            let rank = self.limiters.rank(index).filter(|rank| *rank != u64::MAX);
            let same =
                (0..index).filter(|other| rank.is_some() && self.limiters.rank(*other) == rank);
            let weights = same.map(|other| self.limiters.weight(other));
            if let Some(others) = weights.reduce(u32::saturating_add) {
                let sum = others.saturating_add(self.limiters.weight(index));
                self.limiters.check(index, sum)?;
            }
        }
        Ok(())
    }

    /// Tries those that are missing, in their order, up to the first that refuses, which is the
    /// answer.
    fn try_rest(&mut self) -> Result<Option<usize>, AcquireError> {
        for index in 0..S::COUNT {
            match self.limiters.try_acquire(index, &mut self.slots) {
                Ok(()) => {}
                Err(TryAcquireError::Limited { .. }) => return Ok(Some(index)),
                Err(TryAcquireError::Weight(refused)) => return Err(refused.into()),
            }
        }
        Ok(None)
    }

    async fn wait_for(&mut self, index: usize) -> Result<(), AcquireError> {
        self.limiters.acquire(index, &mut self.slots).await
    }

    fn give_back(&mut self) {
        self.limiters.give_back(&mut self.slots);
    }

    /// Those that have a rank, the lowest first.
    fn by_rank(&self) -> impl Iterator<Item = usize> + Send + use<S> {
        let ranked = |index| self.limiters.rank(index).map(|rank| (rank, index));
        let mut order: Vec<_> = (0..S::COUNT).filter_map(ranked).collect();
        order.sort_unstable();
        order.into_iter().map(|(_, index)| index)
    }

    fn all(mut self) -> S::Permits {
        let Some(permits) = S::all(mem::take(&mut self.slots)) else {
            unreachable!("none refused, so none is missing");
        };
        permits
    }
}

impl<S: LimiterSet> Drop for Held<S> {
    fn drop(&mut self) {
        self.give_back();
    }
}

async fn yield_once() {
    let mut has_yielded = false;
    poll_fn(|cx| {
        if mem::replace(&mut has_yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}
