/// Who leaves a cache that is full.
///
/// A cache of some size is divided into shards, each with a share of the capacity and an order of
/// its own: the orders below are exact within a shard. A small cache has one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Eviction {
    /// What was not used since it came, and of what was used the oldest: S3-FIFO. A scan over many
    /// keys that are used once drives out little; reads write next to nothing. The best choice
    /// unless you know better.
    #[default]
    S3Fifo,
    /// What was used the longest time ago.
    Lru,
    /// What was used least often, counted since it came; of those the one that was used the longest
    /// time ago. Nothing is forgotten: what was popular once stays until it expires.
    Lfu,
    /// What came first, used or not.
    Fifo,
}

/// Why an entry left a cache.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The cache was full, and it was this one's turn.
    Capacity,
    /// Its time was up.
    Expired,
    /// Its key got another value.
    Replaced,
    /// It was taken out: `remove`, `clear`, `retain`.
    Removed,
    /// It weighs more than a shard may hold, and never got in.
    TooHeavy,
}
