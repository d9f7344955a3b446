/// The hashes of entries that left not long ago: of those that share a set, the oldest is forgotten
/// first.
///
/// A set is a cache line, which is all that is looked at. One queue over all of them would need an
/// index beside it, three times the memory, and most of the time that an eviction takes.
pub(crate) struct Ghost {
    sets: Vec<Set>,
}

/// The youngest first; zero is none.
#[derive(Clone)]
#[repr(align(64))]
struct Set([u32; PLACES]);

const PLACES: usize = 16;

/// How long ago an entry left, as a part of all that is remembered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Left {
    /// In the first three eighths.
    Lately,
    LongAgo,
}

const LATELY: usize = PLACES * 3 / 8;

impl Ghost {
    pub(crate) const fn new() -> Self {
        Self { sets: Vec::new() }
    }

    /// Remembers `hash`, and about as many as `most` in all.
    pub(crate) fn remember(&mut self, hash: u32, most: usize) {
        if self.sets.is_empty() || most > self.sets.len() * PLACES * 2 {
            self.sets = vec![Set([0; PLACES]); most.div_ceil(PLACES).max(1)];
        }
        if let Some(set) = self.set(hash) {
            // Those before a place that became free move up to it.
            let free = place_of(set, 0).unwrap_or(PLACES - 1);
            set.copy_within(..free, 1);
            set[0] = hash.max(1);
        }
    }

    /// When `hash` left, if that is remembered; it no longer is.
    pub(crate) fn take(&mut self, hash: u32) -> Option<Left> {
        let set = self.set(hash)?;
        let place = place_of(set, hash.max(1))?;
        set[place] = 0;
        Some(if place < LATELY { Left::Lately } else { Left::LongAgo })
    }

    fn set(&mut self, hash: u32) -> Option<&mut [u32; PLACES]> {
        let number = (u64::from(hash) * self.sets.len() as u64) >> 32;
        self.sets.get_mut(number as usize).map(|set| &mut set.0)
    }
}

/// Without a branch a place: the compiler compares many at a time.
fn place_of(set: &[u32; PLACES], hash: u32) -> Option<usize> {
    let bits = set
        .iter()
        .enumerate()
        .fold(0_u32, |bits, (place, it)| bits | u32::from(*it == hash) << place);
    (bits != 0).then(|| bits.trailing_zeros() as usize)
}
