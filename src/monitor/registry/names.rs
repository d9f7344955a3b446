//! What a name may be, by Prometheus' data model and its conventions.

use super::Kind;
use crate::config::ConfigError;
use crate::monitor::labels::Labels;

/// The label of the series that takes what goes beyond the bound of its family.
pub(in crate::monitor) const OVERFLOW: &str = "overflow";

/// What the text format appends to the name of a histogram or a summary.
const SUFFIXES: [&str; 3] = ["_bucket", "_count", "_sum"];

const TOTAL: &str = "_total";

/// Refuses what can be the name of no metric, nor of a part of one.
pub(in crate::monitor) fn check_series(name: &str) -> Result<(), ConfigError> {
    if !is_name(name, |byte| byte == b'_' || byte == b':') {
        let allowed = "letters, digits, underscores and colons, no digit first";
        return Err(ConfigError::new("name", format!("{name:?}"), allowed));
    }
    Ok(())
}

/// Refuses what is no name of a metric of this kind.
pub(in crate::monitor) fn check_metric(name: &str, kind: Kind) -> Result<(), ConfigError> {
    check_series(name)?;
    if (kind == Kind::Counter) != name.ends_with(TOTAL) {
        let allowed = "with `_total` at the end for a counter, and for nothing else";
        return Err(ConfigError::new("name", format!("{name:?}"), allowed));
    }
    if SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
        let allowed =
            "without `_bucket`, `_count` and `_sum` at the end, which a histogram appends";
        return Err(ConfigError::new("name", format!("{name:?}"), allowed));
    }
    Ok(())
}

/// Refuses what is no name of a label of a user.
pub(in crate::monitor) fn check_label(name: &str) -> Result<(), ConfigError> {
    if !is_name(name, |byte| byte == b'_') || name.starts_with("__") {
        let allowed = "letters, digits and underscores, no digit and no two underscores first";
        return Err(ConfigError::new("labels", format!("{name:?}"), allowed));
    }
    if ["le", "quantile", OVERFLOW].contains(&name) {
        let allowed = "other names than `le`, `quantile` and `overflow`, which exports use";
        return Err(ConfigError::new("labels", format!("{name:?}"), allowed));
    }
    Ok(())
}

pub(in crate::monitor) fn label_twice(name: &str) -> ConfigError {
    ConfigError::new("labels", format!("{name:?} and {name:?}"), "each name once")
}

fn is_name(name: &str, also: impl Fn(u8) -> bool) -> bool {
    let is_first = |byte: u8| byte.is_ascii_alphabetic() || also(byte);
    name.bytes().next().is_some_and(is_first)
        && name.bytes().all(|byte| is_first(byte) || byte.is_ascii_digit())
}

pub(in crate::monitor) fn taken(name: &str) -> ConfigError {
    let allowed = "a name that nothing of another type, help, labels or options has";
    ConfigError::new("name", format!("{name:?}"), allowed)
}

pub(in crate::monitor) fn told_twice(name: &str, labels: &Labels) -> ConfigError {
    let allowed = "each series once: tell them apart by a label";
    ConfigError::new("name", format!("{name}{labels}"), allowed)
}

pub(in crate::monitor) fn too_many(name: &str, most: usize) -> ConfigError {
    ConfigError::new(
        "name",
        format!("{name:?} with more than {most} series"),
        "`max_series` and less",
    )
}
