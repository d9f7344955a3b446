use crate::cache::shard::Index;

/// The hashes of entries that left not long ago, the oldest of them forgotten first.
pub(crate) struct Ghost {
    /// In the order of leaving, from `next` around; the hash of one that came back stays, unlisted.
    hashes: Vec<u32>,
    next: usize,
    places: Index,
}

impl Ghost {
    pub(crate) const fn new() -> Self {
        Self { hashes: Vec::new(), next: 0, places: Index::new() }
    }

    /// Remembers `hash`, and about as many as `most` in all.
    pub(crate) fn remember(&mut self, hash: u32, most: usize) {
        let place = if self.hashes.len() < most {
            if self.hashes.len() == self.hashes.capacity() {
                let more = self.hashes.len().max(16).min(most - self.hashes.len());
                self.hashes.reserve_exact(more);
            }
            self.hashes.push(hash);
            self.hashes.len() - 1
        } else {
            let Some(oldest) = self.hashes.get_mut(self.next) else { return };
            let forgotten = std::mem::replace(oldest, hash);
            let place = self.next;
            self.places.remove(forgotten, |it| it as usize == place);
            self.next = if place + 1 == self.hashes.len() { 0 } else { place + 1 };
            place
        };
        let hashes = &self.hashes;
        // As many as entries at most, whose slots are numbered alike.
        self.places.insert(hash, place as u32, |place| hashes[place as usize]);
    }

    /// Whether `hash` is remembered; it no longer is.
    pub(crate) fn take(&mut self, hash: u32) -> bool {
        let hashes = &self.hashes;
        self.places.remove(hash, |place| hashes[place as usize] == hash).is_some()
    }
}
