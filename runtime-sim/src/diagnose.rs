//! What it was that went wrong, when a run can't go on.

use std::sync::MutexGuard;

use mtaio_runtime::TaskName;

use crate::drive::Driver;
use crate::failure::{Diagnosis, Finding};
use crate::shared::State;
use crate::tasks::TaskId;
use crate::trace::Why;

impl<'a> Driver<'a, '_> {
    /// Nothing can run, no timer will fire, and the scenario is not done.
    pub(crate) fn stalled(&mut self, state: MutexGuard<'a, State>) -> Finding {
        let deadlock = self.finding(&state, Diagnosis::Deadlock, state.tasks.names());
        let detail = Some("nothing can run and no timer will fire".to_owned());
        let deadlock = Finding { detail, ..deadlock };
        self.rescue_all(state).1.unwrap_or(deadlock)
    }

    /// What is left when the scenario is done and nothing can run any more.
    pub(crate) fn check_leaks(&mut self, state: MutexGuard<'a, State>) -> Result<(), Finding> {
        let leak = self.finding(&state, Diagnosis::Leak, state.tasks.names());
        if leak.tasks.is_empty() && leak.timers.is_empty() {
            return Ok(());
        }
        Err(self.rescue_all(state).1.unwrap_or(leak))
    }

    /// It would go on and on. But where some tasks only tick, and others have not moved for the
    /// second half of all polls, these are what is wrong: without the ticks it were a stall.
    pub(crate) fn over_limit(&mut self, state: MutexGuard<'a, State>, limit: &str) -> Finding {
        let half = state.polls / 2;
        let (mut stuck, lively) = (state.tasks.waiting_since(half), state.tasks.polled_after(half));
        let sleepers = state.timers.tasks();
        stuck.retain(|id| !sleepers.contains(id));
        // Again and again: one long sleep, at the end of a chain, is no tick.
        let ticks = !lively.is_empty() && state.polls - half > 2 * lively.len() as u64;
        let only_ticks = ticks && state.last_wake_in_poll <= half;
        let names = |ids: &[TaskId]| -> Vec<TaskName> {
            ids.iter().filter_map(|&id| state.tasks.name(id)).collect()
        };
        let others = format!("other tasks only run by timers, up to the limit of {limit}");
        // The scenario alone may wait for those that tick.
        let finding = if only_ticks && stuck.len() > 1 {
            let finding = self.finding(&state, Diagnosis::Deadlock, names(&stuck));
            Finding { detail: Some(others.clone()), ..finding }
        } else {
            let waiting = names(&stuck).iter().map(ToString::to_string).collect::<Vec<_>>();
            let detail = match &*waiting.join(", ") {
                "" => format!("more than the limit of {limit}"),
                waiting => format!("more than the limit of {limit}, while these wait: {waiting}"),
            };
            let finding = self.finding(&state, Diagnosis::Livelock, names(&lively));
            Finding { detail: Some(detail), ..finding }
        };
        let lost = self.rescue(state, stuck).1;
        let lost = lost.map(|lost| Finding { detail: Some(others), ..lost });
        lost.unwrap_or(finding)
    }

    pub(crate) fn foreign_wake(
        &self,
        state: &State,
        (task, thread): (TaskName, String),
    ) -> Finding {
        let detail = format!("the thread `{thread}` woke it");
        let finding = self.finding(state, Diagnosis::Nondeterminism, vec![task]);
        Finding { detail: Some(detail), ..finding }
    }

    /// Polls every task that waits once more: see [`rescue`](Self::rescue).
    pub(crate) fn rescue_all(
        &mut self,
        state: MutexGuard<'a, State>,
    ) -> (MutexGuard<'a, State>, Option<Finding>) {
        let waiting = state.tasks.waiting_since(u64::MAX);
        self.rescue(state, waiting)
    }

    /// Polls tasks that nobody woke. One that then ends, wakes or spawns another, or waits for one
    /// more timer, could have gone on before: its wake was lost. But who waits for a timer that is
    /// late will be woken, and may find by the clock that it is time; and who had a timer that fires
    /// before the new one would have been woken to make that one in time.
    fn rescue(
        &mut self,
        mut state: MutexGuard<'a, State>,
        tasks: Vec<TaskId>,
    ) -> (MutexGuard<'a, State>, Option<Finding>) {
        let mut finding = self.finding(&state, Diagnosis::LostWakeup, Vec::new());
        let mut stale = Vec::new();
        let known_panics = state.panics.len();
        let late = state.timers.late_tasks(finding.at);
        for id in tasks {
            if late.contains(&id) {
                continue;
            }
            let was_stale = state.tasks.had_stale_wake(id);
            // One that was woken meanwhile will run by itself.
            let (Some(name), Some(running)) = (state.tasks.name(id), state.tasks.take_waiting(id))
            else {
                continue;
            };
            let (effects, timers, mark) = (state.effects, state.timers.len(), state.timers.mark());
            state = self.turn(state, running, Why::Rescue);
            let waits_for_more = state.timers.len() > timers;
            let moved = state.effects != effects
                || waits_for_more && state.timers.fires_earlier_since(mark, id);
            if moved || state.tasks.name(id).is_none() {
                if was_stale { &mut stale } else { &mut finding.tasks }.push(name);
            }
        }
        // What a poll out of turn made panic is not what went wrong.
        let panics = state.panics.split_off(known_panics);
        drop(state);
        drop(panics);
        state = self.shared.lock();
        if !stale.is_empty() {
            (finding.diagnosis, finding.tasks) = (Diagnosis::StaleWaker, stale);
        }
        let lost = (!finding.tasks.is_empty()).then_some(finding);
        (state, lost)
    }
}
