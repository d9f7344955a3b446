use crate::Replay;

/// A replay made shorter.
pub(crate) struct Shrunk {
    pub(crate) replay: Replay,
    /// How many choices it had before.
    pub(crate) before: usize,
    /// How many runs that took.
    pub(crate) runs: u64,
}

/// What shrinking may cost: runs, and polls in all of them together.
const MOST_RUNS: u64 = 2_000;
pub(crate) const MOST_POLLS: u64 = 3_000_000;

/// Takes choices out of a failing `replay` for as long as it still fails: `fails` runs one and
/// tells the number of its polls, and the choices that it made, if it failed alike.
///
/// Halves first, then quarters, down to single choices, until none can go: Zeller and Hildebrandt,
/// "Simplifying and isolating failure-inducing input", IEEE TSE 2002, without the test of subsets.
pub(crate) fn shrink(
    replay: Replay,
    fails: impl FnMut(&Replay) -> (u64, Option<Replay>),
) -> Shrunk {
    let before = replay.len();
    let mut search = Search { shortest: replay, runs: 0, polls: 0, fails };
    let mut size = before;
    while size > 0 {
        let Some(removed) = search.pass(size) else { break };
        // Single choices are tried again as long as one of them went.
        size = if size == 1 { usize::from(removed) } else { size / 2 };
    }
    Shrunk { replay: search.shortest, before, runs: search.runs }
}

struct Search<F> {
    shortest: Replay,
    runs: u64,
    polls: u64,
    fails: F,
}

impl<F: FnMut(&Replay) -> (u64, Option<Replay>)> Search<F> {
    /// Tries to take out each `size` choices that stand together, and tells whether any went;
    /// `None` when it has cost enough.
    fn pass(&mut self, size: usize) -> Option<bool> {
        let before = self.shortest.len();
        // From the end: what comes late depends on what came before.
        let mut end = before;
        while end > 0 {
            if self.runs >= MOST_RUNS || self.polls >= MOST_POLLS {
                return None;
            }
            let begin = end.saturating_sub(size);
            let length = self.shortest.len();
            self.attempt(&self.shortest.without(begin..end));
            if self.shortest.len() == length {
                self.attempt(&self.shortest.cut(begin..end));
            }
            end = begin.min(self.shortest.len());
        }
        Some(self.shortest.len() < before)
    }

    fn attempt(&mut self, candidate: &Replay) {
        let (polls, made) = (self.fails)(candidate);
        self.runs += 1;
        self.polls += polls;
        // A run that fails sooner leaves choices unmade: these go, too.
        if let Some(made) = made
            && made.len() < self.shortest.len()
        {
            self.shortest = made;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Replay {
        text.parse().expect("well formed")
    }

    #[test]
    fn what_is_needed_stays() {
        let all: Vec<String> = (0..100).map(|index| format!("s{index}=1")).collect();
        let needed = parse("s17=1,s80=1");
        let shrunk = shrink(parse(&all.join(",")), |candidate| {
            let has = |text: &str| candidate.to_string().split(',').any(|choice| choice == text);
            (1, (has("s17=1") && has("s80=1")).then(|| candidate.clone()))
        });
        assert_eq!((shrunk.replay, shrunk.before), (needed, 100));
        assert!(shrunk.runs < 100, "{}", shrunk.runs);
    }

    #[test]
    fn what_fails_of_itself_needs_nothing() {
        let shrunk = shrink(parse("s1=1,s2=2"), |candidate| (1, Some(candidate.clone())));
        assert_eq!((shrunk.replay.len(), shrunk.runs), (0, 1));
    }

    #[test]
    fn it_ends_when_it_cost_enough() {
        let all: Vec<String> = (0..100).map(|index| format!("s{index}=1")).collect();
        let shrunk = shrink(parse(&all.join(",")), |_| (MOST_POLLS / 4, None));
        assert_eq!((shrunk.replay.len(), shrunk.runs), (100, 4));
    }
}
