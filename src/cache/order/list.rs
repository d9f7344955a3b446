/// No slot.
pub(crate) const NIL: u32 = u32::MAX;

/// What a slot knows of its neighbours, and the hash of its key.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Link {
    before: u32,
    after: u32,
    pub(crate) hash: u32,
}

impl Link {
    pub(crate) const fn new(hash: u32) -> Self {
        Self { before: NIL, after: NIL, hash }
    }
}

/// Slots in an order, oldest first, linked through an array that lists share.
#[derive(Debug)]
pub(crate) struct List {
    first: u32,
    last: u32,
}

impl List {
    pub(crate) const fn new() -> Self {
        Self { first: NIL, last: NIL }
    }

    #[inline]
    pub(crate) fn first(&self) -> Option<u32> {
        (self.first != NIL).then_some(self.first)
    }

    /// Whether `slot`, which is in it, is all that is.
    pub(crate) const fn is_only(&self, slot: u32) -> bool {
        self.first == slot && self.last == slot
    }

    #[inline]
    pub(crate) fn push(&mut self, links: &mut [Link], slot: u32) {
        let last = std::mem::replace(&mut self.last, slot);
        let link = &mut links[slot as usize];
        (link.before, link.after) = (last, NIL);
        match last {
            NIL => self.first = slot,
            last => links[last as usize].after = slot,
        }
    }

    #[inline]
    pub(crate) fn unlink(&mut self, links: &mut [Link], slot: u32) {
        let Link { before, after, .. } = links[slot as usize];
        self.set_after(links, before, after);
        self.set_before(links, after, before);
    }

    /// Makes `slot` the newest.
    #[inline]
    pub(crate) fn renew(&mut self, links: &mut [Link], slot: u32) {
        if self.last != slot {
            self.unlink(links, slot);
            self.push(links, slot);
        }
    }

    /// What stood in another slot stands in `to` now, its link with it.
    pub(crate) fn moved(&mut self, links: &mut [Link], to: u32) {
        let Link { before, after, .. } = links[to as usize];
        self.set_after(links, before, to);
        self.set_before(links, after, to);
    }

    #[inline]
    fn set_after(&mut self, links: &mut [Link], slot: u32, after: u32) {
        match slot {
            NIL => self.first = after,
            slot => links[slot as usize].after = after,
        }
    }

    #[inline]
    fn set_before(&mut self, links: &mut [Link], slot: u32, before: u32) {
        match slot {
            NIL => self.last = before,
            slot => links[slot as usize].before = before,
        }
    }
}
