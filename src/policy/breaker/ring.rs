use super::head::{Era, Head, Tagged};
use super::window::{Grade, Tally};

/// The last calls, two bits each: whether it failed, whether it was slow.
///
/// There is no lock. A call takes the next place by one exchange of the head, and writes only where
/// its bits are others than those of the call that was there before: a success after a success
/// writes nothing more. The counts follow each change of a bit, so they come to the number of bits
/// that are set.
///
/// A writer that is held up for all of a round may overwrite what is newer than itself; then one
/// place of the window is a round late.
#[derive(Debug)]
pub(super) struct Ring {
    window: u32,
    places: Box<[Tagged]>,
    failures: Tagged,
    slow: Tagged,
}

/// How many calls fit in the low half of a word.
const IN_A_WORD: u32 = 16;
const FAILED: u32 = 0b01;
const SLOW: u32 = 0b10;
const BOTH: u32 = FAILED | SLOW;

impl Ring {
    pub(super) fn new(window: u32) -> Self {
        let places = (0..window.div_ceil(IN_A_WORD)).map(|_| Tagged::default()).collect();
        Self { window, places, failures: Tagged::default(), slow: Tagged::default() }
    }

    /// Records a call of `era`, and answers what the window has in it then; nothing if the era is
    /// over.
    #[inline]
    pub(super) fn record(&self, head: &Head, era: Era, grade: Grade) -> Option<Tally> {
        let new = (u32::from(grade.failed) * FAILED) | (u32::from(grade.slow) * SLOW);
        let mut place = head.next_place(era)?;
        loop {
            let index = if place < self.window { place } else { place - self.window };
            let shift = index % IN_A_WORD * 2;
            let word = &self.places[(index / IN_A_WORD) as usize];
            // Looked at before the place is taken, for after it the processor would wait for that:
            // until then nobody else writes there but who is a round late.
            let is_new = word.get(era)? >> shift & BOTH != new;
            if !head.take(era, place, self.window) {
                place = head.next_place(era)?;
                continue;
            }
            if is_new {
                self.overwrite(word, era, shift, new)?;
            }
            return Some(self.tally(era, place + 1));
        }
    }

    #[cold]
    fn overwrite(&self, word: &Tagged, era: Era, shift: u32, new: u32) -> Option<()> {
        let before = word.update(era, |bits| Some(bits & !(BOTH << shift) | new << shift))?;
        let old = before >> shift & BOTH;
        count(&self.failures, era, old & FAILED, new & FAILED);
        count(&self.slow, era, old & SLOW, new & SLOW);
        Some(())
    }

    /// What it has in it, with so many places taken.
    #[inline]
    pub(super) fn tally(&self, era: Era, taken: u32) -> Tally {
        let calls = taken.min(self.window);
        Tally {
            calls: calls.into(),
            failures: read(&self.failures, era),
            slow: read(&self.slow, era),
        }
    }
}

/// A change of a bit may be counted after the one that follows it: below zero for a moment, which
/// wraps around and back.
fn count(counter: &Tagged, era: Era, old: u32, new: u32) {
    if old != new {
        let one = if new > old { 1_u32 } else { 1_u32.wrapping_neg() };
        counter.update(era, |count| Some(count.wrapping_add(one)));
    }
}

#[inline]
fn read(counter: &Tagged, era: Era) -> u64 {
    let count = counter.get(era).unwrap_or(0).cast_signed();
    u64::try_from(count).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::thread;

    use super::*;
    use crate::policy::BreakerState;

    /// How many bits are set in `era`, of those that failed and those that were slow.
    fn bits(ring: &Ring, era: Era) -> (u64, u64) {
        let each = |mask: u32| {
            let of = |word: &Tagged| word.get(era).unwrap_or(0) & mask;
            ring.places.iter().map(|word| u64::from(of(word).count_ones())).sum()
        };
        (each(0x5555_5555), each(0xaaaa_aaaa))
    }

    #[test]
    fn the_counts_are_those_of_the_bits_whoever_wrote_them() {
        for window in [1, 3, 16, 50] {
            let (ring, head) = (Ring::new(window), Head::default());
            let begin = Barrier::new(4);
            thread::scope(|scope| {
                for thread in 0..4_u32 {
                    let (ring, head, begin) = (&ring, &head, &begin);
                    scope.spawn(move || {
                        begin.wait();
                        let (mut draw, mut seen) = (thread + 1, head.era());
                        for number in 0..20_000 {
                            draw = draw.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                            let grade =
                                Grade { failed: draw >> 30 == 0, slow: draw >> 29 & 1 == 0 };
                            // Now and then of an era that is over by now.
                            if draw >> 24 & 3 != 0 {
                                seen = head.era();
                            }
                            ring.record(head, seen, grade);
                            if thread == 0 && number % 100 == 0 {
                                head.begin(seen.next(BreakerState::Closed));
                            }
                        }
                    });
                }
            });
            // What is held up for a round may leave a place late, but nothing is counted twice.
            let era = head.era();
            let tally = ring.tally(era, head.next_place(era).unwrap_or(0));
            assert_eq!((tally.failures, tally.slow), bits(&ring, era), "{window}");
        }
    }
}
