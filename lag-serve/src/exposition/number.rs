//! Numbers as text: shortest, exact, and without exponent where a person would write none.

use jiff::Timestamp;

/// Doubles below this are written by `ryu` without exponent when they are whole.
const PLAIN_BELOW: f64 = 1e16;

/// A float as its shortest text that reads back the same; whole numbers have neither point nor exponent.
pub(crate) fn float(out: &mut Vec<u8>, value: f64) {
    if value.is_nan() {
        out.extend_from_slice(b"NaN");
    } else if value.is_infinite() {
        out.extend_from_slice(if value > 0.0 { b"+Inf" } else { b"-Inf" });
    } else if value.abs() >= PLAIN_BELOW {
        // Display never uses an exponent. So large a lag is rare enough to allocate for.
        out.extend_from_slice(value.to_string().as_bytes());
    } else {
        let mut buffer = ryu::Buffer::new();
        let text = buffer.format_finite(value);
        out.extend_from_slice(text.strip_suffix(".0").unwrap_or(text).as_bytes());
    }
}

/// A count.
pub(crate) fn integer(out: &mut Vec<u8>, value: u64) {
    out.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

/// Unix time in seconds, with a fraction only if there is one.
pub(crate) fn seconds(out: &mut Vec<u8>, at: Timestamp) {
    if at.subsec_nanosecond() == 0 {
        out.extend_from_slice(itoa::Buffer::new().format(at.as_second()).as_bytes());
    } else {
        decimal(out, at.as_nanosecond(), 9);
    }
}

/// Unix time in whole milliseconds.
pub(crate) fn milliseconds(out: &mut Vec<u8>, at: Timestamp) {
    out.extend_from_slice(itoa::Buffer::new().format(at.as_millisecond()).as_bytes());
}

/// `units` of the `places`-th decimal place.
fn decimal(out: &mut Vec<u8>, units: i128, places: u32) {
    let per_one = 10_u128.pow(places);
    if units < 0 {
        out.push(b'-');
    }
    let (whole, mut fraction) = (
        units.unsigned_abs() / per_one,
        units.unsigned_abs() % per_one,
    );
    out.extend_from_slice(itoa::Buffer::new().format(whole).as_bytes());
    if fraction == 0 {
        return;
    }
    out.push(b'.');
    let mut place = per_one;
    while fraction > 0 {
        place /= 10;
        let digit = u8::try_from(fraction / place).unwrap_or(0); // below ten: the rest is below ten places
        out.push(b'0' + digit);
        fraction %= place;
    }
}

/// A double as a whole number, if it is one that a double holds exactly.
pub(crate) fn whole(value: f64) -> Option<i64> {
    const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;
    if value.fract() != 0.0 || value.abs() >= EXACT_BELOW {
        return None; // NaN and the infinities have no zero fraction
    }
    let mut text = Vec::new();
    float(&mut text, value);
    std::str::from_utf8(&text).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn written(write: impl Fn(&mut Vec<u8>)) -> String {
        let mut out = Vec::new();
        write(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn whole_numbers_have_no_exponent_and_no_point() {
        for (value, text) in [
            (0.0, "0"),
            (182_345.0, "182345"),
            (1e15, "1000000000000000"),
            (1e17, "100000000000000000"),
            (0.5, "0.5"),
            (-12.25, "-12.25"),
            (f64::INFINITY, "+Inf"),
            (f64::NEG_INFINITY, "-Inf"),
            (f64::NAN, "NaN"),
        ] {
            assert_eq!(written(|out| float(out, value)), text);
        }
    }

    #[test]
    fn moments_are_seconds_with_a_fraction_only_if_there_is_one() {
        for (moment, text) in [
            ("2026-01-15T08:28:00Z", "1768465680"),
            ("2026-01-15T08:28:00.05Z", "1768465680.05"),
            ("2026-01-15T08:28:00.000000001Z", "1768465680.000000001"),
            ("1969-12-31T23:59:59.5Z", "-0.5"),
            ("1970-01-01T00:00:00Z", "0"),
        ] {
            assert_eq!(
                written(|out| seconds(out, moment.parse().unwrap())),
                text,
                "{moment}"
            );
        }
        let moment = "2026-01-15T08:28:00.0509Z".parse().unwrap();
        assert_eq!(written(|out| milliseconds(out, moment)), "1768465680050");
    }

    #[test]
    fn only_whole_doubles_are_whole() {
        assert_eq!(whole(182_345.0), Some(182_345));
        assert_eq!(whole(-3.0), Some(-3));
        for value in [0.5, 1e300, f64::NAN, f64::INFINITY] {
            assert_eq!(whole(value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back_the_same(bits: u64) {
            let value = f64::from_bits(bits);
            prop_assume!(value.is_finite());
            let text = written(|out| float(out, value));
            prop_assert_eq!(text.parse::<f64>().unwrap().to_bits(), value.to_bits(), "{}", text);
        }
    }
}
