//! What becomes of an item for which a stage has an error, as types: the methods of the builder.

use std::future::Future;

use super::arity::{Arity, Maybe, One};
use super::error::Fault;
use super::ledger::End;
use crate::callback::Callback;
use crate::contain::{Contained, discard};

/// What a stage's errors come to: [`Fail`], [`Skip`] or [`DeadLetter`].
pub trait OnError<In, Err>: sealed::Sealed + Send + Sync {
    /// How many items the stage makes of one.
    type Arity: Arity;
    /// What is kept of an item while it is worked on.
    type Kept: Send;

    /// Whether anything is.
    const KEEPS: bool;

    /// Keeps what will be needed if it fails.
    fn keep(&self, item: &In) -> Option<Self::Kept>;

    /// The stage failed. What should have been kept is not there where that could not be.
    fn settle(
        &self,
        kept: Option<Self::Kept>,
        fault: Fault<Err>,
    ) -> impl Future<Output = Settled<Err>> + Send;
}

/// What an error came to.
#[derive(Debug)]
pub enum Settled<Err> {
    /// It ends the run.
    Failed(Fault<Err>),
    /// The item is left out.
    Skipped,
    /// The item was handed to whom such items go.
    DeadLettered,
}

impl<Err> Settled<Err> {
    pub(super) const fn end(&self) -> End {
        match self {
            Self::Failed(_) => End::Failed,
            Self::Skipped => End::Skipped,
            Self::DeadLettered => End::DeadLettered,
        }
    }
}

/// An error ends the run: no more items are taken, those on their way go on to their ends, and the
/// report has the error. Of `process` it is the answer. This is what happens unless said.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fail;

/// The item is left out, and counted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Skip;

/// The item goes to a function, with its error.
#[derive(Clone, Copy, Debug)]
pub struct DeadLetter<F>(pub(super) F);

/// An item that a stage could not work on, and why.
#[derive(Debug)]
pub struct Letter<In, Err> {
    /// The item, as it came to the stage.
    pub item: In,
    /// The stage's error; `None` if it panicked.
    pub error: Option<Err>,
}

impl<In, Err: Send> OnError<In, Err> for Fail {
    type Arity = One;
    type Kept = ();

    const KEEPS: bool = false;

    #[inline]
    fn keep(&self, _item: &In) -> Option<()> {
        None
    }

    async fn settle(&self, _kept: Option<()>, fault: Fault<Err>) -> Settled<Err> {
        Settled::Failed(fault)
    }
}

impl<In, Err: Send> OnError<In, Err> for Skip {
    type Arity = Maybe;
    type Kept = ();

    const KEEPS: bool = false;

    #[inline]
    fn keep(&self, _item: &In) -> Option<()> {
        None
    }

    async fn settle(&self, _kept: Option<()>, fault: Fault<Err>) -> Settled<Err> {
        discard(fault);
        Settled::Skipped
    }
}

impl<In, Err, F> OnError<In, Err> for DeadLetter<F>
where
    F: Callback<Letter<In, Err>, Future: Send> + Send + Sync,
    In: Clone + Send,
    Err: Send,
{
    type Arity = Maybe;
    type Kept = In;

    const KEEPS: bool = true;

    fn keep(&self, item: &In) -> Option<In> {
        Some(item.clone())
    }

    async fn settle(&self, item: Option<In>, fault: Fault<Err>) -> Settled<Err> {
        let Some(item) = item else { return Settled::Failed(fault) };
        let error = match fault {
            Fault::Error(error) => Some(error),
            Fault::Panic(panic) => {
                discard(panic);
                None
            }
        };
        // An item whose letter could not be handed over has failed.
        let handed = Contained::new(async move {
            self.0.clone().call(Letter { item, error }).await;
        });
        match handed.await {
            Ok(()) => Settled::DeadLettered,
            Err(panic) => Settled::Failed(Fault::Panic(panic)),
        }
    }
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Fail {}
    impl Sealed for super::Skip {}
    impl<F> Sealed for super::DeadLetter<F> {}
}
