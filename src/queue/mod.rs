//! What the parts that keep many things waiting or in flight share.

mod permits;
mod slots;
#[cfg(test)]
mod testing;

pub(crate) use self::permits::{Acquire, Permit, Permits};
pub(crate) use self::slots::SlotSet;
