use std::fmt;
use std::hash::{BuildHasher, Hasher};

use mtaio_runtime::Runtime;

/// The hasher that caches have unless another is asked for: quick, and keyed.
///
/// Its keys are drawn from the runtime, for each cache anew: who does not know them can't choose
/// keys that fall together. Each word is mixed into the state by a multiplication whose two halves
/// are folded into one, as in wyhash and foldhash, but with a secret on either side. It is no
/// cryptographic hash: where an attacker can measure single look-ups, ask for another.
#[derive(Clone)]
pub struct KeyedState(Keys);

/// The [`Hasher`] of [`KeyedState`].
#[derive(Clone)]
pub struct KeyedHasher {
    state: u64,
    keys: Keys,
}

#[derive(Clone, Copy)]
struct Keys {
    /// What the state begins with.
    first: u64,
    /// What numbers are multiplied with.
    number: u64,
    /// What bytes are multiplied with, besides each other: where they are few, and many.
    short: u64,
    long: u64,
}

impl KeyedState {
    /// A hasher with keys of the runtime's entropy.
    pub fn new<R: Runtime>(rt: &R) -> Self {
        Self::with_keys(rt.entropy(), rt.entropy(), rt.entropy(), rt.entropy())
    }

    /// A hasher with known keys: for tests. What is known is no protection.
    pub const fn with_keys(a: u64, b: u64, c: u64, d: u64) -> Self {
        // A factor with few bits would mix little.
        Self(Keys { first: spread(a), number: spread(b), short: spread(c), long: spread(d) })
    }
}

impl BuildHasher for KeyedState {
    type Hasher = KeyedHasher;

    #[inline]
    fn build_hasher(&self) -> KeyedHasher {
        KeyedHasher { state: self.0.first, keys: self.0 }
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
        self.state
    }

    #[inline]
    fn write(&mut self, bytes: &[u8]) {
        // The words below overlap where the length is no multiple of theirs: the length counts, too.
        self.state = self.state.rotate_right(bytes.len() as u32);
        self.state = match bytes.len() {
            0..=16 => few(self.state, bytes, self.keys.short),
            _ => many(self.state, bytes, self.keys.short, self.keys.long),
        };
    }

    #[inline]
    fn write_u8(&mut self, number: u8) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_u16(&mut self, number: u16) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    #[inline]
    fn write_u64(&mut self, number: u64) {
        self.state = fold(self.state ^ number, self.keys.number);
    }

    #[inline]
    fn write_u128(&mut self, number: u128) {
        self.write_u64(number as u64);
        self.write_u64((number >> 64) as u64);
    }

    #[inline]
    fn write_usize(&mut self, number: usize) {
        self.write_u64(number as u64);
    }
}

/// The upper half of a product depends on all lower bits of the factors, the lower half on all bits
/// below: together, each bit of the outcome on most of them.
#[inline]
const fn fold(one: u64, other: u64) -> u64 {
    let product = (one as u128).wrapping_mul(other as u128);
    product as u64 ^ (product >> 64) as u64
}

/// At most 16 bytes, as two words.
#[inline]
fn few(state: u64, bytes: &[u8], key: u64) -> u64 {
    let len = bytes.len();
    let (low, high) = if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        (u64::from_le_bytes(*first), u64::from_le_bytes(*last))
    } else if let (Some(first), Some(last)) = (bytes.first_chunk(), bytes.last_chunk()) {
        (u64::from(u32::from_le_bytes(*first)), u64::from(u32::from_le_bytes(*last)))
    } else if let (Some(first), Some(last)) = (bytes.first(), bytes.last()) {
        (u64::from(*first), u64::from(*last) << 8 | u64::from(bytes[len / 2]))
    } else {
        (0, 0)
    };
    fold(state ^ low, key ^ high)
}

/// More than 16 bytes, 16 at a time; the last 16 may overlap with those before.
fn many(mut state: u64, bytes: &[u8], short: u64, long: u64) -> u64 {
    let (pairs, _) = bytes.as_chunks::<16>();
    let last = bytes.last_chunk::<16>();
    for pair in pairs {
        let pair = u128::from_le_bytes(*pair);
        state = fold(state ^ pair as u64, long ^ (pair >> 64) as u64);
    }
    last.map_or(state, |last| few(state, last, short))
}

/// One to one, each bit of the outcome from all of them: the finish of SplitMix64.
const fn spread(key: u64) -> u64 {
    let key = key.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let key = (key ^ (key >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let key = (key ^ (key >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    key ^ (key >> 31)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;
    use std::hash::Hash;

    use super::*;

    const STATE: KeyedState = KeyedState::with_keys(1, 2, 3, 4);

    /// Numbers and strings that are alike, as keys are: of each part of the hash that is looked at,
    /// about as many values come up as would if it were drawn.
    #[test]
    fn keys_that_are_alike_are_spread() {
        fn check<T: Hash>(name: &str, keys: impl Iterator<Item = T>) {
            let hashes: Vec<u64> = keys.take(1 << 14).map(|key| STATE.hash_one(key)).collect();
            assert_eq!(hashes.len(), 1 << 14, "{name}");
            assert_eq!(hashes.iter().collect::<HashSet<_>>().len(), 1 << 14, "{name}");
            // The place in a shard, its tag, and the shard.
            for shift in [0, 8, 18, 32, 50] {
                let parts: HashSet<u64> =
                    hashes.iter().map(|hash| hash >> shift & 0x3FFF).collect();
                // 1 - 1/e of them come up where they are drawn, 10357; more are as good.
                assert!(parts.len() > 10_000, "{name}, {shift}: {}", parts.len());
            }
        }
        check("numbers", 0_u64..);
        check("far apart", (0_u64..).map(|n| n << 40));
        check("small", (0_u16..).map(|n| (n / 128, n % 128)));
        check("large", (0_u128..).map(|n| n << 64 | n));
        check("short", (0..).map(|n| format!("{n}")));
        check("words", (0..).map(|n| format!("user:{n:08}")));
        check(
            "long",
            (0..).map(|n| format!("https://example.org/users/{n:08}/the/same/end/of/all")),
        );
        check("lengths", (0..).map(|n| vec![0_u8; n]));
    }

    #[test]
    fn each_bit_of_a_key_changes_half_of_the_hash() {
        let bytes = *b"forty-two bytes of a key, or of its like..";
        for len in [1, 3, 4, 7, 8, 12, 16, 17, 31, 32, 33, 42] {
            for bit in 0..len * 8 {
                let mut other = bytes;
                other[bit / 8] ^= 1 << (bit % 8);
                let apart = STATE.hash_one(&bytes[..len]) ^ STATE.hash_one(&other[..len]);
                assert!((12..=52).contains(&apart.count_ones()), "{len}, {bit}: {apart:064b}");
            }
        }
    }

    #[test]
    fn each_key_of_the_hasher_counts() {
        let hash = |a, b, c, d| {
            let state = KeyedState::with_keys(a, b, c, d);
            [state.hash_one(7_u64), state.hash_one([7_u8; 9]), state.hash_one([7_u8; 99])]
        };
        let of = hash(1, 2, 3, 4);
        let others = [hash(0, 2, 3, 4), hash(1, 0, 3, 4), hash(1, 2, 0, 4), hash(1, 2, 3, 0)];
        let differ = others.map(|other| [0, 1, 2].map(|one| of[one] != other[one]));
        assert_eq!(differ[..2], [[true; 3]; 2]);
        assert_eq!(differ[2..], [[false, true, true], [false, false, true]]);
    }
}
