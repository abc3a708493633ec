//! Quantities as Kubernetes writes them: `50000`, `50k`, `1Ki`, `666m`, `1e3`.

/// A quantity in thousandths, rounded up as the controller does it; `None` for what is none, negative or too large.
pub(crate) fn milli(text: &str) -> Option<u64> {
    let text = text.strip_prefix('+').unwrap_or(text);
    let end = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    let digits = format!("{whole}{fraction}");
    // 24 digits and the largest suffix still fit.
    if digits.is_empty() || digits.len() > 24 || fraction.contains('.') {
        return None;
    }
    let mantissa: u128 = digits.parse().ok()?;
    let (scale, exponent) = factor(suffix)?;
    let exponent = exponent + 3 - i32::try_from(fraction.len()).ok()?;
    let scaled = mantissa.checked_mul(scale)?;
    let power = 10_u128.checked_pow(exponent.unsigned_abs())?;
    let milli = if exponent >= 0 {
        scaled.checked_mul(power)?
    } else {
        scaled.div_ceil(power)
    };
    let milli = u64::try_from(milli).ok()?;
    (milli <= i64::MAX.unsigned_abs()).then_some(milli)
}

/// A suffix as a factor and a power of ten.
fn factor(suffix: &str) -> Option<(u128, i32)> {
    const BINARY: [&str; 6] = ["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];
    const DECIMAL: [(&str, i32); 10] = [
        ("n", -9),
        ("u", -6),
        ("m", -3),
        ("", 0),
        ("k", 3),
        ("M", 6),
        ("G", 9),
        ("T", 12),
        ("P", 15),
        ("E", 18),
    ];
    if let Some((_, exponent)) = DECIMAL.iter().find(|(name, _)| *name == suffix) {
        return Some((1, *exponent));
    }
    if let Some(step) = BINARY.iter().position(|name| *name == suffix) {
        let step = u32::try_from(step).ok()? + 1;
        return Some((1024_u128.checked_pow(step)?, 0));
    }
    let exponent: i32 = suffix.strip_prefix(['e', 'E'])?.parse().ok()?;
    (-24..=24).contains(&exponent).then_some((1, exponent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn all_notations_of_kubernetes_are_read() {
        for (text, expected) in [
            ("0", 0),
            ("50000", 50_000_000),
            ("50k", 50_000_000),
            ("+50k", 50_000_000),
            ("1Ki", 1_024_000),
            ("1.5Mi", 1_572_864_000),
            ("666m", 666),
            ("0.1", 100),
            (".1", 100),
            ("1.", 1000),
            ("1e3", 1_000_000),
            ("5E-1", 500),
            ("0.0001", 1),
            ("100u", 1),
        ] {
            assert_eq!(milli(text), Some(expected), "{text}");
        }
        // The last two are beyond what the controller can hold.
        for text in [
            "", ".", "-1", "1.2.3", "1 k", "k", "1K", "NaN", "1E", "1e99",
        ] {
            assert_eq!(milli(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn whole_numbers_are_thousands_of_themselves(number in 0_u64..9_000_000_000_000_000) {
            prop_assert_eq!(milli(&number.to_string()), Some(number * 1000));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[0-9.+eEkmKMi-]{0,30}") {
            let _ = milli(&text);
        }
    }
}
