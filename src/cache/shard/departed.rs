use crate::cache::eviction::Cause;

/// An entry that left.
pub(crate) struct Gone<K, V> {
    pub(crate) key: K,
    pub(crate) value: V,
    pub(crate) cause: Cause,
}

/// What left during one operation: to be told, and dropped, when the lock is open again. One costs
/// no allocation.
pub(crate) struct Departed<K, V> {
    first: Option<Gone<K, V>>,
    rest: Vec<Gone<K, V>>,
    is_heard: bool,
}

impl<K, V> Departed<K, V> {
    pub(crate) const fn new() -> Self {
        Self { first: None, rest: Vec::new(), is_heard: true }
    }

    /// Where nobody is told, and it makes no difference when entries are dropped: what was pushed
    /// last is all that is kept.
    pub(crate) const fn unheard() -> Self {
        Self { first: None, rest: Vec::new(), is_heard: false }
    }

    #[inline]
    pub(crate) fn push(&mut self, key: K, value: V, cause: Cause) {
        let gone = Gone { key, value, cause };
        if self.first.is_none() || !self.is_heard {
            self.first = Some(gone);
        } else {
            self.rest.push(gone);
        }
    }

    /// Takes back what was pushed last.
    pub(crate) fn pop(&mut self) -> Option<Gone<K, V>> {
        self.rest.pop().or_else(|| self.first.take())
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.first.is_none()
    }
}

impl<K, V> IntoIterator for Departed<K, V> {
    type Item = Gone<K, V>;
    type IntoIter =
        std::iter::Chain<std::option::IntoIter<Gone<K, V>>, std::vec::IntoIter<Gone<K, V>>>;

    fn into_iter(self) -> Self::IntoIter {
        self.first.into_iter().chain(self.rest)
    }
}
