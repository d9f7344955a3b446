//! Where a value lies: log-linear buckets by the bits of a float.
//!
//! Each power of two is cut into 64 of equal width, as in `HdrHistogram` (Tene 2012) and in the native
//! histograms of Prometheus. The exponent and the first six bits of the mantissa are the number of the
//! bucket, so that finding it is a shift. A bucket is open below and closed above, as `le` asks.

/// Buckets to a power of two. The middle of one is at most 1/128 of a value away from it.
pub(super) const PART: usize = 1 << PART_BITS;

const PART_BITS: u32 = 6;

/// Powers of two that are told apart.
pub(super) const OCTAVES: usize = 80;

/// What is not above this is one bucket: 0.23 ns, if values are seconds.
pub(super) const LEAST: f64 = 1.0 / (1_u64 << 32) as f64;

/// What is above this is one bucket: 8.9 million years, or 256 TiB.
pub(super) const MOST: f64 = (1_u64 << 48) as f64;

const SHIFT: u32 = f64::MANTISSA_DIGITS - 1 - PART_BITS;

/// The number, of all that a float may have, of the first bucket above [`LEAST`].
const BASE: usize = (LEAST.to_bits() >> SHIFT) as usize;

/// A bucket: 0 is what is not above [`LEAST`], the last one what is above [`MOST`].
pub(super) type Place = u16;

/// The place of what is above [`MOST`].
pub(super) const BEYOND: Place = (OCTAVES * PART + 1) as Place;

/// The octave of a value and the part of it, for one above [`LEAST`] and not above [`MOST`].
#[inline]
pub(super) const fn locate(value: f64) -> (usize, usize) {
    let number = ((value.to_bits() - 1) >> SHIFT) as usize - BASE;
    (number / PART, number % PART)
}

pub(super) const fn place(octave: usize, part: usize) -> Place {
    (octave * PART + part + 1) as Place
}

/// The least that is above all values of a bucket before this one; none of those in it is above
/// `upper`.
pub(super) const fn upper(place: Place) -> f64 {
    if place == BEYOND {
        f64::INFINITY
    } else {
        f64::from_bits(((BASE + place as usize) as u64) << SHIFT)
    }
}

/// The value that stands for those of a bucket.
pub(super) const fn middle(place: Place) -> f64 {
    match place {
        0 => 0.0,
        BEYOND => f64::INFINITY,
        _ => f64::midpoint(upper(place - 1), upper(place)),
    }
}

/// The bucket of a value that is not negative and no NaN.
pub(super) fn place_of(value: f64) -> Place {
    if value <= LEAST {
        return 0;
    }
    if value > MOST {
        return BEYOND;
    }
    let (octave, part) = locate(value);
    place(octave, part)
}
