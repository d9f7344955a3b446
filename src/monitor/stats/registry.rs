use super::Stats;
use crate::monitor::collector::Collection;
use crate::monitor::registry::RegistryStats;

impl Stats for RegistryStats {
    fn tell(&self, metrics: &mut Collection) {
        metrics.gauge(
            "mtaio_registry_families",
            "Names that the registry holds itself.",
            &[],
            self.families as f64,
        );
        metrics.gauge("mtaio_registry_series", "Series of those names.", &[], self.series as f64);
        metrics.gauge(
            "mtaio_registry_collectors",
            "Who is asked for more.",
            &[],
            self.collectors as f64,
        );
        metrics.counter(
            "mtaio_registry_overflowed_total",
            "How often a series was asked for that is beyond the bound of its family.",
            &[],
            self.overflowed,
        );
        metrics.counter(
            "mtaio_registry_refused_total",
            "Samples of collectors that were left out, as they break the rules.",
            &[],
            self.refused,
        );
        metrics.counter(
            "mtaio_registry_panics_total",
            "How often a collector panicked.",
            &[],
            self.panicked,
        );
    }
}
