use std::time::Duration;

use mtaio_runtime::{Ambient, Instant, Runtime};

use super::attempt::Attempt;
use super::classify::Verdict;
use super::error::{GaveUp, RetryError};
use super::{Plan, Retry};
use crate::policy::listener::{Listener, PolicyEvent, tell};
use crate::time::Delays;

/// Where a call stands: which attempt it makes, since when, and what it would wait for next.
///
/// Neither the clock nor the backoff is looked at before they are needed.
pub(crate) struct Attempts<R> {
    attempt: Attempt,
    begun: Option<Instant>,
    delays: Option<Delays<R>>,
}

/// After so many attempts other tasks get their turn, though nothing was waited for.
const ATTEMPTS_A_TURN: u32 = 32;

impl<R: Runtime> Attempts<R> {
    /// Begins a call with its first attempt.
    #[inline]
    pub(crate) fn begin<C, L: Listener>(retry: &Retry<C, L>) -> Self {
        if let Some(budget) = &retry.budget {
            budget.deposit();
        }
        let attempt = Attempt::FIRST;
        tell(&retry.listener, || PolicyEvent::Attempt(attempt));
        Self { attempt, begun: None, delays: None }
    }

    /// The attempt that is being made.
    pub(crate) const fn attempt(&self) -> Attempt {
        self.attempt
    }

    /// Takes the time, unless it was taken: at the first pending poll of the first attempt.
    #[inline]
    pub(crate) fn pending(&mut self, rt: &R) {
        if self.begun.is_none() {
            self.begun = Some(rt.now());
        }
    }

    /// What to do after the attempt has failed: wait until then and begin [the
    /// next](Self::begin_next), or give up.
    pub(crate) fn failed<C, L: Listener>(
        &mut self,
        retry: &Retry<C, L>,
        rt: &R,
        verdict: Verdict,
    ) -> Result<Instant, GaveUp> {
        let now = rt.now();
        let begun = *self.begun.get_or_insert(now);
        let attempt = self.attempt;
        let next = self.next_delay(&retry.plan, rt, verdict).and_then(|delay| {
            let next = now + delay;
            if retry.plan.max_time.is_some_and(|time| next > begun + time) {
                return Err(GaveUp::Time);
            }
            if Ambient::current().deadline().is_some_and(|deadline| next >= deadline) {
                return Err(GaveUp::Deadline);
            }
            // Last, since it is taken out of what others could use.
            let is_granted = retry.budget.as_ref().is_none_or(|budget| budget.try_withdraw(now));
            if is_granted { Ok((delay, next)) } else { Err(GaveUp::Budget) }
        });
        tell(&retry.listener, || match next {
            Ok((delay, _)) => PolicyEvent::Retry { attempt, delay },
            Err(reason) => PolicyEvent::GaveUp { attempt, reason },
        });
        next.map(|(_, at)| at)
    }

    /// Whether other tasks are to run before the next attempt: calls that fail at once, with no
    /// delay between them, would hold the thread.
    pub(crate) const fn is_turn_over(&self) -> bool {
        self.attempt.number().is_multiple_of(ATTEMPTS_A_TURN)
    }

    /// The next attempt begins.
    pub(crate) fn begin_next<C, L: Listener>(&mut self, retry: &Retry<C, L>) {
        self.attempt = self.attempt.next();
        tell(&retry.listener, || PolicyEvent::Attempt(self.attempt));
    }

    /// The error of a call that was given up.
    pub(crate) fn error<E>(&self, rt: &R, reason: GaveUp, last: E) -> RetryError<E> {
        let elapsed = self.begun.map_or(Duration::ZERO, |begun| rt.now() - begun);
        RetryError { attempts: self.attempt.number(), elapsed, reason, last }
    }

    fn next_delay(&mut self, plan: &Plan, rt: &R, verdict: Verdict) -> Result<Duration, GaveUp> {
        if verdict == Verdict::Stop {
            return Err(GaveUp::Stopped);
        }
        if plan.max_attempts.is_some_and(|most| self.attempt.number() >= most) {
            return Err(GaveUp::Attempts);
        }
        if let Verdict::After(delay) = verdict {
            return Ok(delay);
        }
        let delays = self.delays.get_or_insert_with(|| plan.backoff.checked_delays(rt));
        // They have no end.
        Ok(delays.next().unwrap_or_default())
    }
}
