use std::sync::atomic::AtomicU8;

use super::list::Link;
use super::s3fifo::S3Fifo;

/// What the order of leaving knows of each slot, in arrays side by side: who looks for one thing
/// does not load the others.
#[repr(C)]
pub(crate) struct Nodes {
    pub(crate) marks: Vec<AtomicU8>,
    pub(crate) links: Vec<Link>,
    /// Empty where each weighs 1.
    weights: Vec<u32>,
    is_weighed: bool,
}

impl Nodes {
    pub(crate) const fn new(is_weighed: bool) -> Self {
        Self { links: Vec::new(), marks: Vec::new(), weights: Vec::new(), is_weighed }
    }

    /// Marks `slot` as used, for the order that looks at marks.
    #[inline]
    pub(crate) fn used(&self, slot: u32) {
        S3Fifo::used(&self.marks[slot as usize]);
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
        self.links.reserve_exact(more);
        self.marks.reserve_exact(more);
        if self.is_weighed {
            self.weights.reserve_exact(more);
        }
    }

    pub(crate) fn push(&mut self, hash: u32, weight: u32) {
        self.links.push(Link::new(hash));
        self.marks.push(AtomicU8::new(0));
        if self.is_weighed {
            self.weights.push(weight);
        }
    }

    /// Puts a new one into a slot that was given up.
    pub(crate) fn reuse(&mut self, slot: u32, hash: u32, weight: u32) {
        self.links[slot as usize] = Link::new(hash);
        self.set_weight(slot, weight);
    }

    pub(crate) fn swap_remove(&mut self, slot: u32) {
        self.links.swap_remove(slot as usize);
        self.marks.swap_remove(slot as usize);
        if self.is_weighed {
            self.weights.swap_remove(slot as usize);
        }
    }
}
