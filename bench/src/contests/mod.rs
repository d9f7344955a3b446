//! Who meets whom: a file a module of the library.

mod cache;
mod event;
mod executor;
mod flights;
mod futures;
mod layers;
mod limit;
mod monitor;
mod observable;
mod pipeline;
mod policy;
mod promised;
mod queue;
mod redis;
mod runtime;
mod sim;
mod stream;
mod time;

use std::fmt::Write;
use std::time::Duration;

use self::promised::PROMISED;
use crate::harness::{Contest, Failure, Outcome};
use crate::host::{SmolHost, TokioHost};

/// Longer than any round: a timer of this length does not fire.
const LONG: Duration = Duration::from_secs(60);

/// The runtimes that contests are run on.
struct Hosts {
    /// Both flavors of tokio.
    tokio: [TokioHost; 2],
    /// The flavor `current_thread` once more, as seen from a task instead of `block_on`.
    tokio_task: TokioHost,
    smol: SmolHost,
}

impl Hosts {
    fn start() -> Outcome<Self> {
        Ok(Self {
            tokio: [TokioHost::current_thread()?, TokioHost::multi_thread()?],
            tokio_task: TokioHost::current_thread_task()?,
            smol: SmolHost::new(),
        })
    }
}

/// Contests in the order in which they are run.
pub(crate) struct Contests(Vec<Contest>);

/// Every contest there is.
pub(crate) fn all() -> Outcome<Contests> {
    let hosts = Hosts::start()?;
    let groups = [
        runtime::contests(&hosts),
        time::contests(&hosts),
        queue::contests(&hosts),
        limit::contests(&hosts)?,
        executor::contests(&hosts),
        policy::contests(&hosts),
        stream::contests(&hosts),
        pipeline::contests(&hosts),
        event::contests(&hosts),
        observable::contests(&hosts),
        cache::contests(&hosts),
        layers::contests(&hosts),
        flights::contests(&hosts),
        monitor::contests(&hosts)?,
        redis::contests(&hosts),
        sim::contests(),
    ];
    Ok(Contests(groups.into_iter().flatten().collect()))
}

impl Contests {
    /// Those that have `part` in their names, or else the listing of those there are.
    pub(crate) fn only(self, part: &str) -> Result<Self, String> {
        let listing = self.listing();
        let chosen: Vec<_> =
            self.0.into_iter().filter(|contest| contest.name().contains(part)).collect();
        if chosen.is_empty() { Err(listing) } else { Ok(Self(chosen)) }
    }

    /// The promised contests and peers that are not there.
    pub(crate) fn missing(&self) -> Vec<Failure> {
        let mut missing = Vec::new();
        for (name, peers) in PROMISED {
            let fail = |reason: String| Failure { contest: (*name).into(), reason };
            match self.0.iter().find(|contest| contest.name() == *name) {
                None => missing.push(fail("the contest is missing".into())),
                Some(contest) => {
                    let absent = peers
                        .iter()
                        .filter(|promised| !contest.peers().any(|peer| peer == **promised));
                    missing
                        .extend(absent.map(|peer| fail(format!("the peer `{peer}` is missing"))));
                }
            }
        }
        missing
    }

    /// A line a contest: its name and its peers.
    pub(crate) fn listing(&self) -> String {
        let mut listing = String::new();
        for contest in &self.0 {
            let peers: Vec<_> = contest.peers().collect();
            // Writing to a `String` can't fail.
            let _ = writeln!(listing, "  {:36} {}", contest.name(), peers.join(", "));
        }
        listing
    }
}

impl IntoIterator for Contests {
    type Item = Contest;
    type IntoIter = std::vec::IntoIter<Contest>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_was_promised_is_missing() {
        assert_eq!(all().unwrap().missing(), []);
    }

    #[test]
    fn a_promise_is_made_once() {
        let mut names: Vec<_> = PROMISED.iter().map(|(name, _)| *name).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), PROMISED.len());
    }

    #[test]
    fn an_absent_contest_or_peer_is_a_failure() {
        let few = Contests(vec![Contest::new("runtime", PROMISED[0].0)]);
        let missing = few.missing();
        let peers_of_the_first = PROMISED[0].1.len();
        assert_eq!(missing.len(), peers_of_the_first + PROMISED.len() - 1);
        assert!(missing[0].reason.contains(PROMISED[0].1[0]));
        assert_eq!(missing[peers_of_the_first].reason, "the contest is missing");
    }

    #[test]
    fn only_takes_a_part_of_a_name_and_knows_the_names() {
        let names = |part| all().unwrap().only(part).map(|chosen| chosen.0.len());
        assert_eq!(names("gather-inline-ready"), Ok(2));
        assert!(names("gather").unwrap() > 1);
        assert!(names("no such").unwrap_err().contains("gather-inline-ready"));
    }

    #[test]
    fn names_are_told_apart() {
        let mut names: Vec<_> =
            all().unwrap().into_iter().map(|contest| contest.name().to_owned()).collect();
        let count = names.len();
        names.sort();
        names.dedup();
        assert_eq!(names.len(), count);
    }
}
