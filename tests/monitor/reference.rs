//! Alerts by their definition: over all that was seen, at once. No state is kept from one look to the
//! next, so that it shares nothing with what it is the reference for.

use std::time::Duration;

use mtaio::Instant;
use mtaio::monitor::AlertState;

/// What must be told of one series of one rule: what, when, and since when the rule holds.
pub type Told = (AlertState, Instant, Instant);

/// What `looks`, at which the rule held or did not, must come to.
///
/// It fires at the first look for which there is an earlier one (or itself), `hold` or more before it,
/// such that it held at all from that one on. It is resolved at the first look after that for which
/// there is one, `keep` or more before it, such that it held at none from that one on.
pub fn alerts(looks: &[(Instant, bool)], hold: Duration, keep: Duration) -> Vec<Told> {
    let (mut told, mut from) = (Vec::new(), 0);
    while let Some((at, since)) = first(&looks[from..], true, hold) {
        let (at, since) = (at + from, since + from);
        told.push((AlertState::Firing, looks[at].0, looks[since].0));
        let Some((end, _)) = first(&looks[at + 1..], false, keep) else { break };
        let end = end + at + 1;
        told.push((AlertState::Resolved, looks[end].0, looks[since].0));
        from = end + 1;
    }
    told
}

/// The first look at the end of so long a run of looks with this answer, and the run's beginning.
fn first(looks: &[(Instant, bool)], answer: bool, time: Duration) -> Option<(usize, usize)> {
    let mut begun = None;
    for (place, (at, holds)) in looks.iter().enumerate() {
        if *holds != answer {
            begun = None;
            continue;
        }
        let first = *begun.get_or_insert(place);
        if *at - looks[first].0 >= time {
            return Some((place, first));
        }
    }
    None
}

/// A value at a time, if there was one.
pub type Seen = (Instant, Option<f64>);

/// How much a counter grew by its last value of `seen` within a `window`, and in what time.
pub fn growth(seen: &[Seen], window: Duration, period: Duration) -> Option<(f64, Duration)> {
    let (now, _) = *seen.last()?;
    let from = now - window;
    let there = || seen.iter().rev().filter_map(|(at, value)| Some((*at, (*value)?)));
    let within = there().take_while(|(at, _)| *at > from);
    let before = there().find(|(at, _)| *at <= from);
    let base = before.filter(|(at, _)| *at >= from - period * 2);
    let mut points: Vec<_> = within.chain(base).collect();
    points.reverse();
    let grown = points.windows(2).map(|two| {
        let (before, value) = (two[0].1, two[1].1);
        if value < before { value } else { value - before }
    });
    let time = points.last()?.0 - points.first()?.0;
    (!time.is_zero()).then(|| (grown.fold(0.0, |sum, more| sum + more), time))
}

mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    fn at(minute: u32) -> Instant {
        Instant::ZERO + MINUTE * minute
    }

    #[test]
    fn an_example_by_hand() {
        let looks: Vec<_> =
            (0..).zip("##.###..#...##".chars()).map(|(n, c)| (at(n), c == '#')).collect();
        let (firing, resolved) = (AlertState::Firing, AlertState::Resolved);
        assert_eq!(
            alerts(&looks, MINUTE * 2, MINUTE * 2),
            [(firing, at(5), at(3)), (resolved, at(11), at(3))]
        );
        assert_eq!(
            alerts(&looks, MINUTE, Duration::ZERO),
            [
                (firing, at(1), at(0)),
                (resolved, at(2), at(0)),
                (firing, at(4), at(3)),
                (resolved, at(6), at(3)),
                (firing, at(13), at(12)),
            ]
        );
    }

    #[test]
    fn a_counter_that_begins_anew() {
        let seen = [(at(0), Some(90.0)), (at(1), Some(100.0)), (at(2), None), (at(3), Some(5.0))];
        assert_eq!(growth(&seen, MINUTE * 3, MINUTE), Some((15.0, MINUTE * 3)));
        assert_eq!(growth(&seen, MINUTE, MINUTE), Some((5.0, MINUTE * 2)));
        assert_eq!(growth(&seen[..1], MINUTE, MINUTE), None);
    }
}
