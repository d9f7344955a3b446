//! Numbers as text.

use std::fmt::Write;
use std::str;

/// Appends the digits of a number.
pub(super) fn push_whole(text: &mut String, mut number: u64) {
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    loop {
        first -= 1;
        digits[first] += (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    text.push_str(str::from_utf8(&digits[first..]).unwrap_or_default());
}

/// Appends a finite number: the shortest that is read back as the same one.
pub(super) fn push_finite(text: &mut String, number: f64) {
    /// Below it a float is told to the digit, and those who read it agree on that.
    const WHOLE: f64 = 1e15;
    if number.fract() == 0.0 && number.abs() < WHOLE {
        if number < 0.0 {
            text.push('-');
        }
        return push_whole(text, number.abs() as u64);
    }
    // `Debug` has an exponent where `Display` has hundreds of zeros. A string takes all.
    let _ = write!(text, "{number:?}");
}

/// What is no finite number, as Prometheus calls it; `None` for one that is.
pub(super) const fn name_of(number: f64) -> Option<&'static str> {
    match number {
        f64::INFINITY => Some("+Inf"),
        f64::NEG_INFINITY => Some("-Inf"),
        _ if number.is_nan() => Some("NaN"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finite(number: f64) -> String {
        let mut text = String::new();
        push_finite(&mut text, number);
        text
    }

    #[test]
    fn a_number_is_read_back_as_the_same_one() {
        let some = [0.0, 1.0, -1.0, 0.1, -2.5, 1e14, 1e15, 1e16, 1e300, 5e-324, f64::MAX, f64::MIN];
        for number in some {
            assert_eq!(finite(number).parse::<f64>().unwrap(), number);
        }
        assert_eq!(["0", "-3", "0.1", "1e300"], [-0.0, -3.0, 0.1, 1e300].map(finite));
    }

    #[test]
    fn a_whole_number_has_all_of_its_digits() {
        for number in [0, 7, 10, 1_234_567_890, u64::MAX] {
            let mut text = String::from("x ");
            push_whole(&mut text, number);
            assert_eq!(text, format!("x {number}"));
        }
    }
}
