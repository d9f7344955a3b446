use std::fmt;
use std::hash::{BuildHasher, Hasher};

use mtaio_runtime::Runtime;

/// The hasher that caches have unless another is asked for: quick, and keyed.
///
/// Its keys are drawn from the runtime, for each cache anew: who does not know them can't choose
/// keys that fall together. (The algorithm is that of the crate `ahash`, all of whose state is
/// keyed here.) It is no cryptographic hash: where an attacker can measure single look-ups, ask for
/// another.
#[derive(Clone)]
pub struct KeyedState(ahash::RandomState);

/// The [`Hasher`] of [`KeyedState`].
#[derive(Clone)]
pub struct KeyedHasher(ahash::AHasher);

impl KeyedState {
    /// A hasher with keys of the runtime's entropy.
    pub fn new<R: Runtime>(rt: &R) -> Self {
        Self::with_keys(rt.entropy(), rt.entropy(), rt.entropy(), rt.entropy())
    }

    /// A hasher with known keys: for tests. What is known is no protection.
    pub const fn with_keys(a: u64, b: u64, c: u64, d: u64) -> Self {
        Self(ahash::RandomState::with_seeds(a, b, c, d))
    }
}

impl BuildHasher for KeyedState {
    type Hasher = KeyedHasher;

    #[inline]
    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher(self.0.build_hasher())
    }
}

impl fmt::Debug for KeyedState {
    /// Without the keys.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedState").finish_non_exhaustive()
    }
}

impl fmt::Debug for KeyedHasher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyedHasher").finish_non_exhaustive()
    }
}

impl Hasher for KeyedHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0.finish()
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.0.write_u8(number);
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.0.write_u16(number);
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.0.write_u32(number);
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.0.write_u64(number);
    }

    #[inline]
    fn write_u128(&mut self, number: u128) {
        self.0.write_u128(number);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.0.write_usize(number);
    }
}
