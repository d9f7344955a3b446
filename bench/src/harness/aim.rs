use std::fmt;

use super::Unit;
use super::stats::ratio;

/// What a contest against one peer is to come to.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Aim {
    /// Nothing: the figures are for information.
    Open,
    /// A bound that we want to keep.
    Wish(Bound),
    /// A bound that decides: `--gates` fails when it is not kept.
    Gate(Bound),
}

/// The most that our figure may be.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Bound {
    /// So many times the peer's.
    Ratio(f64),
    /// So many nanoseconds, whatever the peer takes.
    Nanos(f64),
    /// So many nanoseconds more than the peer takes.
    Above(f64),
    /// So many allocations an operation, whatever the peer makes.
    Allocations(f64),
    /// So many bytes an item, whatever the peer takes.
    Bytes(f64),
    /// So many points of a hundred more than the peer's, or less where it is negative.
    Points(f64),
}

impl Aim {
    /// The bound, where there is one.
    pub(crate) const fn bound(self) -> Option<Bound> {
        match self {
            Self::Open => None,
            Self::Wish(bound) | Self::Gate(bound) => Some(bound),
        }
    }

    /// Whether it decides.
    pub(crate) const fn is_gate(self) -> bool {
        matches!(self, Self::Gate(_))
    }

    /// Whether the figures keep it; `None` where there is nothing to keep.
    pub(crate) fn is_met(self, ours: f64, theirs: f64) -> Option<bool> {
        self.bound().map(|bound| match bound {
            Bound::Ratio(most) => ratio(ours, theirs).is_some_and(|ratio| ratio <= most),
            Bound::Nanos(most) | Bound::Bytes(most) => ours <= most,
            Bound::Above(most) => ours - theirs <= most,
            Bound::Points(more) => ours <= theirs + more,
            Bound::Allocations(most) => ours < most + NOW_AND_THEN,
        })
    }
}

/// Fewer allocations an operation than this are not the operation's: now and then a runtime sorts
/// its timers, on the thread that happens to come by.
const NOW_AND_THEN: f64 = 0.005;

impl Bound {
    /// Whether figures in `unit` can be held against it.
    pub(crate) const fn fits(self, unit: Unit) -> bool {
        match self {
            Self::Ratio(_) | Self::Nanos(_) | Self::Above(_) => matches!(unit, Unit::Nanos),
            Self::Allocations(_) => matches!(unit, Unit::Allocations),
            Self::Bytes(_) => matches!(unit, Unit::Bytes),
            Self::Points(_) => matches!(unit, Unit::MissPercent),
        }
    }
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ratio(most) => write!(f, "≤ {most:.2}"),
            Self::Nanos(most) => write!(f, "≤ {most} ns"),
            Self::Above(most) => write!(f, "≤ +{most} ns"),
            Self::Allocations(most) => write!(f, "≤ {most} allocs"),
            Self::Bytes(most) => write!(f, "≤ {most} bytes"),
            Self::Points(more) => write!(f, "≤ {more:+} points"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ratio_is_met_up_to_its_bound() {
        let aim = Aim::Gate(Bound::Ratio(1.5));
        assert_eq!(aim.is_met(15.0, 10.0), Some(true));
        assert_eq!(aim.is_met(15.1, 10.0), Some(false));
    }

    #[test]
    fn an_absolute_bound_does_not_look_at_the_peer() {
        assert_eq!(Aim::Wish(Bound::Nanos(15.0)).is_met(14.0, 1.0), Some(true));
        assert_eq!(Aim::Wish(Bound::Allocations(0.0)).is_met(1.0, 5.0), Some(false));
    }

    #[test]
    fn a_bound_above_the_peer_is_what_comes_on_top() {
        assert_eq!(Aim::Wish(Bound::Above(2.0)).is_met(3.0, 1.0), Some(true));
        assert_eq!(Aim::Wish(Bound::Above(2.0)).is_met(3.1, 1.0), Some(false));
    }

    #[test]
    fn an_allocation_in_thousands_of_operations_is_none() {
        let aim = Aim::Wish(Bound::Allocations(0.0));
        assert_eq!(aim.is_met(0.0001, 0.0), Some(true));
        assert_eq!(aim.is_met(0.01, 0.0), Some(false));
    }

    #[test]
    fn without_an_aim_nothing_is_met_or_missed() {
        assert_eq!(Aim::Open.is_met(1.0, 1.0), None);
    }
}
