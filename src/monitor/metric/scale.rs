//! Where a value lies: log-linear buckets by the bits of a float.
//!
//! Each power of two is cut into 64 buckets of equal width, as in `HdrHistogram` (Tene 2012) and in the
//! native histograms of Prometheus. The exponent and the first six bits of the mantissa are the number
//! of the bucket, so that finding it is a shift. A bucket is open below and closed above, as `le`
//! asks.

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
const BASE: u64 = LEAST.to_bits() >> SHIFT;

/// A bucket: 0 is what is not above [`LEAST`], [`BEYOND`] what is above [`MOST`].
pub(super) type Place = u16;

/// The place of what is above [`MOST`].
pub(super) const BEYOND: Place = (OCTAVES * PART + 1) as Place;

/// The octave of a value and the part of it that it lies in; `None` if it is in none.
#[inline]
pub(super) const fn locate(value: f64) -> Option<(usize, usize)> {
    // Negative values and NaN have large numbers, 0 has one after the wrap.
    let number = (value.to_bits().wrapping_sub(1) >> SHIFT).wrapping_sub(BASE) as usize;
    if number < OCTAVES * PART { Some((number / PART, number % PART)) } else { None }
}

pub(super) const fn place(octave: usize, part: usize) -> Place {
    (octave * PART + part + 1) as Place
}

/// The place of a value that is not negative and no NaN.
pub(super) const fn place_of(value: f64) -> Place {
    match locate(value) {
        Some((octave, part)) => place(octave, part),
        None if value > MOST => BEYOND,
        None => 0,
    }
}

/// The largest value that belongs to a place.
pub(super) const fn upper(place: Place) -> f64 {
    if place == BEYOND { f64::INFINITY } else { f64::from_bits((BASE + place as u64) << SHIFT) }
}

/// The value that stands for all of a place.
pub(super) const fn middle(place: Place) -> f64 {
    match place {
        0 => 0.0,
        BEYOND => f64::INFINITY,
        _ => f64::midpoint(upper(place - 1), upper(place)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bucket_is_open_below_and_closed_above() {
        for place in 1..BEYOND {
            let (low, high) = (upper(place - 1), upper(place));
            assert!(low < high);
            assert_eq!(place_of(low), place - 1);
            assert_eq!(place_of(low.next_up()), place);
            assert_eq!(place_of(high), place);
            assert_eq!(place_of(middle(place)), place);
        }
    }

    #[test]
    fn the_middle_is_near_to_all_of_its_bucket() {
        for place in 1..BEYOND {
            let (low, high, middle) = (upper(place - 1), upper(place), middle(place));
            assert!((middle - low) / low <= 1.0 / 128.0 && (high - middle) / high <= 1.0 / 128.0);
        }
    }

    #[test]
    fn what_is_out_of_range_is_told_by_its_side() {
        assert_eq!((upper(0), upper(BEYOND - 1)), (LEAST, MOST));
        for small in [0.0, f64::MIN_POSITIVE, f64::from_bits(1), LEAST] {
            assert_eq!(place_of(small), 0, "{small:e}");
        }
        for large in [MOST.next_up(), f64::MAX, f64::INFINITY] {
            assert_eq!(place_of(large), BEYOND, "{large:e}");
        }
        for none in [f64::NAN, -f64::NAN, -1.0, -0.0, f64::NEG_INFINITY] {
            assert_eq!(locate(none), None, "{none}");
        }
    }
}
