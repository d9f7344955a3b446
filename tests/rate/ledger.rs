//! What a limiter was seen to do, held against what it may do.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use mtaio::Instant;

/// So much later may who waits be and lose nothing by it.
pub const GRACE: Duration = Duration::from_millis(3);

/// All that happened, in order.
#[derive(Clone)]
pub struct Ledger {
    burst: u32,
    lines: Arc<Mutex<Vec<(Instant, Line)>>>,
}

#[derive(Clone, Copy, Debug)]
pub enum Line {
    /// The rate is so many a second from now on.
    Rate(f64),
    Admitted(u32),
    Refunded(u32),
}

impl Ledger {
    pub fn new(burst: u32, rate: f64) -> Self {
        Self { burst, lines: Arc::new(Mutex::new(vec![(Instant::ZERO, Line::Rate(rate))])) }
    }

    pub fn note(&self, now: Instant, line: Line) {
        self.lines().push((now, line));
    }

    fn lines(&self) -> MutexGuard<'_, Vec<(Instant, Line)>> {
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// No token was made: in any window of time no more was admitted than a whole burst and what
    /// came in that time and the grace, beside what was given back in it.
    ///
    /// Who waited writes down its admission when it is polled, a little after the fact, so the order
    /// within an instant is not known.
    pub fn check_windows(&self) {
        let lines = self.lines();
        let same_instant = |one: usize, other: usize| {
            lines.get(other).is_some_and(|&(instant, _)| instant == lines[one].0)
        };
        let (mut rate_before, mut fastest) = (0.0, 0.0_f64);
        for (first, &(start, line)) in lines.iter().enumerate() {
            if let Line::Rate(rate) = line {
                rate_before = rate;
                fastest = fastest.max(rate);
            }
            if first > 0 && same_instant(first, first - 1) {
                continue;
            }
            let (mut rate, mut last) = (rate_before, start);
            let (mut admitted, mut may) = (0, f64::from(self.burst));
            for (index, &(now, line)) in lines.iter().enumerate().skip(first) {
                may += rate * (now - last).as_secs_f64();
                last = now;
                match line {
                    Line::Rate(new) => (rate, fastest) = (new, fastest.max(new)),
                    Line::Admitted(weight) => admitted += weight,
                    Line::Refunded(weight) => may += f64::from(weight),
                }
                let may = may + fastest * GRACE.as_secs_f64() + 1e-5;
                assert!(
                    same_instant(index, index + 1) || f64::from(admitted) <= may,
                    "{admitted} were admitted from {start:?} to {now:?}, where {may} may be: {lines:?}"
                );
            }
        }
    }

    /// No token was lost and none made: how many there are `now` lies between a model that makes
    /// every delay good, up to the grace, and one that makes none good.
    pub fn check_available(&self, now: Instant, available: u32) {
        let burst = f64::from(self.burst);
        let most = (burst - self.debt(now, GRACE.as_secs_f64())).floor() + 1e-6;
        let least = (burst - self.debt(now, 0.0)).floor().max(0.0) - 1e-6;
        let there = f64::from(available);
        assert!(
            (least - 1.0..=most + 1.0).contains(&there),
            "{there} are there at {now:?}, between {least} and {most} must be"
        );
    }

    /// What is owed, in items.
    fn debt(&self, end: Instant, grace: f64) -> f64 {
        let (mut debt, mut rate, mut last) = (0.0_f64, 0.0, Instant::ZERO);
        let mut lines = self.lines().clone();
        // Nothing of what is given back is lost, or as much as can be.
        lines.sort_by_key(|&(now, line)| (now, matches!(line, Line::Refunded(_)) == (grace > 0.0)));
        // An admission may be from before a change of the same instant.
        let mut fastest = 0.0_f64;
        for (now, line) in lines {
            debt -= rate * (now - last).as_secs_f64();
            if now > last {
                fastest = rate;
            }
            last = now;
            match line {
                Line::Rate(new) => (rate, fastest) = (new, fastest.max(new)),
                Line::Admitted(weight) => debt = debt.max(-grace * fastest) + f64::from(weight),
                Line::Refunded(weight) => debt -= f64::from(weight),
            }
        }
        debt -= rate * (end - last).as_secs_f64();
        debt.max(0.0)
    }
}
