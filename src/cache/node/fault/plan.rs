use std::time::Duration;

use mtaio_runtime::Runtime;

use crate::config::{ConfigError, LONGEST};

/// What goes wrong at a [`FaultNode`](super::FaultNode), and how often: nothing unless said.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[must_use = "faults happen when they are given to a node"]
pub struct NodeFaults {
    latency: (Duration, Duration),
    errors: f64,
    lost_requests: f64,
    lost_replies: f64,
}

/// What becomes of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Done,
    /// An error instead: before it is done, or after.
    Error {
        is_done: bool,
    },
    /// It never gets there.
    LostRequest,
    /// It is done, and nobody hears of it.
    LostReply,
}

impl NodeFaults {
    /// None.
    pub const fn new() -> Self {
        let latency = (Duration::ZERO, Duration::ZERO);
        Self { latency, errors: 0.0, lost_requests: 0.0, lost_replies: 0.0 }
    }

    /// How long the way to the node and back takes together, each call another time.
    pub const fn latency(mut self, least: Duration, most: Duration) -> Self {
        self.latency = (least, most);
        self
    }

    /// Which part of the calls fails, half of them only after it was done; 0 to 1.
    pub const fn errors(mut self, part: f64) -> Self {
        self.errors = part;
        self
    }

    /// Which part of the calls never gets to the node, and is never answered; 0 to 1.
    pub const fn lost_requests(mut self, part: f64) -> Self {
        self.lost_requests = part;
        self
    }

    /// Which part of the calls is done, and never answered; 0 to 1.
    pub const fn lost_replies(mut self, part: f64) -> Self {
        self.lost_replies = part;
        self
    }

    pub(super) fn check(&self) -> Result<(), ConfigError> {
        let parts = [
            ("errors", self.errors),
            ("lost_requests", self.lost_requests),
            ("lost_replies", self.lost_replies),
        ];
        for (field, part) in parts {
            if !(0.0..=1.0).contains(&part) {
                return Err(ConfigError::new(field, part.to_string(), "0 to 1"));
            }
        }
        if parts.iter().map(|(_, part)| part).sum::<f64>() > 1.0 {
            let allowed = "with the other parts no more than 1";
            return Err(ConfigError::new("errors", self.errors.to_string(), allowed));
        }
        let (least, most) = self.latency;
        if least > most || most > LONGEST {
            let allowed = "from the least to the most, and at most 100 years";
            return Err(ConfigError::new("latency", format!("{least:?} to {most:?}"), allowed));
        }
        Ok(())
    }

    /// What becomes of the next call, and how long its two ways take.
    pub(super) fn draw<R: Runtime>(&self, rt: &R) -> (Fate, Duration, Duration) {
        let (least, most) = self.latency;
        let span = u64::try_from((most - least).as_nanos()).unwrap_or(u64::MAX);
        let latency = least + Duration::from_nanos(bounded(rt, span));
        let there = Duration::from_nanos(bounded(rt, latency.as_nanos() as u64));
        (self.fate(rt), there, latency.saturating_sub(there))
    }

    fn fate<R: Runtime>(&self, rt: &R) -> Fate {
        let faults = self.errors + self.lost_requests + self.lost_replies;
        if faults == 0.0 {
            return Fate::Done;
        }
        // 53 bits, which are a part of 1.
        let mut drawn = (rt.entropy() >> 11) as f64 / (1_u64 << 53) as f64;
        let fates = [
            (self.errors / 2.0, Fate::Error { is_done: false }),
            (self.errors / 2.0, Fate::Error { is_done: true }),
            (self.lost_requests, Fate::LostRequest),
            (self.lost_replies, Fate::LostReply),
        ];
        for (part, fate) in fates {
            if drawn < part {
                return fate;
            }
            drawn -= part;
        }
        Fate::Done
    }
}

/// From 0 to `most`.
fn bounded<R: Runtime>(rt: &R, most: u64) -> u64 {
    if most == 0 {
        return 0;
    }
    ((u128::from(rt.entropy()) * (u128::from(most) + 1)) >> 64) as u64
}
