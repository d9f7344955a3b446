//! Held against a model that keeps all that it is told, and counts it again each time.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use mtaio::policy::{BreakerConfig, BreakerState, Call};
use mtaio::{Instant, Runtime, RuntimeExt};
use mtaio_sim::{Explore, Sim};

use crate::{breaker, ms};

const WINDOW: usize = 20;
const TENTH: Duration = ms(10);
const OPEN_FOR: Duration = ms(50);
const SLOW: Duration = ms(3);
const PROBES: u32 = 3;

/// One outcome: when, whether it failed, whether it was slow.
type Outcome = (Instant, bool, bool);

struct Model {
    is_timed: bool,
    era: u32,
    state: BreakerState,
    outcomes: VecDeque<Outcome>,
    until: Instant,
    since: Instant,
    round: u32,
    lent: u32,
    answers: Vec<(bool, bool)>,
}

impl Model {
    /// Whether a call is let through, and in which era and round.
    fn admit(&mut self, now: Instant) -> Option<(u32, u32)> {
        if self.state == BreakerState::Open {
            if now < self.until {
                return None;
            }
            self.begin(BreakerState::HalfOpen);
            (self.since, self.round, self.lent) = (now, 0, 0);
            self.answers.clear();
        }
        if self.state == BreakerState::HalfOpen {
            if self.lent as usize + self.answers.len() >= PROBES as usize {
                if now < self.since + OPEN_FOR {
                    return None;
                }
                (self.since, self.round, self.lent) = (now, self.round + 1, 0);
            }
            self.lent += 1;
        }
        Some((self.era, self.round))
    }

    /// `answer` is whether it succeeded, and nothing for a call that was dropped.
    fn settle(&mut self, now: Instant, (era, round): (u32, u32), answer: Option<bool>, slow: bool) {
        if era != self.era {
            return;
        }
        let counts = answer.is_some() || slow;
        let failed = answer == Some(false);
        match self.state {
            BreakerState::Closed if counts => {
                self.outcomes.push_back((now, failed, slow));
                if self.are_too_many(now) {
                    self.open(now);
                }
            }
            BreakerState::HalfOpen => {
                if round == self.round {
                    self.lent -= 1;
                }
                if counts {
                    self.answers.push((failed, slow));
                }
                let bad =
                    |of: fn(&(bool, bool)) -> bool| self.answers.iter().filter(|a| of(a)).count();
                let (failures, slow) = (bad(|a| a.0), bad(|a| a.1));
                let fine = |bad: usize| self.answers.len() - bad;
                if failures >= 2 || slow >= 3 {
                    self.open(now);
                } else if fine(failures) >= 2 && fine(slow) >= 1 {
                    self.begin(BreakerState::Closed);
                    self.outcomes.clear();
                }
            }
            _ => {}
        }
    }

    fn are_too_many(&mut self, now: Instant) -> bool {
        self.forget(now);
        let all = self.outcomes.len();
        let (failures, slow) = self.counts();
        all >= 5 && (failures * 2 >= all || slow * 4 >= all * 3)
    }

    fn forget(&mut self, now: Instant) {
        if self.is_timed {
            let bucket = |at: Instant| (at - Instant::ZERO).as_nanos() / TENTH.as_nanos();
            self.outcomes.retain(|(at, ..)| bucket(*at) + 10 > bucket(now));
        } else {
            while self.outcomes.len() > WINDOW {
                self.outcomes.pop_front();
            }
        }
    }

    fn counts(&self) -> (usize, usize) {
        let failures = self.outcomes.iter().filter(|(_, failed, _)| *failed).count();
        (failures, self.outcomes.iter().filter(|(_, _, slow)| *slow).count())
    }

    fn open(&mut self, now: Instant) {
        self.begin(BreakerState::Open);
        self.until = now + OPEN_FOR;
    }

    fn begin(&mut self, state: BreakerState) {
        self.era += 1;
        self.state = state;
        self.round = 0;
    }
}

/// A walk of two thousand steps: calls begin, wait, and end in any order, or are dropped.
async fn walk(rt: Sim, is_timed: bool, states: &[AtomicU64; 3]) {
    let config = BreakerConfig::new()
        .min_calls(5)
        .failure_rate(0.5)
        .slow_calls(SLOW, 0.75)
        .open_for(OPEN_FOR)
        .probes(PROBES);
    let config = match is_timed {
        true => config.time_window(TENTH * 10),
        false => config.window(WINDOW as u32),
    };
    let breaker = breaker(&rt, config);
    let mut model = Model {
        is_timed,
        era: 0,
        state: BreakerState::Closed,
        outcomes: VecDeque::new(),
        until: Instant::ZERO,
        since: Instant::ZERO,
        round: 0,
        lent: 0,
        answers: Vec::new(),
    };
    let mut running: Vec<(Call<'_, Sim>, (u32, u32), Instant)> = Vec::new();
    // How likely a call is to fail changes now and then.
    let mut of_ten = 1;
    for step in 0..2_000 {
        let draw = rt.entropy();
        if step % 50 == 0 {
            of_ten = [0, 1, 3, 9][(draw >> 40 & 3) as usize];
        }
        let now = rt.now();
        match draw % 16 {
            0..=6 if running.len() < 8 => match (breaker.try_begin(), model.admit(now)) {
                (Ok(call), Some(begun)) => running.push((call, begun, now)),
                (Err(_), None) => {}
                (Ok(_), None) => panic!("{step}: it was let through"),
                (Err(open), Some(_)) => panic!("{step}: {open}"),
            },
            7..=12 if !running.is_empty() => {
                let (call, begun, since) =
                    running.swap_remove((draw as usize >> 8) % running.len());
                let slow = now - since >= SLOW;
                let succeeds = draw >> 16 & 0xff >= of_ten * 26;
                let answer = (draw >> 24 & 7 != 0).then_some(succeeds);
                match answer {
                    Some(true) => call.success(),
                    Some(false) => call.failure(),
                    None => drop(call),
                }
                model.settle(now, begun, answer, slow);
            }
            13 | 14 => rt.sleep(ms(1)).await,
            15 if draw >> 32 & 15 == 0 => rt.sleep(ms(40)).await,
            _ => {}
        }
        let stats = breaker.stats();
        assert_eq!(stats.state, model.state, "{step}");
        let seen = match stats.state {
            BreakerState::Closed => 0,
            BreakerState::Open => 1,
            _ => 2,
        };
        states[seen].fetch_add(1, Ordering::Relaxed);
        if model.state == BreakerState::Closed {
            model.forget(rt.now());
            let (failures, slow) = model.counts();
            let counted = (model.outcomes.len() as u64, failures as u64, slow as u64);
            assert_eq!((stats.calls, stats.failures, stats.slow), counted, "{step}");
        }
    }
}

fn walks(is_timed: bool) {
    let states = <[AtomicU64; 3]>::default();
    Sim::explore(Explore::new().seeds(0..100), |rt| walk(rt, is_timed, &states));
    let states = states.map(AtomicU64::into_inner);
    assert!(states.iter().all(|steps| *steps > 1_000), "it was hardly in one of them: {states:?}");
}

#[test]
fn a_window_of_calls() {
    walks(false);
}

#[test]
fn a_window_of_time() {
    walks(true);
}
