/// What a breaker does with calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BreakerState {
    /// It lets them through.
    Closed,
    /// It refuses them. When its time is up, the next call makes it half-open.
    Open,
    /// It lets a few of them through, to see how they go.
    HalfOpen,
    /// It lets them through whatever they come to, as it was told to.
    ForcedClosed,
    /// It refuses them, as it was told to.
    ForcedOpen,
}

/// How a breaker stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerStats {
    /// What it does with calls.
    pub state: BreakerState,
    /// Calls in the window. They are counted while it is closed, and from zero each time it closes.
    pub calls: u64,
    /// Those of them that failed.
    pub failures: u64,
    /// Those of them that were slow.
    pub slow: u64,
    /// Calls that it has refused so far.
    pub refused: u64,
    /// How often it has opened so far.
    pub opened: u64,
}

impl BreakerStats {
    /// The share of the window's calls that failed, 0 to 1; 0 if there are none.
    pub fn failure_rate(&self) -> f64 {
        share(self.failures, self.calls)
    }

    /// The share of the window's calls that were slow, 0 to 1; 0 if there are none.
    pub fn slow_rate(&self) -> f64 {
        share(self.slow, self.calls)
    }
}

fn share(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}
