//! The `stats()` of the parts of this library, as metrics.

mod cache;
mod event;
mod executor;
mod limit;
mod observable;
mod pipeline;
mod policy;
mod queue;
mod registry;
mod stream;
mod time;

pub use self::pipeline::RunTotals;
pub use self::policy::PolicyCounts;

use super::collector::Collection;

/// Numbers of one moment that can be shown as metrics: what a `stats()` gives.
///
/// Those of this library are shown under names that begin with `mtaio_` and the part, with the unit at
/// the end, and with the label `name` that [`Registry::watch`](super::Registry::watch) gives them:
///
/// | numbers | of | names |
/// | --- | --- | --- |
/// | [`CacheStats`](crate::cache::CacheStats) | `TtlCache` | `mtaio_cache_hits_total`, `mtaio_cache_entries`, .. |
/// | [`RateStats`](crate::limit::RateStats) | `RateLimiter` | `mtaio_rate_limit_available`, `.._waiting`, .. |
/// | [`WindowStats`](crate::limit::WindowStats) | `WindowLimiter` | `mtaio_window_limit_available`, .. |
/// | [`ConcurrencyStats`](crate::limit::ConcurrencyStats) | `ConcurrencyLimiter` | `mtaio_concurrency_limit_in_use`, `.._turned_away_total`, .. |
/// | [`KeyedStats`](crate::limit::KeyedStats) | `KeyedRateLimiter` | `mtaio_keyed_limit_keys`, `.._bytes` |
/// | [`AdaptiveRateStats`](crate::limit::AdaptiveRateStats) | `AdaptiveRateLimiter` | `mtaio_adaptive_rate_ratio`, .. |
/// | [`AdaptiveConcurrencyStats`](crate::limit::AdaptiveConcurrencyStats) | `AdaptiveConcurrency` | those of concurrency, `mtaio_adaptive_concurrency_latency_seconds`, .. |
/// | [`BreakerStats`](crate::policy::BreakerStats) | `CircuitBreaker` | `mtaio_breaker_state`, `mtaio_breaker_opened_total`, .. |
/// | [`RetryBudgetStats`](crate::policy::RetryBudgetStats) | `RetryBudget` | `mtaio_retry_budget_granted_total`, .. |
/// | [`PolicyCounts`] | the listener of a `Retry` or a `Policy` | `mtaio_policy_retries_total`, `mtaio_policy_gave_up_total`, .. |
/// | [`BulkStats`](crate::policy::BulkStats) | `Bulk` | `mtaio_bulk_batches_total`, .. |
/// | [`ExecutorStats`](crate::executor::ExecutorStats) | `TaskExecutor` | `mtaio_executor_started_total`, `mtaio_executor_live` |
/// | [`EmitterStats`](crate::event::EmitterStats) | `EventEmitter` | `mtaio_emitter_emitted_total`, .. |
/// | [`TopicsStats`](crate::event::TopicsStats), [`SubscriberStats`](crate::event::SubscriberStats) | `Topics` | `mtaio_topics_published_total`, `mtaio_subscriber_missed_total`, .. |
/// | [`RunTotals`] | the runs of a pipeline | `mtaio_pipeline_items_total`, `mtaio_pipeline_stage_errors_total`, .. |
/// | [`QueueStats`](crate::queue::QueueStats) | the queues | `mtaio_queue_items`, `mtaio_queue_dropped_total`, .. |
/// | [`MapStats`](crate::stream::MapStats), [`BroadcastStats`](crate::stream::BroadcastStats) | streams | `mtaio_map_in_flight`, `mtaio_broadcast_missed_total`, .. |
/// | [`ObservableStats`](crate::observable::ObservableStats) | `Observable` | `mtaio_observable_sets_total`, .. |
/// | [`TimeoutsStats`](crate::time::TimeoutsStats) | `Timeouts` | `mtaio_timeouts_elapsed_total`, .. |
/// | [`RegistryStats`](super::RegistryStats) | the registry | `mtaio_registry_overflowed_total`, .. |
///
/// Implement it for yours to show them in the same way.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no numbers that a registry can show",
    label = "not `Stats`",
    note = "give what a `stats()` of this library gives, or implement `mtaio::monitor::Stats` for it"
)]
pub trait Stats {
    /// Tells the numbers, each under its name.
    fn tell(&self, metrics: &mut Collection);
}

/// What is there no more has nothing to tell.
impl<S: Stats> Stats for Option<S> {
    fn tell(&self, metrics: &mut Collection) {
        if let Some(stats) = self {
            stats.tell(metrics);
        }
    }
}
