use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::SystemTime;

use mtaio_runtime::Instant;

use super::episode::{Change, Episode};
use super::notice::{Alert, AlertState};
use super::rule::Rule;
use super::signal::Moment;
use crate::monitor::labels::Labels;

/// Rules, and where each of their series is.
pub(in crate::monitor) struct Evaluator {
    watches: Vec<Watch>,
    episodes: u64,
}

struct Watch {
    rule: Rule,
    message: Arc<str>,
    /// The series that are not idle.
    active: BTreeMap<Labels, Active>,
}

struct Active {
    episode: Episode,
    /// The number of the episode, once it fires.
    number: u64,
    labels: Labels,
    fired_at: (Instant, SystemTime),
    value: f64,
}

impl Evaluator {
    pub(in crate::monitor) fn new(rules: Vec<Rule>) -> Self {
        let watch = |rule: Rule| Watch { message: rule.said(), rule, active: BTreeMap::new() };
        Self { watches: rules.into_iter().map(watch).collect(), episodes: 0 }
    }

    /// Looks at all rules and answers what is to be told, in the order of the rules and of the labels
    /// of the series.
    pub(in crate::monitor) fn evaluate(
        &mut self,
        moment: &Moment<'_>,
        wall_clock: SystemTime,
    ) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for watch in &mut self.watches {
            watch.evaluate(moment, wall_clock, &mut self.episodes, &mut alerts);
        }
        alerts
    }

    /// Lets go of what has held, for it is not known whether it went on.
    pub(in crate::monitor) fn forget_pending(&mut self) {
        for watch in &mut self.watches {
            watch.active.retain(|_, active| matches!(active.episode, Episode::Firing { .. }));
        }
    }

    /// What fires now, as it was told, with the last values.
    pub(in crate::monitor) fn firing(&self) -> Vec<Alert> {
        let mut firing = Vec::new();
        for watch in &self.watches {
            for active in watch.active.values() {
                if let Episode::Firing { since, .. } = active.episode {
                    let (at, wall_clock) = active.fired_at;
                    firing.push(watch.alert(active, AlertState::Firing, since, at, wall_clock));
                }
            }
        }
        firing
    }

    /// How many fire now.
    pub(in crate::monitor) fn count_firing(&self) -> usize {
        let active = self.watches.iter().flat_map(|watch| watch.active.values());
        active.filter(|active| matches!(active.episode, Episode::Firing { .. })).count()
    }

    /// How many episodes have begun.
    pub(in crate::monitor) const fn episodes(&self) -> u64 {
        self.episodes
    }
}

impl Watch {
    fn evaluate(
        &mut self,
        moment: &Moment<'_>,
        wall_clock: SystemTime,
        episodes: &mut u64,
        alerts: &mut Vec<Alert>,
    ) {
        let Rule { bound, hold, keep, .. } = self.rule;
        let mut now: BTreeMap<Labels, f64> = BTreeMap::new();
        for (labels, value) in self.rule.signal.evaluate(moment) {
            if bound.is_crossed_by(value) && !self.active.contains_key(&labels) {
                let active = Active {
                    episode: Episode::Idle,
                    number: 0,
                    labels: with(&labels, &self.rule.labels),
                    fired_at: (moment.at, wall_clock),
                    value,
                };
                self.active.insert(labels.clone(), active);
            }
            now.insert(labels, value);
        }
        let mut changes = Vec::new();
        for (series, active) in &mut self.active {
            let value = now.get(series).copied();
            active.value = value.unwrap_or(active.value);
            let holds = value.is_some_and(|value| bound.is_crossed_by(value));
            let Some(change) = active.episode.step(moment.at, holds, hold, keep) else { continue };
            if let Change::Fired { .. } = change {
                *episodes += 1;
                active.number = *episodes;
                active.fired_at = (moment.at, wall_clock);
            }
            changes.push((series.clone(), change));
        }
        for (series, change) in changes {
            let (state, since) = match change {
                Change::Fired { since } => (AlertState::Firing, since),
                Change::Resolved { since } => (AlertState::Resolved, since),
            };
            if let Some(active) = self.active.get(&series) {
                alerts.push(self.alert(active, state, since, moment.at, wall_clock));
            }
        }
        self.active.retain(|_, active| active.episode != Episode::Idle);
    }

    fn alert(
        &self,
        active: &Active,
        state: AlertState,
        since: Instant,
        at: Instant,
        wall_clock: SystemTime,
    ) -> Alert {
        Alert {
            name: Arc::clone(&self.rule.name),
            state,
            severity: self.rule.severity,
            labels: active.labels.clone(),
            message: Arc::clone(&self.message),
            value: active.value,
            episode: active.number,
            since,
            at,
            wall_clock,
        }
    }
}

/// The labels of a series and those of a rule, which come first where both have one.
fn with(series: &Labels, rule: &[(String, String)]) -> Labels {
    if rule.is_empty() {
        return series.clone();
    }
    let mut pairs: BTreeMap<Arc<str>, Box<str>> =
        series.pairs().iter().map(|(name, value)| (Arc::clone(name), value.clone())).collect();
    for (name, value) in rule {
        pairs.insert(name.as_str().into(), value.as_str().into());
    }
    Labels::sorted(pairs.into_iter().collect())
}
