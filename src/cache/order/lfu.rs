use std::mem;

use slab::Slab;

use super::list::{Link, List, NIL};
use super::nodes::Nodes;

/// Slots by how often they were used, and among those that were used equally often by when they
/// were used last: exact, each use in constant time. (Shah, Mitra, Matani, "An O(1) algorithm for
/// implementing the LFU cache eviction scheme", 2010.)
pub(crate) struct Lfu {
    /// A list for each number of uses that some slot has, linked from the least on.
    ranks: Slab<Rank>,
    lowest: u32,
    /// The rank of each slot.
    of: Vec<u32>,
    /// Slots that were used, in the order of using them, and not been put where they belong yet:
    /// many of them in one go wait for memory once, and not each.
    noted: [u32; NOTED],
    count: usize,
}

const NOTED: usize = 64;

struct Rank {
    uses: u64,
    slots: List,
    below: u32,
    above: u32,
}

impl Lfu {
    pub(crate) const fn new() -> Self {
        Self { ranks: Slab::new(), lowest: NIL, of: Vec::new(), noted: [NIL; NOTED], count: 0 }
    }

    #[inline]
    pub(crate) fn used(&mut self, nodes: &mut Nodes, slot: u32) {
        if self.count == NOTED {
            self.settle(nodes);
        }
        self.noted[self.count] = slot;
        self.count += 1;
    }

    pub(crate) fn add(&mut self, nodes: &mut Nodes, slot: u32) {
        self.settle(nodes);
        let links = &mut nodes.links;
        let rank = match self.ranks.get(self.lowest as usize) {
            Some(lowest) if lowest.uses == 1 => self.lowest,
            _ => self.insert(1, NIL),
        };
        if self.of.len() < links.len() {
            self.of.resize(links.len(), NIL);
        }
        self.enter(links, slot, rank);
    }

    /// Puts what was noted where it belongs.
    fn settle(&mut self, nodes: &mut Nodes) {
        for place in 0..mem::take(&mut self.count) {
            self.promote(&mut nodes.links, self.noted[place]);
        }
    }

    fn promote(&mut self, links: &mut [Link], slot: u32) {
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
        self.leave(links, slot);
        self.enter(links, slot, next);
    }

    fn leave(&mut self, links: &mut [Link], slot: u32) {
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

    pub(crate) fn remove(&mut self, nodes: &mut Nodes, slot: u32) {
        self.settle(nodes);
        self.leave(&mut nodes.links, slot);
    }

    /// What stood in the last slot stands in `to` now.
    pub(crate) fn moved(&mut self, nodes: &mut Nodes, to: u32) {
        // The column is as long as the slots were before.
        self.of.swap_remove(to as usize);
        let rank = self.of[to as usize];
        self.ranks[rank as usize].slots.moved(&mut nodes.links, to);
    }

    /// The last slot is gone.
    pub(crate) fn popped(&mut self) {
        self.of.pop();
    }

    pub(crate) fn victim(&mut self, nodes: &mut Nodes) -> Option<u32> {
        self.settle(nodes);
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
