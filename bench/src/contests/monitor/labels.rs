//! A series by its labels, among a hundred.

use metrics_exporter_prometheus::PrometheusBuilder;
use mtaio::monitor::Registry;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;

use super::{GROUP, shared};
use crate::harness::Aim::Wish;
use crate::harness::Bound::Ratio;
use crate::harness::{Contest, Outcome};

const ROUTES: usize = 100;

pub(super) fn contest() -> Outcome<Contest> {
    let registry = Registry::new();
    let ours = registry.counters("replies_total", "Replies.", ["route", "status"])?;
    let client = Family::<Vec<(String, String)>, Counter>::default();
    let recorder = PrometheusBuilder::new().build_recorder();
    let routes = || -> Vec<String> { (0..ROUTES).map(|n| format!("/api/v1/{n}/items")).collect() };
    let (for_ours, for_client, for_metrics) = (routes(), routes(), routes());
    Ok(Contest::new(GROUP, "metrics-label")
        .ours(shared(1, move |times| {
            (0..times).for_each(|n| ours.with([&for_ours[n % ROUTES], "200"]).inc());
        }))
        .peer(
            "prometheus-client",
            Wish(Ratio(1.0)),
            shared(1, move |times| {
                for n in 0..times {
                    let labels = vec![
                        ("route".to_owned(), for_client[n % ROUTES].clone()),
                        ("status".to_owned(), "200".to_owned()),
                    ];
                    client.get_or_create(&labels).inc();
                }
            }),
        )
        .peer(
            "metrics",
            Wish(Ratio(1.0)),
            shared(1, move |times| {
                metrics::with_local_recorder(&recorder, || {
                    for n in 0..times {
                        let route = for_metrics[n % ROUTES].clone();
                        metrics::counter!("replies_total", "route" => route, "status" => "200")
                            .increment(1);
                    }
                });
            }),
        ))
}
