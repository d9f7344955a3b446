/// The greatest first: a heap with four children a node instead of two.
///
/// It is half as deep, and the four lie side by side in memory, which is what counts when many
/// entries wait. (See LaMarca and Ladner, "The influence of caches on the performance of heaps",
/// 1996.) A comparison that panics leaves all entries in it.
pub(super) struct Heap<T> {
    entries: Vec<T>,
}

const CHILDREN: usize = 4;

impl<T: PartialOrd> Heap<T> {
    pub(super) const fn new() -> Self {
        Self { entries: Vec::new() }
    }

    pub(super) const fn len(&self) -> usize {
        self.entries.len()
    }

    #[inline]
    pub(super) fn push(&mut self, entry: T) {
        let end = self.entries.len();
        self.entries.push(entry);
        rise(&mut self.entries, end);
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<T> {
        put_greatest_last(&mut self.entries);
        self.entries.pop()
    }
}

/// Moves the first entry to the end, and makes a heap of those before it.
///
/// Not a part of [`Heap::pop`], so that that one is small enough to be inlined to where the entry
/// goes: an entry that is handed from call to call is copied by each.
#[inline(never)]
fn put_greatest_last<T: PartialOrd>(entries: &mut [T]) {
    let Some(last) = entries.len().checked_sub(1) else { return };
    entries.swap(0, last);
    let rest = &mut entries[..last];
    // Who was last belongs far down: it goes there without being compared on the way, and seldom
    // has to come back.
    let bottom = sink(rest);
    rise(rest, bottom);
}

/// Moves the first entry to the bottom, by way of the greatest children; where it is then.
#[inline]
fn sink<T: PartialOrd>(entries: &mut [T]) -> usize {
    let mut at = 0;
    loop {
        let first = CHILDREN * at + 1;
        let Some(children) = entries.get(first..) else { return at };
        let greatest = match children.first_chunk() {
            Some(children) => greatest_of_four(children),
            None if children.is_empty() => return at,
            None => (1..children.len()).fold(0, |greatest, child| {
                if children[child] <= children[greatest] { greatest } else { child }
            }),
        };
        entries.swap(at, first + greatest);
        at = first + greatest;
    }
}

/// In two rounds, without a branch where comparing has none.
#[inline]
fn greatest_of_four<T: PartialOrd>(children: &[T; CHILDREN]) -> usize {
    let left = usize::from(children[0] <= children[1]);
    let right = 2 + usize::from(children[2] <= children[3]);
    if children[left] <= children[right] { right } else { left }
}

/// Moves the entry at `at` up, until its parent is greater.
#[inline]
fn rise<T: PartialOrd>(entries: &mut [T], mut at: usize) {
    while at > 0 {
        let parent = (at - 1) / CHILDREN;
        if entries[at] <= entries[parent] {
            return;
        }
        entries.swap(at, parent);
        at = parent;
    }
}

#[cfg(test)]
mod tests {
    use mtaio_sim::{Explore, Sim};

    use super::*;
    use crate::queue::testing::below;

    #[test]
    fn the_greatest_comes_first_whatever_comes_and_goes() {
        Sim::explore(Explore::new().seeds(0..500), |rt| async move {
            let (mut heap, mut model) = (Heap::new(), Vec::new());
            let grows = below(&rt, 8);
            for _ in 0..300 {
                if below(&rt, 10) <= grows {
                    let entry = below(&rt, 50);
                    heap.push(entry);
                    model.push(entry);
                } else {
                    model.sort_unstable();
                    assert_eq!(heap.pop(), model.pop());
                }
                assert_eq!(heap.len(), model.len());
            }
            model.sort_unstable();
            while let Some(entry) = heap.pop() {
                assert_eq!(Some(entry), model.pop());
            }
            assert!(model.is_empty());
        });
    }
}
