use std::fmt;
use std::sync::Arc;

use crate::cache::codec::xxh64;
use crate::config::ConfigError;

/// Which nodes a key is at: rendezvous hashing, over nodes that are known by their names.
///
/// A key falls into one of 65,536 slots: the first 16 bits of its XXH64 with seed 0. For each slot
/// each node has a score, and those with the highest scores have the slot's keys, the highest first:
/// `mix(XXH64(name, 0) ^ (slot + 1) * 0x9E3779B97F4A7C15)`, all modulo 2^64, with splitmix64's finalizer
/// as `mix`. None of it changes from process to process or from release to release.
///
/// So a node that leaves gives up its own keys and no others move, one that comes takes its share of
/// each other's, and the order in which they are named makes no difference. (Rendezvous hashing:
/// Thaler and Ravishankar, 1998. What slots add is that the scores of many nodes need be looked at once a
/// slot, and not once a key.)
///
/// # Examples
///
/// ```
/// use mtaio::cache::Rendezvous;
///
/// let three = Rendezvous::new(["ada", "bob", "eve"], 2)?;
/// let two = Rendezvous::new(["bob", "eve"], 1)?;
/// let names = |key: &[u8]| three.pick(key).iter().map(|node| three.name(node)).collect::<Vec<_>>();
///
/// // Who loses its first node goes to the second one; nobody else moves.
/// let first = names(b"some key");
/// let expected = if first[0] == "ada" { first[1] } else { first[0] };
/// assert_eq!(two.name(two.pick(b"some key").first()), expected);
/// # Ok::<(), mtaio::ConfigError>(())
/// ```
#[derive(Clone)]
pub struct Rendezvous {
    names: Arc<[Arc<str>]>,
    seeds: Arc<[u64]>,
    replication: usize,
    /// The nodes of each slot, one slot after the other, where there are many.
    table: Option<Arc<[u8]>>,
}

/// Which nodes have a key: their numbers, in the order in which they were named; from
/// [`Rendezvous::pick`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Picked {
    nodes: [u8; MOST_REPLICAS],
    count: u8,
}

const SLOTS: u64 = 1 << 16;
const MOST_NODES: usize = 256;
const MOST_REPLICAS: usize = 8;

/// Up to so many, their scores are told as quickly as looked up.
const FEW: usize = 6;

impl Rendezvous {
    /// Among nodes of these names, a key is at `replication` of them.
    ///
    /// # Errors
    ///
    /// [`ConfigError`] if there are no nodes or more than 256, if two have one name, and if
    /// `replication` is zero, more than 8, or more than there are nodes.
    pub fn new<N: Into<Arc<str>>>(
        names: impl IntoIterator<Item = N>,
        replication: usize,
    ) -> Result<Self, ConfigError> {
        let names: Arc<[Arc<str>]> = names.into_iter().map(Into::into).collect();
        if names.is_empty() || names.len() > MOST_NODES {
            return Err(ConfigError::new("node", names.len().to_string(), "1 to 256 of them"));
        }
        let mut sorted: Vec<&str> = names.iter().map(|name| &**name).collect();
        sorted.sort_unstable();
        if let Some(twice) = sorted.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(ConfigError::new(
                "node",
                format!("{:?}", twice[0]),
                "a name that no other node has",
            ));
        }
        if replication == 0 || replication > names.len().min(MOST_REPLICAS) {
            let allowed = "1 to 8, and at most the number of nodes";
            return Err(ConfigError::new("replication", replication.to_string(), allowed));
        }
        let seeds = names.iter().map(|name| xxh64(name.as_bytes(), 0)).collect();
        let mut made = Self { names, seeds, replication, table: None };
        if made.names.len() > FEW {
            made.table = Some(made.tabulate());
        }
        Ok(made)
    }

    /// The nodes of `key`.
    #[inline]
    pub fn pick(&self, key: &[u8]) -> Picked {
        let slot = xxh64(key, 0) >> 48;
        let Some(table) = &self.table else {
            return self.pick_few(slot);
        };
        // Less than 2^16, which fits.
        let begin = slot as usize * self.replication;
        let mut nodes = [0; MOST_REPLICAS];
        nodes[..self.replication].copy_from_slice(&table[begin..begin + self.replication]);
        Picked { nodes, count: self.replication as u8 }
    }

    /// The name of a node that was [picked](Self::pick).
    ///
    /// # Panics
    ///
    /// If there is no node of that number.
    pub fn name(&self, node: usize) -> &str {
        &self.names[node]
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.names.len()
    }

    /// At how many of them a key is.
    pub const fn replication(&self) -> usize {
        self.replication
    }

    /// Whether a node with this `score` is before another with its own. Names tell where scores do
    /// not.
    #[inline]
    fn is_before(&self, (score, node): (u64, usize), (other_score, other): (u64, u8)) -> bool {
        score > other_score
            || (score == other_score && self.names[node] < self.names[usize::from(other)])
    }

    #[inline]
    fn pick_few(&self, slot: u64) -> Picked {
        let mut nodes = [0; MOST_REPLICAS];
        let mut scores = [0; MOST_REPLICAS];
        let mut count = 0;
        for (node, seed) in self.seeds.iter().enumerate() {
            let own = (score(*seed, slot), node);
            let mut place = count;
            if count < self.replication {
                count += 1;
            } else if self.is_before(own, (scores[count - 1], nodes[count - 1])) {
                place -= 1;
            } else {
                continue;
            }
            while place > 0 && self.is_before(own, (scores[place - 1], nodes[place - 1])) {
                nodes[place] = nodes[place - 1];
                scores[place] = scores[place - 1];
                place -= 1;
            }
            // At most 255, which fits.
            nodes[place] = node as u8;
            scores[place] = own.0;
        }
        Picked { nodes, count: count as u8 }
    }

    fn tabulate(&self) -> Arc<[u8]> {
        let mut table = Vec::with_capacity(SLOTS as usize * self.replication);
        for slot in 0..SLOTS {
            table.extend_from_slice(self.pick_few(slot).as_slice());
        }
        table.into()
    }
}

impl Picked {
    /// The one that comes first: all readers and writers of a key agree on it.
    pub const fn first(&self) -> usize {
        self.nodes[0] as usize
    }

    /// How many there are: the replication.
    pub const fn len(&self) -> usize {
        self.count as usize
    }

    /// Never: a key is somewhere.
    pub const fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// All of them, in their order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.as_slice().iter().map(|node| usize::from(*node))
    }

    fn as_slice(&self) -> &[u8] {
        &self.nodes[..self.len()]
    }
}

/// That of a node whose name has the hash `seed`.
#[inline]
const fn score(seed: u64, slot: u64) -> u64 {
    let mixed = seed ^ (slot + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

impl fmt::Debug for Rendezvous {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rendezvous")
            .field("names", &self.names)
            .field("replication", &self.replication)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Picked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.as_slice()).finish()
    }
}
