//! What becomes of the results of many pieces of work.

use std::convert::Infallible;
use std::ops::ControlFlow;

use super::error::{GatherError, RunError};

/// Takes results in, in the order in which they come, and makes one of them.
pub trait Collect<T> {
    /// What it makes.
    type Output;

    /// Takes in the result of the item at `index`; breaks when the others aren't wanted any more.
    fn push(&mut self, index: usize, result: Result<T, RunError>) -> ControlFlow<()>;

    /// What all results come to.
    fn finish(self) -> Self::Output;
}

/// Values in the order of their items, or in that of their coming.
struct Taken<T> {
    values: Vec<Option<T>>,
    ordered: bool,
}

impl<T> Taken<T> {
    fn new(ordered: bool, expected: usize) -> Self {
        Self { values: Vec::with_capacity(expected), ordered }
    }

    fn insert(&mut self, index: usize, value: T) {
        if !self.ordered {
            self.values.push(Some(value));
            return;
        }
        if self.values.len() <= index {
            self.values.resize_with(index + 1, || None);
        }
        self.values[index] = Some(value);
    }

    /// With every item there, there are no gaps to pass over.
    fn into_vec(self) -> Vec<T> {
        self.values.into_iter().flatten().collect()
    }
}

/// All values, or the first error.
pub struct FirstError<T, E> {
    values: Taken<T>,
    error: Option<GatherError<E>>,
}

impl<T, E> FirstError<T, E> {
    pub(super) fn new(ordered: bool, expected: usize) -> Self {
        Self { values: Taken::new(ordered, expected), error: None }
    }
}

impl<T, E> Collect<Result<T, E>> for FirstError<T, E> {
    type Output = Result<Vec<T>, GatherError<E>>;

    fn push(&mut self, index: usize, result: Result<Result<T, E>, RunError>) -> ControlFlow<()> {
        self.error = Some(match result {
            Ok(Ok(value)) => {
                self.values.insert(index, value);
                return ControlFlow::Continue(());
            }
            Ok(Err(error)) => GatherError::Failed { index, error },
            Err(error) => GatherError::Unfinished { index, error },
        });
        ControlFlow::Break(())
    }

    fn finish(self) -> Self::Output {
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.values.into_vec()),
        }
    }
}

/// All values, or the first that is missing.
pub struct FirstUnfinished<T>(FirstError<T, Infallible>);

impl<T> FirstUnfinished<T> {
    pub(super) fn new(ordered: bool, expected: usize) -> Self {
        Self(FirstError::new(ordered, expected))
    }
}

impl<T> Collect<T> for FirstUnfinished<T> {
    type Output = Result<Vec<T>, GatherError<Infallible>>;

    fn push(&mut self, index: usize, result: Result<T, RunError>) -> ControlFlow<()> {
        self.0.push(index, result.map(Ok))
    }

    fn finish(self) -> Self::Output {
        self.0.finish()
    }
}

/// Every result, whatever it is.
pub struct Everything<T> {
    results: Taken<Result<T, RunError>>,
}

impl<T> Everything<T> {
    pub(super) fn new(ordered: bool, expected: usize) -> Self {
        Self { results: Taken::new(ordered, expected) }
    }
}

impl<T> Collect<T> for Everything<T> {
    type Output = Vec<Result<T, RunError>>;

    fn push(&mut self, index: usize, result: Result<T, RunError>) -> ControlFlow<()> {
        self.results.insert(index, result);
        ControlFlow::Continue(())
    }

    fn finish(self) -> Self::Output {
        self.results.into_vec()
    }
}
