use std::time::Duration;

use mtaio_runtime::Instant;

/// Where one series of a rule is between one evaluation and the next: `alerting.go` of Prometheus, of
/// one alert.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Episode {
    /// It does not hold.
    Idle,
    /// It holds, and not for long enough yet.
    Pending { since: Instant },
    /// It fires. If it does not hold, since when.
    Firing { since: Instant, over_since: Option<Instant> },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Fired { since: Instant },
    Resolved { since: Instant },
}

impl Episode {
    /// Takes what an evaluation `at` a time came to, which is not before the last one.
    pub(super) fn step(
        &mut self,
        at: Instant,
        holds: bool,
        hold: Duration,
        keep: Duration,
    ) -> Option<Change> {
        if holds {
            return self.held(at, hold);
        }
        if let Self::Firing { since, over_since } = *self {
            let over = over_since.unwrap_or(at);
            if at - over < keep {
                *self = Self::Firing { since, over_since: Some(over) };
                return None;
            }
            *self = Self::Idle;
            return Some(Change::Resolved { since });
        }
        *self = Self::Idle;
        None
    }

    fn held(&mut self, at: Instant, hold: Duration) -> Option<Change> {
        let since = match *self {
            Self::Firing { since, .. } => {
                *self = Self::Firing { since, over_since: None };
                return None;
            }
            Self::Idle => at,
            Self::Pending { since } => since,
        };
        if at - since < hold {
            *self = Self::Pending { since };
            return None;
        }
        *self = Self::Firing { since, over_since: None };
        Some(Change::Fired { since })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// What comes of a minute of seconds, told by `#` where the rule holds and `.` where it does not:
    /// `F` where it fires, `R` where it is resolved.
    fn told(holds: &str, hold: u32, keep: u32) -> String {
        let (mut episode, mut at) = (Episode::Idle, Instant::from_nanos(5));
        let steps = holds.chars().map(|holds| {
            at += SECOND;
            match episode.step(at, holds == '#', SECOND * hold, SECOND * keep) {
                None => holds,
                Some(Change::Fired { .. }) => 'F',
                Some(Change::Resolved { .. }) => 'R',
            }
        });
        steps.collect()
    }

    #[test]
    fn without_times_it_fires_and_is_resolved_at_once() {
        assert_eq!(told("..##..#.#", 0, 0), "..F#R.FRF");
    }

    #[test]
    fn it_fires_when_it_has_held_for_as_long() {
        assert_eq!(told("###.####.####", 3, 0), "###.###FR###F");
    }

    #[test]
    fn it_is_kept_until_it_has_not_held_for_as_long() {
        assert_eq!(told("#..#...#...#", 0, 3), "F..#...#...#");
        assert_eq!(told("#....#.", 0, 3), "F...RF.");
    }

    #[test]
    fn what_was_pending_begins_anew_and_what_is_kept_does_not() {
        assert_eq!(told("##.##.###.#..#...#", 2, 2), "##.##.##F.#..#..R#");
    }

    #[test]
    fn a_clock_that_leaps_counts() {
        let mut episode = Episode::Idle;
        let (hold, keep) = (SECOND * 60, SECOND * 60);
        let (begun, day) = (Instant::from_nanos(7), SECOND * 86_400);
        assert_eq!(episode.step(begun, true, hold, keep), None);
        let fired = Some(Change::Fired { since: begun });
        assert_eq!(episode.step(begun + day, true, hold, keep), fired);
        // One that went back is one that stood still.
        assert_eq!(episode.step(begun, false, hold, keep), None);
        assert_eq!(episode.step(Instant::ZERO, false, hold, keep), None);
        let resolved = Some(Change::Resolved { since: begun });
        assert_eq!(episode.step(begun + hold, false, hold, keep), resolved);
    }
}
