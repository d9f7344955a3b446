use super::list::Link;
use super::recency::NOWHERE;
use crate::cache::eviction::Eviction;

/// What is known of each slot for the order of leaving, in arrays side by side: who looks for one
/// thing does not load the others. Those that an order does not need are empty.
#[repr(C)]
pub(crate) struct Nodes {
    pub(super) marks: Vec<u8>,
    pub(super) links: Vec<Link>,
    /// The last use, and the hash of the key, where there are no links.
    pub(super) lasts: Vec<u32>,
    hashes: Vec<u32>,
    weights: Vec<u32>,
    eviction: Eviction,
    is_weighed: bool,
}

impl Nodes {
    pub(crate) const fn new(eviction: Eviction, is_weighed: bool) -> Self {
        Self {
            marks: Vec::new(),
            links: Vec::new(),
            lasts: Vec::new(),
            hashes: Vec::new(),
            weights: Vec::new(),
            eviction,
            is_weighed,
        }
    }

    /// The hash of the key.
    #[inline]
    pub(crate) fn hash(&self, slot: u32) -> u32 {
        let link = self.links.get(slot as usize);
        link.map_or_else(|| self.hashes[slot as usize], |link| link.hash)
    }

    #[inline]
    pub(crate) fn weight(&self, slot: u32) -> u64 {
        self.weights.get(slot as usize).map_or(1, |weight| u64::from(*weight))
    }

    pub(crate) fn set_weight(&mut self, slot: u32, weight: u32) {
        if let Some(known) = self.weights.get_mut(slot as usize) {
            *known = weight;
        }
    }

    pub(crate) fn reserve(&mut self, more: usize) {
        match self.eviction {
            Eviction::Lru => {
                self.lasts.reserve_exact(more);
                self.hashes.reserve_exact(more);
            }
            _ => self.links.reserve_exact(more),
        }
        if self.eviction == Eviction::S3Fifo {
            self.marks.reserve_exact(more);
        }
        if self.is_weighed {
            self.weights.reserve_exact(more);
        }
    }

    pub(crate) fn push(&mut self, hash: u32, weight: u32) {
        match self.eviction {
            Eviction::Lru => {
                self.lasts.push(NOWHERE);
                self.hashes.push(hash);
            }
            _ => self.links.push(Link::new(hash)),
        }
        if self.eviction == Eviction::S3Fifo {
            self.marks.push(0);
        }
        if self.is_weighed {
            self.weights.push(weight);
        }
    }

    /// Puts a new one into a slot that was given up.
    pub(crate) fn reuse(&mut self, slot: u32, hash: u32, weight: u32) {
        match self.eviction {
            Eviction::Lru => self.hashes[slot as usize] = hash,
            _ => self.links[slot as usize] = Link::new(hash),
        }
        self.set_weight(slot, weight);
    }

    pub(crate) fn swap_remove(&mut self, slot: u32) {
        match self.eviction {
            Eviction::Lru => {
                self.lasts.swap_remove(slot as usize);
                self.hashes.swap_remove(slot as usize);
            }
            _ => {
                self.links.swap_remove(slot as usize);
            }
        }
        if self.eviction == Eviction::S3Fifo {
            self.marks.swap_remove(slot as usize);
        }
        if self.is_weighed {
            self.weights.swap_remove(slot as usize);
        }
    }
}
