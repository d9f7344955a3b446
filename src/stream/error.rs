use mtaio_runtime::Panic;
use thiserror::Error;

use crate::retryable::Retryable;

/// The call for one item of a stream panicked. The other items go on.
#[derive(Debug, Error)]
#[error("the call for item {index} panicked: {panic}")]
pub struct CallPanicked {
    index: u64,
    panic: Panic,
}

impl CallPanicked {
    pub(super) const fn new(index: u64, panic: Panic) -> Self {
        Self { index, panic }
    }

    /// The item's place in the source, from zero.
    pub const fn index(&self) -> u64 {
        self.index
    }

    /// What the panic said.
    pub fn message(&self) -> &str {
        self.panic.message()
    }

    pub(crate) fn into_panic(self) -> Panic {
        self.panic
    }

    /// Goes on panicking, here.
    ///
    /// # Panics
    ///
    /// Always, with what the call panicked with.
    pub fn resume(self) -> ! {
        self.panic.resume()
    }
}

impl Retryable for CallPanicked {
    /// Never: a panic is a mistake of the program.
    fn is_retryable(&self) -> bool {
        false
    }
}
