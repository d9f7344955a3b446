/// What a choice is about. Each stream draws from a generator of its own, so that one more draw in
/// one of them changes nothing in the others.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    /// Which of the runnable tasks is polled next.
    Schedule,
    /// The bits of [`Runtime::entropy`](mtaio_runtime::Runtime::entropy).
    Entropy,
}

const STREAMS: usize = 2;

/// All the chance there is in a simulation: whatever could have been otherwise was asked here.
pub(crate) struct Choices {
    streams: [SplitMix64; STREAMS],
}

impl Choices {
    pub(crate) fn new(seed: u64) -> Self {
        // The seed goes through a generator, or neighbouring seeds would start on the same track.
        let mut seeder = SplitMix64(seed);
        Self { streams: std::array::from_fn(|_| SplitMix64(seeder.next())) }
    }

    /// One of `n` possibilities, from 0 to `n - 1`, for an `n` from 1 to 2^32.
    ///
    /// By multiplication instead of a remainder (Lemire, "Fast random integer generation in an
    /// interval", 2019), without its rejection: the bias is below `n` in 2^32.
    pub(crate) fn choose(&mut self, stream: Stream, n: u64) -> u64 {
        debug_assert!((1..=1 << 32).contains(&n), "a choice among {n}");
        if n == 1 {
            return 0;
        }
        ((self.streams[stream as usize].next() >> 32) * n) >> 32
    }

    /// 64 random bits, as two choices.
    pub(crate) fn entropy(&mut self) -> u64 {
        let mut half = || self.choose(Stream::Entropy, 1 << 32);
        (half() << 32) | half()
    }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, with the
/// constants of Vigna's public domain `splitmix64.c`.
struct SplitMix64(u64);

impl SplitMix64 {
    const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generator_is_the_published_one() {
        // The first outputs of `splitmix64.c` for the seed 1234567.
        let mut generator = SplitMix64(1_234_567);
        let expected = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973];
        assert_eq!([generator.next(), generator.next()], expected);
    }

    #[test]
    fn every_possibility_is_chosen_about_equally_often() {
        let mut counts = [0; 6];
        let mut choices = Choices::new(1);
        for _ in 0..6_000 {
            counts[choices.choose(Stream::Schedule, 6) as usize] += 1;
        }
        assert!(counts.iter().all(|count| (850..1_150).contains(count)), "{counts:?}");
    }

    #[test]
    fn a_draw_in_one_stream_changes_nothing_in_another() {
        let schedule = |mut choices: Choices| -> Vec<u64> {
            (0..20).map(|_| choices.choose(Stream::Schedule, 100)).collect()
        };
        let mut drawn = Choices::new(9);
        drawn.entropy();
        assert_eq!(schedule(drawn), schedule(Choices::new(9)));
        assert_ne!(schedule(Choices::new(9)), schedule(Choices::new(10)));
    }
}
