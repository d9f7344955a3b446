use super::nodes::Nodes;

/// Slots in the order of their last uses: a log, to whose end each use is written.
///
/// A slot knows the place of its last use, which makes those before it void: to note a use is to
/// write two numbers, wherever the slot stood before. The oldest that is not void is the first to
/// leave. Now and then what is void is taken out, a bounded number of places with each batch of
/// uses: places that are kept move to the front, in their order.
///
/// ```text
/// 0        front       kept        seen         end        log.len()
/// | void    | kept      | void      | as written | free     |
/// ```
pub(crate) struct Recency {
    log: Vec<u32>,
    /// The next free place.
    end: usize,
    /// Where to look for the next batch's room.
    limit: usize,
    /// Of what has been kept, the oldest.
    front: usize,
    kept: usize,
    /// Up to where what is void has been taken out.
    seen: usize,
}

/// A slot without a use: in no place.
pub(super) const NOWHERE: u32 = u32::MAX;

/// So many uses are noted before there is a look at the log.
const BATCH: usize = 64;

/// How many places are looked at for each use. The log is twice as long as there are slots: three
/// quarters full, it is through before it is full.
const STEPS: usize = 4;

impl Recency {
    pub(crate) const fn new() -> Self {
        Self { log: Vec::new(), end: 0, limit: 0, front: 0, kept: 0, seen: 0 }
    }

    /// Makes `slot` the one that was used last.
    #[inline]
    pub(crate) fn used(&mut self, nodes: &mut Nodes, slot: u32) {
        if self.end == self.limit {
            self.make_room(nodes);
        }
        self.log[self.end] = slot;
        nodes.lasts[slot as usize] = self.end as u32;
        self.end += 1;
    }

    #[inline]
    pub(crate) fn remove(&mut self, nodes: &mut Nodes, slot: u32) {
        nodes.lasts[slot as usize] = NOWHERE;
    }

    /// What stood in the last slot stands in `to` now.
    pub(crate) fn moved(&mut self, nodes: &mut Nodes, to: u32) {
        self.log[nodes.lasts[to as usize] as usize] = to;
    }

    /// What was used the longest time ago.
    #[inline]
    pub(crate) fn victim(&mut self, nodes: &Nodes) -> Option<u32> {
        while self.front < self.kept {
            if let Some(slot) = self.valid(nodes, self.front) {
                return Some(slot);
            }
            self.front += 1;
        }
        while self.seen < self.end {
            if let Some(slot) = self.valid(nodes, self.seen) {
                return Some(slot);
            }
            self.seen += 1;
        }
        None
    }

    /// The slot whose last use stands in `place`.
    #[inline]
    fn valid(&self, nodes: &Nodes, place: usize) -> Option<u32> {
        let slot = self.log[place];
        (nodes.lasts.get(slot as usize) == Some(&(place as u32))).then_some(slot)
    }

    /// Makes room for a batch.
    #[cold]
    fn make_room(&mut self, nodes: &mut Nodes) {
        let len = 2 * (nodes.lasts.capacity() + BATCH);
        if self.log.len() < len {
            self.log.reserve_exact(len - self.log.len());
            self.log.resize(len, 0);
        }
        if self.end > len / 4 * 3 {
            self.tidy(nodes, STEPS * BATCH);
        }
        while self.end == self.log.len() {
            self.tidy(nodes, self.log.len());
        }
        self.limit = self.log.len().min(self.end + BATCH);
    }

    /// Looks at `steps` places.
    fn tidy(&mut self, nodes: &mut Nodes, steps: usize) {
        for _ in 0..steps {
            if self.seen == self.end {
                // What is kept is all that there is.
                self.end = self.kept;
                (self.seen, self.front, self.kept) = (self.front, 0, 0);
                return;
            }
            // Half of them are void, without any pattern: a branch would be guessed wrong.
            let slot = self.log[self.seen];
            if let Some(last) = nodes.lasts.get_mut(slot as usize) {
                let is_valid = *last == self.seen as u32;
                *last = if is_valid { self.kept as u32 } else { *last };
                self.log[self.kept] = slot;
                self.kept += usize::from(is_valid);
            }
            self.seen += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::eviction::Eviction;

    /// As many slots as there is room for, used, given up, closed and evicted at random: the victim
    /// is always who is first in a plain list.
    #[test]
    fn the_order_is_that_of_a_plain_list() {
        const MOST: usize = 100;
        let mut nodes = Nodes::new(Eviction::Lru, false);
        let (mut recency, mut list) = (Recency::new(), Vec::<u32>::new());
        let mut random = 1_u64;
        let mut below = |n: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            ((u128::from(random) * n as u128) >> 64) as usize
        };
        for turn in 0..200_000 {
            let len = list.len();
            // Few slots at first, and at times only some of them used.
            let most = MOST.min(1 + turn / 500);
            match below(8) {
                0 if len < most => {
                    if len == nodes.lasts.capacity() {
                        nodes.reserve(len.max(4));
                    }
                    nodes.push(0, 1);
                    recency.used(&mut nodes, len as u32);
                    list.push(len as u32);
                }
                0 => {
                    // It leaves, and another comes in its place.
                    let victim = recency.victim(&nodes).expect("it is full");
                    assert_eq!(victim, list.remove(0));
                    recency.remove(&mut nodes, victim);
                    nodes.reuse(victim, 0, 1);
                    recency.used(&mut nodes, victim);
                    list.push(victim);
                }
                1 if len > 0 => {
                    // It leaves, and the last one fills its slot.
                    let (slot, last) = (below(len) as u32, len as u32 - 1);
                    recency.remove(&mut nodes, slot);
                    nodes.swap_remove(slot);
                    list.retain(|it| *it != slot);
                    if slot != last {
                        recency.moved(&mut nodes, slot);
                        let place = list.iter().position(|it| *it == last).expect("it is there");
                        list[place] = slot;
                    }
                }
                _ if len > 0 => {
                    let slot = below(if turn % 3 == 0 { len } else { len.min(5) }) as u32;
                    recency.used(&mut nodes, slot);
                    list.retain(|it| *it != slot);
                    list.push(slot);
                }
                _ => {}
            }
            assert_eq!(recency.victim(&nodes), list.first().copied());
        }
        assert!(recency.log.len() <= 2 * (128 + BATCH), "{}", recency.log.len());
    }
}
