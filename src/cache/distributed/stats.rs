use crate::limit::ConcurrencyStats;
use crate::policy::BreakerStats;

/// What a distributed cache has done since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct DistributedStats {
    /// Keys that were read.
    pub reads: u64,
    /// Those of them that had a value, or were known to have none.
    pub hits: u64,
    /// Changes: insertions and removals.
    pub writes: u64,
    /// Changes that one node did not make, a node each.
    pub writes_missed: u64,
    /// Reads and changes that failed because too few nodes answered.
    pub quorums_missed: u64,
    /// Values that were not what was put there.
    pub damaged: u64,
    /// Nodes that were brought up to date, a key each.
    pub repairs: u64,
    /// Reads that saw that somebody was behind when too many repairs were under way already.
    pub repairs_skipped: u64,
    /// What goes on in the background: changes that a quorum has made already, and repairs.
    pub background: usize,
}

/// How one node of a distributed cache stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeStats<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether it is asked at all.
    pub breaker: BreakerStats,
    /// The calls that are under way, and that wait.
    pub calls: ConcurrencyStats,
}
