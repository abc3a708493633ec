//! Looking into documents of unknown shape.

use serde_json::Value;

/// The text at a JSON pointer.
pub(super) fn text<'v>(value: &'v Value, pointer: &str) -> Option<&'v str> {
    value.pointer(pointer)?.as_str()
}

/// The list at a JSON pointer; nothing when there is none.
pub(super) fn list<'v>(value: &'v Value, pointer: &str) -> &'v [Value] {
    let list = value.pointer(pointer).and_then(Value::as_array);
    list.map_or(&[], Vec::as_slice)
}

/// `namespace/name` of an object, as far as it is written.
pub(super) fn name(document: &Value) -> String {
    let name = text(document, "/metadata/name").unwrap_or("(no name)");
    match text(document, "/metadata/namespace") {
        Some(namespace) => format!("{namespace}/{name}"),
        None => name.to_owned(),
    }
}

/// A quantity of Kubernetes in thousandths: `50000`, `"50k"`, `666m`, `1.5`. `None` for anything else.
pub(super) fn milli(value: &Value) -> Option<i128> {
    let written = match value {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return None,
    };
    let at = written
        .find(|c: char| c.is_ascii_alphabetic())
        .unwrap_or(written.len());
    let (digits, unit) = written.split_at(at);
    let (numerator, denominator): (i128, i128) = match unit {
        "" => (1000, 1),
        "m" => (1, 1),
        "k" => (1_000_000, 1),
        "M" => (1_000_000_000, 1),
        "G" => (1_000_000_000_000, 1),
        "u" => (1, 1000),
        "n" => (1, 1_000_000),
        "Ki" => (1024 * 1000, 1),
        "Mi" => (1024 * 1024 * 1000, 1),
        "Gi" => (1024 * 1024 * 1024 * 1000, 1),
        _ => {
            let exponent: u32 = unit.strip_prefix(['e', 'E'])?.parse().ok()?;
            (10_i128.checked_pow(exponent)?.checked_mul(1000)?, 1)
        }
    };
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() && fraction.is_empty() || !fraction.chars().all(|c| c.is_ascii_digit()) {
        return None;
    }
    let scale = 10_i128.checked_pow(u32::try_from(fraction.len()).ok()?)?;
    let all: i128 = format!("{whole}{fraction}").parse().ok()?;
    all.checked_mul(numerator)?
        .checked_div(scale.checked_mul(denominator)?)
}

/// Whole units of a quantity, for people.
pub(super) fn units(milli: i128) -> String {
    u64::try_from(milli / 1000).map_or_else(|_| "0".to_owned(), crate::output::number::count)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn quantities_are_read_as_kubernetes_does() {
        for (value, thousandths) in [
            (json!(50000), 50_000_000),
            (json!("50k"), 50_000_000),
            (json!("666m"), 666),
            (json!("0"), 0),
            (json!(0.1), 100),
            (json!("1.5"), 1500),
            (json!("5e3"), 5_000_000),
            (json!("1Ki"), 1_024_000),
        ] {
            assert_eq!(milli(&value), Some(thousandths), "{value}");
        }
        for value in [
            json!(""),
            json!("k"),
            json!("a"),
            json!(null),
            json!([1]),
            json!("1.x"),
            json!("1kk"),
        ] {
            assert_eq!(milli(&value), None, "{value}");
        }
    }

    proptest! {
        #[test]
        fn no_text_is_too_much(text in "\\PC{0,50}") {
            let _ = milli(&json!(text));
        }
    }
}
