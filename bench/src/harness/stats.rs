/// Where the samples of one side lie: the median is what is compared, the rest tells the noise.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Summary {
    pub(crate) min: f64,
    pub(crate) lower_quartile: f64,
    pub(crate) median: f64,
    pub(crate) upper_quartile: f64,
    pub(crate) max: f64,
}

impl Summary {
    /// Sums `samples` up; `None` if there are none, or if one is not a number.
    pub(crate) fn of(samples: &[f64]) -> Option<Self> {
        if samples.is_empty() || samples.iter().any(|sample| !sample.is_finite()) {
            return None;
        }
        let mut sorted = samples.to_vec();
        sorted.sort_by(f64::total_cmp);
        Some(Self {
            min: quantile(&sorted, 0.0),
            lower_quartile: quantile(&sorted, 0.25),
            median: quantile(&sorted, 0.5),
            upper_quartile: quantile(&sorted, 0.75),
            max: quantile(&sorted, 1.0),
        })
    }
}

/// What stands at `fraction` of the way through `sorted`, linear between two neighbours.
fn quantile(sorted: &[f64], fraction: f64) -> f64 {
    let position = fraction * (sorted.len() - 1) as f64;
    let (below, above) = (position.floor() as usize, position.ceil() as usize);
    sorted[below] + (sorted[above] - sorted[below]) * position.fract()
}

/// `ours` a unit of `theirs`; `None` where theirs is nothing.
pub(crate) fn ratio(ours: f64, theirs: f64) -> Option<f64> {
    (theirs > 0.0).then(|| ours / theirs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_odd_number_is_the_middle_one() {
        let summary = Summary::of(&[9.0, 1.0, 5.0]).unwrap();
        assert_eq!((summary.min, summary.median, summary.max), (1.0, 5.0, 9.0));
    }

    #[test]
    fn quantiles_lie_between_neighbours() {
        let summary = Summary::of(&[4.0, 1.0, 3.0, 2.0]).unwrap();
        assert_eq!(summary.median, 2.5);
        assert_eq!((summary.lower_quartile, summary.upper_quartile), (1.75, 3.25));
    }

    #[test]
    fn one_wild_round_does_not_move_the_median() {
        let summary = Summary::of(&[10.0, 10.0, 10.0, 10.0, 90_000.0]).unwrap();
        assert_eq!(summary.median, 10.0);
    }

    #[test]
    fn no_samples_have_no_summary() {
        assert_eq!(Summary::of(&[]), None);
        assert_eq!(Summary::of(&[1.0, f64::NAN]), None);
    }

    #[test]
    fn a_ratio_to_nothing_does_not_exist() {
        assert_eq!(ratio(3.0, 2.0), Some(1.5));
        assert_eq!(ratio(0.0, 2.0), Some(0.0));
        assert_eq!(ratio(1.0, 0.0), None);
    }
}
