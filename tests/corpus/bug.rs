//! What the corpus is a list of.

use std::future::Future;
use std::pin::Pin;

use mtaio_sim::{Diagnosis, Sim};
use mtaio_tokio::Tokio;

use crate::blocks::Code;

/// A planted bug.
pub struct Bug {
    pub file: &'static str,
    pub name: &'static str,
    /// What it must be called.
    pub diagnosis: Diagnosis,
    /// Who must be among those concerned: a task's name, or the beginning of it.
    pub concerns: &'static str,
    /// What the bug is about, beyond the order of things.
    pub needs: Needs,
    pub on_sim: fn(Sim, Code) -> Scenario,
    pub on_tokio: fn(Tokio, Code) -> Scenario,
}

pub type Scenario = Pin<Box<dyn Future<Output = ()>>>;

/// What a bug needs to show, beside seeds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Needs {
    Seeds,
    LateTimers,
    SpuriousPolls,
    WallClockJumps,
    /// The task `worker` is dropped at each of its awaits.
    Cancel,
    RunTwice,
    /// A look for lost wakeups before each advance of time.
    RescueBeforeTime,
}

/// The table of all bugs, and for each of them a test alone and one beside a periodic timer.
macro_rules! corpus {
    ($($file:ident {
        $($name:ident: $diagnosis:ident of $concerns:literal $(, with $needs:ident)?;)+
    })+) => {
        pub const CORPUS: &[Bug] = &[$($(Bug {
            file: stringify!($file),
            name: stringify!($name),
            diagnosis: mtaio_sim::Diagnosis::$diagnosis,
            concerns: $concerns,
            needs: $crate::bug::needs!($($needs)?),
            on_sim: |rt, code| Box::pin($file::$name(rt, code)),
            on_tokio: |rt, code| Box::pin($file::$name(rt, code)),
        }),+),+];

        mod is_found {
            $($(
                #[test]
                fn $name() {
                    $crate::on_sim::finds(stringify!($name), $crate::on_sim::Place::Alone);
                }
            )+)+
        }

        mod is_found_beside_a_ticker {
            $($(
                #[test]
                fn $name() {
                    $crate::on_sim::finds(stringify!($name), $crate::on_sim::Place::BesideATicker);
                }
            )+)+
        }
    };
}

macro_rules! needs {
    () => {
        $crate::bug::Needs::Seeds
    };
    ($needs:ident) => {
        $crate::bug::Needs::$needs
    };
}

pub(crate) use {corpus, needs};
