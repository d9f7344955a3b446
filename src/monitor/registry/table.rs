use std::hash::{BuildHasher, Hasher};

use ahash::RandomState;
use hashbrown::HashTable;

use crate::monitor::labels::Labels;

/// Series by their labels: in order, for who reads them, and by a hash, for who looks for one.
///
/// The hash has no key, as there is no randomness without a runtime. Whoever makes all values meet in
/// one place makes a search as long as the bound of the family.
pub(super) struct Table<M> {
    in_order: Vec<(Labels, M)>,
    hashed: HashTable<(Labels, M)>,
    hasher: RandomState,
}

impl<M: Clone> Table<M> {
    pub(super) const fn new() -> Self {
        let hasher = RandomState::with_seeds(1, 2, 3, 4);
        Self { in_order: Vec::new(), hashed: HashTable::new(), hasher }
    }

    pub(super) const fn len(&self) -> usize {
        self.in_order.len()
    }

    pub(super) fn in_order(&self) -> impl Iterator<Item = &(Labels, M)> {
        self.in_order.iter()
    }

    /// The metric of these values, which are in the order of the names.
    pub(super) fn find(&self, values: &[&str]) -> Option<&M> {
        let hash = hash(&self.hasher, values.iter().copied());
        let found = self.hashed.find(hash, |(labels, _)| are(labels, values));
        found.map(|(_, metric)| metric)
    }

    /// Puts in a metric of labels that are not there.
    pub(super) fn insert(&mut self, labels: Labels, metric: &M) {
        let Self { in_order, hashed, hasher } = self;
        let at = in_order.partition_point(|(known, _)| *known < labels);
        in_order.insert(at, (labels.clone(), metric.clone()));
        let hash_of = |labels: &Labels| hash(hasher, values_of(labels));
        let entry = (labels, metric.clone());
        hashed.insert_unique(hash_of(&entry.0), entry, |(labels, _)| hash_of(labels));
    }

    pub(super) fn remove(&mut self, values: &[&str]) -> Option<(Labels, M)> {
        let hash = hash(&self.hasher, values.iter().copied());
        let entry = self.hashed.find_entry(hash, |(labels, _)| are(labels, values)).ok()?;
        let ((labels, metric), _) = entry.remove();
        if let Ok(at) = self.in_order.binary_search_by(|(known, _)| known.cmp(&labels)) {
            self.in_order.remove(at);
        }
        Some((labels, metric))
    }
}

fn are(labels: &Labels, values: &[&str]) -> bool {
    values_of(labels).eq(values.iter().copied())
}

fn values_of(labels: &Labels) -> impl Iterator<Item = &str> {
    labels.pairs().iter().map(|(_, value)| &**value)
}

fn hash<'a>(hasher: &RandomState, values: impl Iterator<Item = &'a str>) -> u64 {
    let mut hasher = hasher.build_hasher();
    for value in values {
        hasher.write(value.as_bytes());
        // No text has this byte, so that values don't run into each other.
        hasher.write_u8(0xff);
    }
    hasher.finish()
}
