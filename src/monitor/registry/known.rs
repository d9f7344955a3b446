use std::sync::Arc;

use super::family::Series;
use super::snapshot::{Kind, Sample, Value};
use crate::monitor::export::Text;
use crate::monitor::labels::Labels;
use crate::monitor::metric::{Counter, Gauge, Histogram, Shape};

/// A family that a registry holds itself.
#[derive(Clone)]
pub(super) struct Known {
    pub(super) name: Arc<str>,
    pub(super) help: Arc<str>,
    pub(super) series: AnySeries,
}

#[derive(Clone)]
pub(super) enum AnySeries {
    Counters(Arc<Series<Counter>>),
    Gauges(Arc<Series<Gauge>>),
    Histograms(Arc<Series<Histogram>>, Arc<Shape>),
}

impl Known {
    /// Its series of type `M`, if this is what it has, with this help, these labels and this shape.
    pub(super) fn series_of<M: Kept>(
        &self,
        help: &str,
        labels: &[Arc<str>],
        shape: &M::Shape,
    ) -> Option<Arc<Series<M>>> {
        let series = M::find(&self.series, shape)?;
        let is_same = *self.help == *help && *series.names() == *labels;
        is_same.then(|| Arc::clone(series))
    }

    pub(super) fn kind(&self) -> Kind {
        match &self.series {
            AnySeries::Counters(_) => Kind::Counter,
            AnySeries::Gauges(_) => Kind::Gauge,
            AnySeries::Histograms(_, shape) => shape.kind(),
        }
    }

    pub(super) fn len(&self) -> usize {
        match &self.series {
            AnySeries::Counters(series) => series.len(),
            AnySeries::Gauges(series) => series.len(),
            AnySeries::Histograms(series, _) => series.len(),
        }
    }

    pub(super) fn overflowed(&self) -> u64 {
        match &self.series {
            AnySeries::Counters(series) => series.overflowed(),
            AnySeries::Gauges(series) => series.overflowed(),
            AnySeries::Histograms(series, _) => series.overflowed(),
        }
    }

    pub(super) fn samples(&self) -> Vec<Sample> {
        let mut samples = Vec::with_capacity(self.len());
        let mut push = |labels: &Labels, value| {
            samples.push(Sample { labels: labels.clone(), value });
        };
        match &self.series {
            AnySeries::Counters(series) => {
                series.each(|labels, counter| push(labels, Value::Counter(counter.get())));
            }
            AnySeries::Gauges(series) => {
                series.each(|labels, gauge| push(labels, Value::Gauge(gauge.get())));
            }
            AnySeries::Histograms(series, _) => series.each(|labels, histogram| {
                push(labels, Value::Histogram(Box::new(histogram.value())));
            }),
        }
        samples
    }

    /// Writes it without making samples of it.
    pub(super) fn write(&self, text: &mut Text) {
        text.family(&self.name, &self.help, self.kind());
        match &self.series {
            AnySeries::Counters(series) => {
                series.each(|labels, counter| text.whole(labels, counter.get()));
            }
            AnySeries::Gauges(series) => {
                series.each(|labels, gauge| text.float(labels, gauge.get()));
            }
            AnySeries::Histograms(series, _) => {
                series.each(|labels, histogram| match histogram.cumulative() {
                    Some(cumulative) => text.cumulative(labels, &cumulative),
                    None => text.histogram(labels, &histogram.value()),
                });
            }
        }
    }
}

/// What a registry holds families of.
pub(super) trait Kept: Clone + Send + Sync + 'static {
    /// What two of the same name must have in common.
    type Shape: Send + Sync + 'static;

    fn find<'a>(series: &'a AnySeries, shape: &Self::Shape) -> Option<&'a Arc<Series<Self>>>;

    fn make(shape: &Self::Shape) -> Self;

    fn into_any(series: Arc<Series<Self>>, shape: Arc<Self::Shape>) -> AnySeries;
}

impl Kept for Counter {
    type Shape = ();

    fn find<'a>(series: &'a AnySeries, (): &()) -> Option<&'a Arc<Series<Self>>> {
        if let AnySeries::Counters(series) = series { Some(series) } else { None }
    }

    fn make((): &()) -> Self {
        Self::new()
    }

    fn into_any(series: Arc<Series<Self>>, _: Arc<()>) -> AnySeries {
        AnySeries::Counters(series)
    }
}

impl Kept for Gauge {
    type Shape = ();

    fn find<'a>(series: &'a AnySeries, (): &()) -> Option<&'a Arc<Series<Self>>> {
        if let AnySeries::Gauges(series) = series { Some(series) } else { None }
    }

    fn make((): &()) -> Self {
        Self::new()
    }

    fn into_any(series: Arc<Series<Self>>, _: Arc<()>) -> AnySeries {
        AnySeries::Gauges(series)
    }
}

impl Kept for Histogram {
    type Shape = Shape;

    fn find<'a>(series: &'a AnySeries, shape: &Shape) -> Option<&'a Arc<Series<Self>>> {
        match series {
            AnySeries::Histograms(series, known) if known.is_like(shape) => Some(series),
            _ => None,
        }
    }

    fn make(shape: &Shape) -> Self {
        Self::of(shape)
    }

    fn into_any(series: Arc<Series<Self>>, shape: Arc<Shape>) -> AnySeries {
        AnySeries::Histograms(series, shape)
    }
}
