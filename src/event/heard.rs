use std::sync::atomic::{AtomicU64, Ordering};

/// What is listened for, as far as that can be known without the lock: of a name that is not in
/// here nobody wants to hear. (A Bloom filter with one hash: names that share a bit with one that
/// is listened for are looked up.)
#[derive(Debug, Default)]
pub(super) struct Heard([AtomicU64; WORDS]);

/// How many listen for names of each bit. It changes under the lock.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// None before the first.
    bits: Vec<u32>,
}

const WORDS: usize = 4;

const fn bit(hash: u64) -> usize {
    hash as usize % (WORDS * 64)
}

impl Heard {
    /// Whether nobody listens for names of this hash.
    #[inline]
    pub(super) fn has_none_for(&self, hash: u64) -> bool {
        let bit = bit(hash);
        self.0[bit / 64].load(Ordering::SeqCst) & (1 << (bit % 64)) == 0
    }

    /// Takes over what `names` has to say of names of this hash; all may be meant, where `any` is.
    pub(super) fn renew(&self, hash: u64, names: &Names, any: bool) {
        self.renew_word(bit(hash) / 64, names, any);
    }

    /// As [`renew`](Self::renew), for names of every hash.
    pub(super) fn renew_all(&self, names: &Names, any: bool) {
        (0..WORDS).for_each(|at| self.renew_word(at, names, any));
    }

    fn renew_word(&self, at: usize, names: &Names, any: bool) {
        let told = if any { u64::MAX } else { names.word(at) };
        self.0[at].store(told, Ordering::SeqCst);
    }
}

impl Names {
    pub(super) fn insert(&mut self, hash: u64) {
        self.bits.resize(WORDS * 64, 0);
        self.bits[bit(hash)] += 1;
    }

    pub(super) fn remove(&mut self, hash: u64) {
        self.bits[bit(hash)] -= 1;
    }

    fn word(&self, at: usize) -> u64 {
        let bits = self.bits.iter().skip(at * 64).take(64).enumerate();
        bits.fold(0, |word, (bit, names)| word | u64::from(*names > 0) << bit)
    }
}
