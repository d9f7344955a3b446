use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mtaio_runtime::{Instant, Runtime};

use super::config::Settings;
use super::error::Open;
use super::head::{Era, Head};
use super::stats::{BreakerState, BreakerStats};
use super::trial::{Finding, Trial};
use super::window::{Grade, Limits, Tally, Window};
use crate::policy::listener::{Listener, PolicyEvent, tell};
use crate::queue::lock;

/// A breaker, behind its handles.
///
/// While it is closed, calls take no lock. Eras are begun under the trial's lock alone, but calls
/// that see an era may be recorded after it is over: each has to ask.
pub(super) struct Core<R> {
    head: Head,
    window: Window,
    limits: Limits,
    settings: Settings,
    /// Until when it is open, in the clock's nanoseconds; written before that era begins.
    open_until: AtomicU64,
    trial: Mutex<Trial>,
    refused: AtomicU64,
    opened: AtomicU64,
    listener: Option<Arc<dyn Listener>>,
    rt: R,
}

/// A call that was let through.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ticket {
    /// In the high half the era; in the low one the round of the trial, for a call that is part of
    /// one. (As two fields they would be written apart and read as one, for which a processor waits
    /// longer than for all else here.)
    seat: u64,
    /// When it began, where slow calls are told.
    begun: Option<Instant>,
}

impl Ticket {
    #[inline]
    const fn era(self) -> Era {
        Era::of(self.seat)
    }

    const fn round(self) -> u32 {
        self.seat as u32
    }
}

/// How a call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Answer {
    Success,
    Failure,
    /// Nobody waited for its end.
    Dropped,
}

impl<R: Runtime> Core<R> {
    pub(super) fn new(rt: &R, settings: Settings, listener: Option<Arc<dyn Listener>>) -> Self {
        let head = Head::default();
        Self {
            window: Window::new(settings.span, head.era()),
            head,
            limits: Limits::new(&settings),
            settings,
            open_until: AtomicU64::new(0),
            trial: Mutex::new(Trial::new(Instant::ZERO)),
            refused: AtomicU64::new(0),
            opened: AtomicU64::new(0),
            listener,
            rt: rt.clone(),
        }
    }

    /// Lets a call through, or refuses it.
    #[inline]
    pub(super) fn admit(&self) -> Result<Ticket, Open> {
        let era = self.head.era();
        if era.is_closed() {
            return Ok(self.ticket(era, 0));
        }
        self.admit_unless_open(era).inspect_err(|_| {
            self.refused.fetch_add(1, Ordering::Relaxed);
            self.tell(PolicyEvent::Limited);
        })
    }

    /// Takes the answer of a call that was let through.
    #[inline]
    pub(super) fn settle(&self, ticket: Ticket, answer: Answer) {
        let era = ticket.era();
        match &self.window {
            // What is to be quick, and is kept apart so that it is inlined.
            Window::Calls(ring)
                if ticket.begun.is_none() && era.is_closed() && answer != Answer::Dropped =>
            {
                let grade = Grade { failed: answer == Answer::Failure, slow: false };
                self.judge(era, ring.record(&self.head, era, grade));
            }
            _ => self.settle_any(ticket, answer),
        }
    }

    #[inline(never)]
    fn settle_any(&self, ticket: Ticket, answer: Answer) {
        let slow = ticket.begun.is_some_and(|begun| self.is_slow(begun));
        if answer == Answer::Dropped && !slow {
            return self.forget(ticket);
        }
        let grade = Grade { failed: answer == Answer::Failure, slow };
        if !ticket.era().is_closed() {
            return self.settle_probe(ticket, grade);
        }
        self.judge(ticket.era(), self.window.record(&self.head, ticket.era(), &self.rt, grade));
    }

    /// Opens, if there is too much in the window with the last call of `era`.
    #[inline]
    fn judge(&self, era: Era, tally: Option<Tally>) {
        if tally.is_some_and(|tally| self.limits.are_exceeded_by(tally)) {
            self.open(era);
        }
    }

    /// Begins an era in `state`, whatever the present one is.
    pub(super) fn force(&self, state: BreakerState) {
        let trial = lock(&self.trial);
        self.head.begin(self.head.era().next(state));
        drop(trial);
        self.tell(match state {
            BreakerState::ForcedOpen => PolicyEvent::Opened { open_for: None },
            _ => PolicyEvent::Closed,
        });
    }

    pub(super) fn state(&self) -> BreakerState {
        self.head.era().state()
    }

    pub(super) fn stats(&self) -> BreakerStats {
        let era = self.head.era();
        let tally = self.window.tally(&self.head, era, &self.rt);
        BreakerStats {
            state: era.state(),
            calls: tally.calls,
            failures: tally.failures,
            slow: tally.slow,
            refused: self.refused.load(Ordering::Relaxed),
            opened: self.opened.load(Ordering::Relaxed),
        }
    }

    #[inline]
    fn ticket(&self, era: Era, round: u32) -> Ticket {
        let begun = self.settings.slow.is_some().then(|| self.rt.now());
        Ticket { seat: era.with(round), begun }
    }

    fn is_slow(&self, begun: Instant) -> bool {
        self.settings.slow.is_some_and(|(after, _)| self.rt.now() - begun >= after)
    }

    #[cold]
    fn admit_unless_open(&self, seen: Era) -> Result<Ticket, Open> {
        let now = self.rt.now();
        if seen.state() == BreakerState::Open {
            // Without the lock: this is what everybody does while it is open.
            self.check_open(now)?;
        }
        let mut trial = lock(&self.trial);
        let mut era = self.head.era();
        let mut begins = false;
        match era.state() {
            BreakerState::Closed | BreakerState::ForcedClosed => return Ok(self.ticket(era, 0)),
            BreakerState::ForcedOpen => return Err(Open::forced()),
            BreakerState::HalfOpen => {}
            BreakerState::Open => {
                self.check_open(now)?;
                era = era.next(BreakerState::HalfOpen);
                *trial = Trial::new(now);
                self.head.begin(era);
                begins = true;
            }
        }
        let Settings { probes, open_for, .. } = self.settings;
        let round = trial.lend(now, probes, open_for).ok_or(Open::until(None));
        drop(trial);
        if begins {
            self.tell(PolicyEvent::HalfOpen);
        }
        Ok(self.ticket(era, round?))
    }

    fn check_open(&self, now: Instant) -> Result<(), Open> {
        let until = Instant::from_nanos(self.open_until.load(Ordering::Relaxed));
        if now < until { Err(Open::until(Some(until - now))) } else { Ok(()) }
    }

    /// A call that was dropped, and was not slow until then.
    #[cold]
    fn forget(&self, ticket: Ticket) {
        if ticket.era().state() == BreakerState::HalfOpen {
            let mut trial = lock(&self.trial);
            if self.head.era() == ticket.era() {
                trial.give_back(ticket.round());
            }
        }
    }

    #[cold]
    fn settle_probe(&self, ticket: Ticket, grade: Grade) {
        if ticket.era().state() != BreakerState::HalfOpen {
            return;
        }
        let mut trial = lock(&self.trial);
        if self.head.era() != ticket.era() {
            return;
        }
        let finding = trial.answer(ticket.round(), grade, self.settings.probes, &self.limits);
        let event = match finding {
            Finding::Undecided => return,
            Finding::Good => {
                self.head.begin(ticket.era().next(BreakerState::Closed));
                PolicyEvent::Closed
            }
            Finding::Bad => self.begin_open(ticket.era()),
        };
        drop(trial);
        self.tell(event);
    }

    /// Opens, if `era` is still the present one.
    #[cold]
    fn open(&self, era: Era) {
        let trial = lock(&self.trial);
        if self.head.era() != era {
            return;
        }
        let event = self.begin_open(era);
        drop(trial);
        self.tell(event);
    }

    /// To be called with the trial's lock.
    fn begin_open(&self, era: Era) -> PolicyEvent {
        let open_for: Duration = self.settings.open_for;
        let until = self.rt.now() + open_for;
        self.open_until.store(until.as_nanos(), Ordering::Relaxed);
        self.opened.fetch_add(1, Ordering::Relaxed);
        self.head.begin(era.next(BreakerState::Open));
        PolicyEvent::Opened { open_for: Some(open_for) }
    }

    fn tell(&self, event: PolicyEvent) {
        if let Some(listener) = &self.listener {
            tell(listener, || event);
        }
    }
}
