/// A [`ConcurrencyLimiter`](super::ConcurrencyLimiter) at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ConcurrencyStats {
    /// The weight that may be out at once.
    pub limit: u32,
    /// The weight that is out; more than the limit for a while after it was lowered.
    pub in_use: u64,
    /// How many wait.
    pub waiting: usize,
    /// How many were turned away because as many waited already as may.
    pub turned_away: u64,
    /// How many waited in vain until their time was up.
    pub elapsed: u64,
}
