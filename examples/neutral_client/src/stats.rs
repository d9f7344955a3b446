use mtaio::cache::CacheStats;
use mtaio::limit::ConcurrencyStats;
use mtaio::monitor::{Collection, Stats};
use mtaio::policy::BreakerStats;

/// How a [`Directory`](crate::Directory) stands. A registry of metrics
/// [watches](mtaio::monitor::Registry::watch) it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DirectoryStats {
    /// Of the answers that are kept.
    pub answers: CacheStats,
    /// Of the calls under way, and those that wait for their turn.
    pub calls: ConcurrencyStats,
    /// Of what spares a service that is down.
    pub breaker: BreakerStats,
    /// Connections that are kept for the next call.
    pub idle: usize,
}

impl Stats for DirectoryStats {
    fn tell(&self, metrics: &mut Collection) {
        self.answers.tell(metrics);
        self.calls.tell(metrics);
        self.breaker.tell(metrics);
        let help = "Connections that are kept for the next call.";
        metrics.gauge("directory_idle_connections", help, &[], self.idle as f64);
    }
}
