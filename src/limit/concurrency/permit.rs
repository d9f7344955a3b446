use std::fmt;
use std::mem::ManuallyDrop;
use std::sync::Arc;

use mtaio_runtime::{DynRuntime, Runtime};

use super::core::Core;

/// What a [`ConcurrencyLimiter`](super::ConcurrencyLimiter) admitted; dropping it gives it back.
///
/// One that is forgotten ([`std::mem::forget`]) is out for ever: what may be out besides is less by
/// its weight, until the limit is raised. [`forget`](Self::forget) says so to the limiter.
#[must_use = "it is given back when it is dropped"]
pub struct Permit<'a, R: Runtime = DynRuntime> {
    core: &'a Core<R>,
    weight: u32,
}

impl<'a, R: Runtime> Permit<'a, R> {
    /// Makes it the guard's to give back what was taken.
    #[inline]
    pub(super) const fn taken(core: &'a Core<R>, weight: u32) -> Self {
        Self { core, weight }
    }

    /// Its weight.
    pub const fn weight(&self) -> u32 {
        self.weight
    }

    /// Takes it out of circulation: the limit is lower by its weight, at least zero, until it is
    /// [set](super::ConcurrencyLimiter::set_limit) anew. Those who wait with more than that are
    /// refused.
    pub fn forget(self) {
        let permit = ManuallyDrop::new(self);
        permit.core.write_off(permit.weight);
    }
}

impl<R: Runtime> Drop for Permit<'_, R> {
    #[inline]
    fn drop(&mut self) {
        self.core.give(self.weight);
    }
}

impl<R: Runtime> fmt::Debug for Permit<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Permit").field("weight", &self.weight).finish_non_exhaustive()
    }
}

/// As [`Permit`], with a handle of the limiter: for a task or a value that outlives the borrow.
#[must_use = "it is given back when it is dropped"]
pub struct OwnedPermit<R: Runtime = DynRuntime> {
    core: Arc<Core<R>>,
    weight: u32,
}

impl<R: Runtime> OwnedPermit<R> {
    /// Makes it the guard's to give back what was taken.
    pub(super) const fn taken(core: Arc<Core<R>>, weight: u32) -> Self {
        Self { core, weight }
    }

    /// Its weight.
    pub const fn weight(&self) -> u32 {
        self.weight
    }

    /// Takes it out of circulation. See [`Permit::forget`].
    pub fn forget(mut self) {
        // What is left to be given back is nothing.
        let weight = std::mem::take(&mut self.weight);
        self.core.write_off(weight);
    }
}

impl<R: Runtime> Drop for OwnedPermit<R> {
    fn drop(&mut self) {
        self.core.give(self.weight);
    }
}

impl<R: Runtime> fmt::Debug for OwnedPermit<R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OwnedPermit").field("weight", &self.weight).finish_non_exhaustive()
    }
}
