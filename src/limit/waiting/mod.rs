//! How one waits for something that comes with time: in the order of coming, by weight, behind one
//! timer, whoever drops or forgets what.
//!
//! A [`Room`] keeps a [`Gauge`], which knows what is admitted and when, the line of those who wait
//! for it, and one timer for the first of them. The timer wakes the room itself, not one of the
//! waiting tasks: it lets in whoever is due, sets the timer for the next, and wakes those let in.
//! So a task that is dropped, is forgotten or does not run when it is woken holds up nobody.

mod future;
mod gauge;
mod room;
mod timer;

pub(in crate::limit) use self::future::Acquire;
pub(in crate::limit) use self::gauge::{Gauge, Refused};
pub(in crate::limit) use self::room::Room;
pub(in crate::limit) use self::timer::Timer;
