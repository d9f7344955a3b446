use slab::Slab;

use super::list::{Link, List, NIL};

/// Slots by how often they were used, and among those that were used equally often by when they
/// were used last: exact, each use in constant time. (Shah, Mitra, Matani, "An O(1) algorithm for
/// implementing the LFU cache eviction scheme", 2010.)
pub(crate) struct Lfu {
    /// A list for each number of uses that some slot has, linked from the least on.
    ranks: Slab<Rank>,
    lowest: u32,
    /// The rank of each slot.
    of: Vec<u32>,
}

struct Rank {
    uses: u64,
    slots: List,
    below: u32,
    above: u32,
}

impl Lfu {
    pub(crate) const fn new() -> Self {
        Self { ranks: Slab::new(), lowest: NIL, of: Vec::new() }
    }

    pub(crate) fn add(&mut self, links: &mut [Link], slot: u32) {
        let rank = match self.ranks.get(self.lowest as usize) {
            Some(lowest) if lowest.uses == 1 => self.lowest,
            _ => self.insert(1, NIL),
        };
        if self.of.len() < links.len() {
            self.of.resize(links.len(), NIL);
        }
        self.enter(links, slot, rank);
    }

    pub(crate) fn used(&mut self, links: &mut [Link], slot: u32) {
        let rank = self.of[slot as usize];
        let Rank { uses, above, .. } = self.ranks[rank as usize];
        let next = match self.ranks.get(above as usize) {
            Some(next) if next.uses == uses + 1 => above,
            _ if self.ranks[rank as usize].slots.is_only(slot) => {
                self.ranks[rank as usize].uses += 1;
                return;
            }
            _ => self.insert(uses + 1, rank),
        };
        self.remove(links, slot);
        self.enter(links, slot, next);
    }

    pub(crate) fn remove(&mut self, links: &mut [Link], slot: u32) {
        let rank = self.of[slot as usize];
        let held = &mut self.ranks[rank as usize];
        held.slots.unlink(links, slot);
        if held.slots.first().is_none() {
            let Rank { below, above, .. } = self.ranks.remove(rank as usize);
            match below {
                NIL => self.lowest = above,
                below => self.ranks[below as usize].above = above,
            }
            if above != NIL {
                self.ranks[above as usize].below = below;
            }
        }
    }

    /// What stood in the last slot stands in `to` now.
    pub(crate) fn moved(&mut self, links: &mut [Link], to: u32) {
        // The column is as long as the slots were before.
        self.of.swap_remove(to as usize);
        let rank = self.of[to as usize];
        self.ranks[rank as usize].slots.moved(links, to);
    }

    /// The last slot is gone.
    pub(crate) fn popped(&mut self) {
        self.of.pop();
    }

    pub(crate) fn victim(&self) -> Option<u32> {
        self.ranks.get(self.lowest as usize).and_then(|lowest| lowest.slots.first())
    }

    fn enter(&mut self, links: &mut [Link], slot: u32, rank: u32) {
        self.of[slot as usize] = rank;
        self.ranks[rank as usize].slots.push(links, slot);
    }

    /// A rank above `below`, or the lowest.
    fn insert(&mut self, uses: u64, below: u32) -> u32 {
        let above = match below {
            NIL => self.lowest,
            below => self.ranks[below as usize].above,
        };
        // There are no more ranks than slots, of which there are fewer than 2^32.
        let rank = self.ranks.insert(Rank { uses, slots: List::new(), below, above }) as u32;
        match below {
            NIL => self.lowest = rank,
            below => self.ranks[below as usize].above = rank,
        }
        if above != NIL {
            self.ranks[above as usize].below = rank;
        }
        rank
    }
}
