use std::collections::VecDeque;

use crate::replay::{Choice, Replay};

/// What a choice is about. Each stream draws from a generator of its own and counts its own
/// choices, so that one more in one of them changes nothing in the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Stream {
    /// Which of the runnable tasks is polled next: 0 is the one that could run first.
    Schedule,
    /// The bits of [`Runtime::entropy`](mtaio_runtime::Runtime::entropy).
    Entropy,
    /// Which task, if any, is polled without having been woken.
    Spurious,
    /// How much later than asked a timer fires.
    Lateness,
    /// Where the time of day jumps to.
    WallClock,
    /// Whether something rare happens at a place that the scenario names.
    Buggify,
    /// Whether a task ends here.
    Cancel,
}

impl Stream {
    /// Each with the letter that stands for it in a [`Replay`].
    pub(crate) const ALL: [(Self, char); 7] = [
        (Self::Schedule, 's'),
        (Self::Entropy, 'e'),
        (Self::Spurious, 'p'),
        (Self::Lateness, 'l'),
        (Self::WallClock, 'w'),
        (Self::Buggify, 'b'),
        (Self::Cancel, 'c'),
    ];
}

/// All the chance there is in a simulation: whatever could have been otherwise was asked here.
///
/// Of the `n` possibilities of a choice 0 is the ordinary one: first come, first served, and no
/// fault. A run is told by the choices that were not ordinary.
pub(crate) struct Choices {
    source: Source,
    /// How many choices each stream has made.
    made: [u64; Stream::ALL.len()],
    record: Option<Vec<Choice>>,
}

enum Source {
    Seed([SplitMix64; Stream::ALL.len()]),
    Replay(Replay),
}

impl Choices {
    pub(crate) fn from_seed(seed: u64) -> Self {
        // The seed goes through a generator, or neighbouring seeds would start on the same track.
        let mut seeder = SplitMix64(seed);
        Self::new(Source::Seed(std::array::from_fn(|_| SplitMix64(seeder.next()))))
    }

    /// The choices of `replay`, and the ordinary ones where it has none.
    pub(crate) const fn from_replay(replay: Replay) -> Self {
        Self::new(Source::Replay(replay))
    }

    const fn new(source: Source) -> Self {
        Self { source, made: [0; Stream::ALL.len()], record: None }
    }

    /// Keeps, from here on, every choice that is not the ordinary one.
    pub(crate) fn recorded(mut self) -> Self {
        self.record = Some(Vec::new());
        self
    }

    pub(crate) fn into_record(self) -> Option<Replay> {
        self.record.map(Replay::new)
    }

    /// One of `n` possibilities, from 0 to `n - 1`, all alike, for an `n` from 1 to 2^32.
    pub(crate) fn choose(&mut self, stream: Stream, n: u64) -> u64 {
        self.decide(stream, n, |generator| generator.below(n))
    }

    /// One of `n` possibilities, where `draw` says how the seed picks it.
    pub(crate) fn decide(
        &mut self,
        stream: Stream,
        n: u64,
        draw: impl FnOnce(&mut SplitMix64) -> u64,
    ) -> u64 {
        let find =
            |choice: Option<Choice>| choice.map_or(0, |choice| u64::from(choice.value).min(n - 1));
        self.make(stream, n, draw, find, |_| None)
    }

    /// The position of one of the tasks that can `run`, by their slots, where `draw` says how the
    /// seed picks it.
    pub(crate) fn pick(
        &mut self,
        run: &VecDeque<usize>,
        draw: impl FnOnce(&mut SplitMix64) -> u64,
    ) -> usize {
        let last = run.len() - 1;
        let find = |choice: Option<Choice>| {
            let Some(Choice { value, slot, .. }) = choice else { return 0 };
            let meant = |waiting: &usize| slot.is_some_and(|slot| *waiting == slot as usize);
            run.iter().position(meant).unwrap_or(last.min(value as usize)) as u64
        };
        let slot = |place: u64| u32::try_from(*run.get(place as usize)?).ok();
        self.make(Stream::Schedule, run.len() as u64, draw, find, slot) as usize
    }

    fn make(
        &mut self,
        stream: Stream,
        n: u64,
        draw: impl FnOnce(&mut SplitMix64) -> u64,
        find: impl FnOnce(Option<Choice>) -> u64,
        slot: impl FnOnce(u64) -> Option<u32>,
    ) -> u64 {
        debug_assert!((1..=1 << 32).contains(&n), "a choice among {n}");
        if n == 1 {
            return 0;
        }
        let index = self.made[stream as usize];
        self.made[stream as usize] += 1;
        let value = match &mut self.source {
            Source::Seed(generators) => draw(&mut generators[stream as usize]),
            Source::Replay(replay) => find(replay.get(stream, index)),
        };
        if let Some(record) = &mut self.record
            && value != 0
        {
            // Below 2^32, as the assertion has it.
            record.push(Choice { stream, index, value: value as u32, slot: slot(value) });
        }
        value
    }

    /// 64 random bits, as two choices.
    pub(crate) fn entropy(&mut self) -> u64 {
        let mut half = || self.choose(Stream::Entropy, 1 << 32);
        (half() << 32) | half()
    }
}

/// Steele, Lea and Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014, with the
/// constants of Vigna's public domain `splitmix64.c`.
pub(crate) struct SplitMix64(u64);

impl SplitMix64 {
    #[cfg(test)]
    pub(crate) const fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) const fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `n`, which is at most 2^32.
    ///
    /// By multiplication instead of a remainder (Lemire, "Fast random integer generation in an
    /// interval", 2019), without its rejection: the bias is below `n` in 2^32.
    pub(crate) const fn below(&mut self, n: u64) -> u64 {
        ((self.next() >> 32) * n) >> 32
    }
}

/// A probability.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Chance(f64);

impl Chance {
    pub(crate) const NEVER: Self = Self(0.0);

    /// `None` unless it is from 0 to 1.
    pub(crate) const fn new(probability: f64) -> Option<Self> {
        // A comparison with what is not a number is false.
        if probability >= 0.0 && probability <= 1.0 { Some(Self(probability)) } else { None }
    }

    pub(crate) fn is_never(self) -> bool {
        self == Self::NEVER
    }

    pub(crate) fn hits(self, generator: &mut SplitMix64) -> bool {
        // 53 bits are what an `f64` holds exactly.
        ((generator.next() >> 11) as f64) < self.0 * (1_u64 << 53) as f64
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
        let mut choices = Choices::from_seed(1);
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
        let mut drawn = Choices::from_seed(9);
        drawn.entropy();
        assert_eq!(schedule(drawn), schedule(Choices::from_seed(9)));
        assert_ne!(schedule(Choices::from_seed(9)), schedule(Choices::from_seed(10)));
    }

    #[test]
    fn what_was_recorded_replays() {
        let ask = |choices: &mut Choices| -> Vec<u64> {
            let streams = Stream::ALL.iter().cycle().take(50);
            streams.zip(2..).map(|(&(stream, _), n)| choices.choose(stream, n)).collect()
        };
        let mut choices = Choices::from_seed(4).recorded();
        let asked = ask(&mut choices);
        let replay = choices.into_record().expect("it was recorded");
        assert_eq!(ask(&mut Choices::from_replay(replay)), asked);
    }

    #[test]
    fn a_chance_is_met_as_often_as_it_says() {
        let mut generator = SplitMix64(3);
        let chance = Chance::new(0.25).expect("it is one");
        let hits = (0..10_000).filter(|_| chance.hits(&mut generator)).count();
        assert!((2_300..2_700).contains(&hits), "{hits}");
        assert!(!Chance::NEVER.hits(&mut generator));
        assert!(Chance::new(1.0).expect("it is one").hits(&mut generator));
        assert!([-0.1, 1.1, f64::NAN].iter().all(|&wrong| Chance::new(wrong).is_none()));
    }
}
