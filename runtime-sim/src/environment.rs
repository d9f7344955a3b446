use std::env;
use std::ops::{Range, RangeInclusive};

use crate::Replay;

const SEED: &str = "MTAIO_SIM_SEED";
const SEEDS: &str = "MTAIO_SIM_SEEDS";
const REPLAY: &str = "MTAIO_SIM_REPLAY";

/// What an exploration runs.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Plan {
    Seeds(RangeInclusive<u64>),
    Replay(Replay),
}

/// The seeds of `range`, unless the environment says otherwise.
pub(crate) fn plan(range: &Range<u64>) -> Result<Plan, String> {
    let variable = |name| env::var_os(name).map(|value| value.to_string_lossy().into_owned());
    match variable(REPLAY) {
        Some(replay) => match replay.parse() {
            Ok(replay) => Ok(Plan::Replay(replay)),
            Err(error) => Err(format!("{REPLAY}: {error}")),
        },
        None => {
            seeds(range, variable(SEED).as_deref(), variable(SEEDS).as_deref()).map(Plan::Seeds)
        }
    }
}

fn seeds(
    range: &Range<u64>,
    seed: Option<&str>,
    factor: Option<&str>,
) -> Result<RangeInclusive<u64>, String> {
    let seed = seed.map(|value| number(SEED, value, 0)).transpose()?;
    let factor = factor.map_or(Ok(1), |value| number(SEEDS, value, 1))?;
    if let Some(seed) = seed {
        return Ok(seed..=seed);
    }
    let count = (range.end - range.start).saturating_mul(factor);
    Ok(range.start..=range.start.saturating_add(count - 1))
}

fn number(variable: &str, value: &str, least: u64) -> Result<u64, String> {
    value.parse().ok().filter(|&number| number >= least).ok_or_else(|| {
        format!("{variable} is {value:?}: it must be a whole number from {least} to {}", u64::MAX)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_the_environment_the_seeds_are_those_asked_for() {
        assert_eq!(seeds(&(5..8), None, None), Ok(5..=7));
    }

    #[test]
    fn one_seed_replaces_all() {
        assert_eq!(seeds(&(5..8), Some("17"), None), Ok(17..=17));
        assert_eq!(seeds(&(5..8), Some("17"), Some("100")), Ok(17..=17));
        assert_eq!(seeds(&(5..8), Some("18446744073709551615"), None), Ok(u64::MAX..=u64::MAX));
    }

    #[test]
    fn a_factor_multiplies_their_number() {
        assert_eq!(seeds(&(5..8), None, Some("100")), Ok(5..=304));
        assert_eq!(seeds(&(5..u64::MAX), None, Some("2")), Ok(5..=u64::MAX));
    }

    #[test]
    fn what_is_malformed_is_named_with_its_value_and_what_is_allowed() {
        for (seed, factor, said) in [
            (Some("x1"), None, r#"MTAIO_SIM_SEED is "x1": it must be a whole number from 0 "#),
            (Some(""), None, r#"MTAIO_SIM_SEED is "": "#),
            (Some("1"), Some("0"), r#"MTAIO_SIM_SEEDS is "0": it must be a whole number from 1 "#),
            (None, Some("-3"), r#"MTAIO_SIM_SEEDS is "-3": "#),
        ] {
            let error = seeds(&(0..1), seed, factor).expect_err("refused");
            assert!(error.starts_with(said), "{error}");
        }
    }
}
