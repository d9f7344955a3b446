//! What the machine does.

mod metrics;
mod parse;
mod proc;
#[cfg(test)]
mod tests;

pub(super) use self::metrics::{collect, usage};
pub use self::proc::Proc;

use std::borrow::Cow;
use std::time::Duration;

use thiserror::Error;

use crate::retryable::Retryable;

/// Who can tell what the machine does: [`Proc`], or anything that makes a [`System`].
///
/// It is asked where it may block, and by one at a time. A closure is one: in a simulation, a script.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use mtaio::RuntimeExt;
/// use mtaio::monitor::{Load, Monitor, System};
///
/// # mtaio_sim::Sim::run(0, |rt| async move {
/// let mut minutes = 0;
/// let monitor = Monitor::new(&rt)
///     .interval(Duration::from_secs(60))
///     .system(move || {
///         let mut system = System::default();
///         system.load = Ok(Load { one: f64::from(minutes), ..Load::default() });
///         minutes += 1;
///         system
///     })
///     .build()?;
/// monitor.start();
/// rt.sleep(Duration::from_secs(150)).await;
/// assert_eq!(monitor.current().unwrap().system.load.as_ref().unwrap().one, 2.0);
/// # monitor.stop().await;
/// # Ok::<(), mtaio::ConfigError>(())
/// # }).unwrap();
/// ```
pub trait SystemSource: Send + 'static {
    /// What the machine does now.
    fn read(&mut self) -> System;
}

impl<F: FnMut() -> System + Send + 'static> SystemSource for F {
    fn read(&mut self) -> System {
        self()
    }
}

/// What the machine does, as far as that can be told.
///
/// The parts are as they are on purpose, for sources to make them; there may be more of them.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct System {
    /// What its processors did since it was started.
    pub cpu: Result<Cpu, Unsupported>,
    /// What memory it has.
    pub memory: Result<Memory, Unsupported>,
    /// How many want to run.
    pub load: Result<Load, Unsupported>,
    /// What went from its disks and to them since it was started.
    pub disk: Result<Io, Unsupported>,
    /// What came by its network and left by it since it was started, but for what it told itself.
    pub network: Result<Io, Unsupported>,
    /// What this process takes of it.
    pub process: Result<Process, Unsupported>,
}

/// What processors did, all of them together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cpu {
    /// How long they worked.
    pub busy: Duration,
    /// How long they did not, or waited for a disk.
    pub idle: Duration,
    /// How many there are.
    pub cores: u32,
}

/// Memory, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// All of it.
    pub total: u64,
    /// What programs can have without swapping.
    pub available: u64,
    /// All of the swap.
    pub swap_total: u64,
    /// What of it is free.
    pub swap_free: u64,
}

/// How many threads run or want to, on average.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Load {
    /// Over the last minute.
    pub one: f64,
    /// Over the last five minutes.
    pub five: f64,
    /// Over the last fifteen minutes.
    pub fifteen: f64,
    /// How many threads there are in all.
    pub threads: u64,
}

/// What came and went, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Io {
    /// What was read or received.
    pub read: u64,
    /// What was written or sent.
    pub written: u64,
}

/// What a process takes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Process {
    /// How long processors worked for it.
    pub busy: Duration,
    /// Its memory that is not swapped, in bytes.
    pub resident: u64,
    /// How many threads it has.
    pub threads: u32,
}

/// Something that can't be told here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{what}` can't be told here: {why}")]
pub struct Unsupported {
    what: &'static str,
    why: Cow<'static, str>,
}

impl Unsupported {
    /// `what` can't be told, and why.
    pub fn new(what: &'static str, why: impl Into<Cow<'static, str>>) -> Self {
        Self { what, why: why.into() }
    }

    /// What is missing: the name of the field of [`System`].
    pub const fn what(&self) -> &'static str {
        self.what
    }

    /// Why.
    pub fn why(&self) -> &str {
        &self.why
    }
}

impl Retryable for Unsupported {
    /// Never: the machine is the same then.
    fn is_retryable(&self) -> bool {
        false
    }
}

impl System {
    /// Nothing of it can be told, for this reason.
    pub fn unsupported(why: impl Into<Cow<'static, str>>) -> Self {
        let why = why.into();
        let missing = |what| Unsupported::new(what, why.clone());
        Self {
            cpu: Err(missing("cpu")),
            memory: Err(missing("memory")),
            load: Err(missing("load")),
            disk: Err(missing("disk")),
            network: Err(missing("network")),
            process: Err(missing("process")),
        }
    }

    /// What is missing of it.
    pub fn missing(&self) -> impl Iterator<Item = &Unsupported> {
        let parts = [
            self.cpu.as_ref().err(),
            self.memory.as_ref().err(),
            self.load.as_ref().err(),
            self.disk.as_ref().err(),
            self.network.as_ref().err(),
            self.process.as_ref().err(),
        ];
        parts.into_iter().flatten()
    }
}

impl Default for System {
    /// Nothing is told: for a source to say what it knows.
    fn default() -> Self {
        Self::unsupported("its source doesn't tell it")
    }
}
