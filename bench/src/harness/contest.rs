use super::aim::Aim;
use super::side::{Side, Unit};

/// One question: how long, or how many allocations, does a thing take us, and each of our peers?
///
/// ```text
/// Contest::new("runtime", "spawn-join/tokio-multi")
///     .ours(timed_on(&host, move |times| ours(rt.clone(), times)))
///     .peer("tokio::spawn", Aim::Gate(Ratio(1.1)), timed_on(&host, theirs))
/// ```
pub(crate) struct Contest {
    pub(super) group: &'static str,
    pub(super) name: String,
    pub(super) operations: Operations,
    /// Where it takes long, or comes to the same each time: how many rounds it has at most.
    pub(super) rounds: Option<usize>,
    pub(super) ours: Option<Side>,
    pub(super) peers: Vec<Peer>,
}

/// Who we are compared with.
pub(super) struct Peer {
    pub(super) name: &'static str,
    pub(super) aim: Aim,
    pub(super) side: Side,
}

/// How many operations a round has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operations {
    /// As many as take about 15 ms.
    Calibrated,
    /// So many, because the operation is one of many items.
    Items(u64),
}

impl Contest {
    /// A contest without sides, in the table of `group`.
    pub(crate) fn new(group: &'static str, name: impl Into<String>) -> Self {
        Self {
            group,
            name: name.into(),
            operations: Operations::Calibrated,
            rounds: None,
            ours: None,
            peers: Vec::new(),
        }
    }

    /// Makes each round one run over `count` items; the figures are of one item.
    pub(crate) const fn items(mut self, count: u64) -> Self {
        self.operations = Operations::Items(count);
        self
    }

    /// Has as many rounds as `rounds` at most.
    pub(crate) const fn rounds(mut self, rounds: usize) -> Self {
        self.rounds = Some(rounds);
        self
    }

    /// Our side.
    pub(crate) fn ours(mut self, side: Side) -> Self {
        self.ours = Some(side);
        self
    }

    /// A further peer, and what we want against it.
    pub(crate) fn peer(mut self, name: &'static str, aim: Aim, side: Side) -> Self {
        self.peers.push(Peer { name, aim, side });
        self
    }

    /// What `--list` prints and `--only` looks at.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The names of its peers.
    pub(crate) fn peers(&self) -> impl Iterator<Item = &'static str> {
        self.peers.iter().map(|peer| peer.name)
    }

    /// What its figures count, or why they can't be compared.
    pub(super) fn unit(&self) -> Result<Unit, String> {
        let Some(ours) = &self.ours else {
            return Err("our side is missing".into());
        };
        if self.peers.is_empty() {
            return Err("there is no peer".into());
        }
        for peer in &self.peers {
            if peer.side.unit() != ours.unit() {
                return Err(format!("`{}` counts something else than we do", peer.name));
            }
            if peer.aim.bound().is_some_and(|bound| !bound.fits(ours.unit())) {
                return Err(format!("the aim against `{}` is of another unit", peer.name));
            }
        }
        Ok(ours.unit())
    }
}
