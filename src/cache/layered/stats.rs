use crate::cache::distributed::DistributedStats;
use crate::cache::stats::CacheStats;

/// What a layered cache has done since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct LayeredStats {
    /// Of the cache in the process. Its loads are reads of the nodes.
    pub local: CacheStats,
    /// Of the nodes, by all who share the handle.
    pub remote: DistributedStats,
    /// Invalidations that were acted on.
    pub invalidations: u64,
    /// Loads that gave a value which was not kept: the key was changed meanwhile, or the nodes did not take
    /// it, as they were down, or it was too large.
    pub unkept: u64,
    /// How often it was not known what had been missed, so that nothing was relied upon.
    pub losses: u64,
}
