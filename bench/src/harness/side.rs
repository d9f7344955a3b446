use std::error::Error;
use std::future::Future;
use std::hint::black_box;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::time::Instant;

use allocation_counter::{measure, opt_out};
use tokio::task::unconstrained;

use crate::host::Host;

/// Whatever kept a side from running.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// How running a side ended.
pub(crate) type Outcome<T = ()> = Result<T, BoxError>;

/// What a side's figures count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Unit {
    /// Nanoseconds an operation.
    Nanos,
    /// Allocations an operation, on the thread that runs it.
    Allocations,
    /// Bytes on the heap, of one item.
    Bytes,
    /// Look-ups that found nothing, of a hundred.
    MissPercent,
}

impl Unit {
    /// Its name in tables and files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Nanos => "ns",
            Self::Allocations => "allocs",
            Self::Bytes => "bytes",
            Self::MissPercent => "miss %",
        }
    }

    /// How many digits behind the point mean something.
    pub(super) const fn digits(self) -> usize {
        match self {
            Self::Allocations => 3,
            Self::MissPercent => 2,
            Self::Nanos | Self::Bytes => 1,
        }
    }
}

/// One side of a contest: does an operation so many times, and tells what all of them took.
pub(crate) struct Side {
    unit: Unit,
    run: Box<dyn FnMut(u64) -> Outcome<f64>>,
}

impl Side {
    /// A side with figures in `unit`, by a function from a number of operations to their sum.
    pub(crate) fn new(unit: Unit, run: impl FnMut(u64) -> Outcome<f64> + 'static) -> Self {
        Self { unit, run: Box::new(run) }
    }

    /// What its figures count.
    pub(crate) const fn unit(&self) -> Unit {
        self.unit
    }

    /// What `times` operations take, in all.
    pub(crate) fn run(&mut self, times: u64) -> Outcome<f64> {
        (self.run)(times)
    }
}

/// A short operation that waits for nothing.
pub(crate) trait Operation<T>: Fn() -> T + Clone + Send + 'static {}

impl<T, F: Fn() -> T + Clone + Send + 'static> Operation<T> for F {}

/// Times `operation`, which needs no runtime.
pub(crate) fn timed<T>(operation: impl Operation<T>) -> Side {
    Side::new(Unit::Nanos, move |times| Ok(opt_out_of_counting(|| time(times, &operation))))
}

/// Times `operation` in the context of `host`.
pub(crate) fn timed_within<H: Host, T>(host: &H, operation: impl Operation<T>) -> Side {
    let host = host.clone();
    Side::new(Unit::Nanos, move |times| {
        let operation = operation.clone();
        opt_out_of_counting(|| host.drive(unconstrained(async move { time(times, &operation) })))
    })
}

/// Times `body`, which does as many operations as it is told, as the main future of `host`.
pub(crate) fn timed_on<H, F>(host: &H, body: impl Fn(u64) -> F + 'static) -> Side
where
    H: Host,
    F: Future<Output = Outcome> + Send + 'static,
{
    let host = host.clone();
    Side::new(Unit::Nanos, move |times| {
        let body = body(times);
        let main = async move {
            let start = Instant::now();
            body.await?;
            Ok(nanos_since(start))
        };
        opt_out_of_counting(|| host.drive(main))?
    })
}

/// Counts the allocations of `operation` in the context of `host`.
pub(crate) fn counted_within<H: Host, T>(host: &H, operation: impl Operation<T>) -> Side {
    let host = host.clone();
    Side::new(Unit::Allocations, move |times| {
        let operation = operation.clone();
        let count = async move {
            let repeat = || {
                for _ in 0..times {
                    black_box(operation());
                }
            };
            measure(repeat).count_total as f64
        };
        host.drive(unconstrained(count))
    })
}

fn time<T>(times: u64, operation: &impl Operation<T>) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        black_box(operation());
    }
    nanos_since(start)
}

fn nanos_since(start: Instant) -> f64 {
    start.elapsed().as_nanos() as f64
}

/// Runs `f` without what counting costs each allocation (4 ns, against 2 that remain): who
/// allocates more would look worse than it is. The workers of a runtime of many threads go on
/// counting, for both sides alike.
fn opt_out_of_counting<T>(f: impl FnOnce() -> T) -> T {
    let mut result = None;
    // A panic that went through `opt_out` would leave this thread opted out.
    opt_out(|| result = Some(catch_unwind(AssertUnwindSafe(f))));
    match result {
        Some(Ok(value)) => value,
        Some(Err(panic)) => resume_unwind(panic),
        None => unreachable!("`opt_out` calls its argument"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::host::SmolHost;

    #[test]
    fn allocations_are_counted_also_after_a_panic_of_a_timed_side() {
        let mut panics = timed(|| panic!("on purpose"));
        assert!(catch_unwind(AssertUnwindSafe(|| panics.run(1))).is_err());

        let host = SmolHost::new();
        let mut boxes = counted_within(&host, || Box::new(1_u8));
        assert_eq!(boxes.run(100).unwrap(), 100.0);
        let mut nothing = counted_within(&host, || 1_u8);
        assert_eq!(nothing.run(100).unwrap(), 0.0);
    }

    #[test]
    fn a_body_on_a_host_is_told_how_often() {
        let mut side = timed_on(&SmolHost::new(), |times| async move {
            if times == 7 { Ok(()) } else { Err("not 7".into()) }
        });
        assert!(side.run(7).is_ok());
        assert_eq!(side.run(8).unwrap_err().to_string(), "not 7");
    }
}
