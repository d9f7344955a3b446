//! How many items come of one, as types: so that a pipeline's `process` answers what it must.

use super::boxed::{Erased, ErasedEach};

/// How many items a pipeline makes of one.
pub trait Arity: sealed::Sealed + Send + Sync + 'static {
    /// How many two make, one after the other.
    type Then<Next: Arity>: Arity;
    /// How many two make, with this one after a [`Maybe`].
    type AfterMaybe: Arity;
    /// What a pipeline of this kind can do behind a type that names no stage.
    #[doc(hidden)]
    type Erased<In, Out, E>: Erased<In, Out, E> + ?Sized;
}

/// One: `process` answers it.
#[derive(Clone, Copy, Debug)]
pub struct One;

/// One or none, after a filter or where an item may be skipped: `process` answers an `Option`.
#[derive(Clone, Copy, Debug)]
pub struct Maybe;

/// None, one or many, at any time: there is no `process`, only runs.
#[derive(Clone, Copy, Debug)]
pub struct Many;

impl Arity for One {
    type Then<Next: Arity> = Next;
    type AfterMaybe = Maybe;
    type Erased<In, Out, E> = dyn ErasedEach<In, Out, E>;
}

impl Arity for Maybe {
    type Then<Next: Arity> = Next::AfterMaybe;
    type AfterMaybe = Self;
    type Erased<In, Out, E> = dyn ErasedEach<In, Out, E>;
}

impl Arity for Many {
    type Then<Next: Arity> = Self;
    type AfterMaybe = Self;
    type Erased<In, Out, E> = dyn Erased<In, Out, E>;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::One {}
    impl Sealed for super::Maybe {}
    impl Sealed for super::Many {}
}
