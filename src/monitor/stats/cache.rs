use super::Stats;
use crate::cache::CacheStats;
use crate::monitor::collector::Collection;

impl Stats for CacheStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.counter("mtaio_cache_hits_total", "Gets that found a value.", &[], self.hits);
        metrics.counter(
            "mtaio_cache_misses_total",
            "Gets that found none, or one that had expired.",
            &[],
            self.misses,
        );
        metrics.counter(
            "mtaio_cache_insertions_total",
            "Values that were put in.",
            &[],
            self.insertions,
        );
        metrics.counter(
            "mtaio_cache_evictions_total",
            "Entries that left because the cache was full.",
            &[],
            self.evictions,
        );
        metrics.counter(
            "mtaio_cache_expirations_total",
            "Entries that left because their time was up.",
            &[],
            self.expirations,
        );
        metrics.counter(
            "mtaio_cache_replacements_total",
            "Values in whose place another one was put.",
            &[],
            self.replacements,
        );
        metrics.counter(
            "mtaio_cache_removals_total",
            "Entries that were taken out.",
            &[],
            self.removals,
        );
        metrics.counter(
            "mtaio_cache_rejections_total",
            "Values that weigh more than a shard may hold.",
            &[],
            self.rejections,
        );
        metrics.counter("mtaio_cache_loads_total", "Loads that gave a value.", &[], self.loads);
        metrics.counter(
            "mtaio_cache_load_failures_total",
            "Loads that failed, panicked or were dropped.",
            &[],
            self.load_failures,
        );
        metrics.counter(
            "mtaio_cache_listener_panics_total",
            "Calls of the eviction listener that panicked.",
            &[],
            self.listener_panics,
        );
        metrics.gauge(
            "mtaio_cache_entries",
            "Entries, with those that have expired and are not freed yet.",
            &[],
            self.len as f64,
        );
        metrics.gauge("mtaio_cache_weight", "What the entries weigh.", &[], self.weight as f64);
    }
}
