use serde_json::{Value, json};

use super::aim::Bound;
use super::report::{Report, Row};
use super::rounds::Effort;
use super::stats::Summary;

/// A [`Report`] as JSON: the rows of the tables, and where they come from.
pub(crate) fn to_json(report: &Report, effort: Effort) -> Value {
    json!({
        "version": env!("CARGO_PKG_VERSION"),
        "target": format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS),
        "threads": std::thread::available_parallelism().map_or(1, usize::from),
        "rounds": effort.rounds,
        "rows": report.rows.iter().map(row).collect::<Vec<_>>(),
        "failures": report.failures.iter()
            .map(|failure| json!({ "contest": failure.contest, "reason": failure.reason }))
            .collect::<Vec<_>>(),
    })
}

fn row(row: &Row) -> Value {
    json!({
        "group": row.group,
        "contest": row.contest,
        "peer": row.peer,
        "unit": row.unit.name(),
        "ours": row.ours.median,
        "theirs": row.theirs.median,
        "ratio": row.ratio,
        "cpu_ratio": row.cpu,
        "aim": row.aim.bound().map(bound),
        "met": row.is_met(),
        "gate": row.aim.is_gate(),
        "spread": {
            "ours": summary(&row.ours),
            "theirs": summary(&row.theirs),
            "ratio": row.ratios.as_ref().map(summary),
        },
    })
}

fn bound(bound: Bound) -> Value {
    match bound {
        Bound::Ratio(most) => json!({ "ratio": most }),
        Bound::Nanos(most) => json!({ "ns": most }),
        Bound::Above(most) => json!({ "ns_above": most }),
        Bound::Allocations(most) => json!({ "allocs": most }),
        Bound::Bytes(most) => json!({ "bytes": most }),
        Bound::Points(more) => json!({ "points": more }),
    }
}

fn summary(summary: &Summary) -> Value {
    json!({
        "min": summary.min,
        "lower_quartile": summary.lower_quartile,
        "median": summary.median,
        "upper_quartile": summary.upper_quartile,
        "max": summary.max,
    })
}
