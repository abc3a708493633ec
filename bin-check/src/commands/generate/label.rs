//! What may stand in a label selector, and what stands there for a name that may not.

/// Longest label value.
const MOST: usize = 63;
/// Digits of the hash in an alias.
const DIGITS: usize = 16;

/// Whether a text can be the value of a label: nothing, or at most 63 characters `[A-Za-z0-9._-]` that begin and end with
/// a letter or digit.
pub(crate) fn is_label_value(text: &str) -> bool {
    let end = |c: Option<char>| c.is_none_or(|c| c.is_ascii_alphanumeric());
    text.len() <= MOST
        && text.chars().all(is_inner)
        && end(text.chars().next())
        && end(text.chars().next_back())
}

/// Another name, always the same, for a name that is no label value; `None` when the name itself is one.
pub(crate) fn alias(name: &str) -> Option<String> {
    if is_label_value(name) {
        return None;
    }
    let hash = format!("{:0DIGITS$x}", fnv1a(name.as_bytes()));
    let mut readable = String::with_capacity(MOST);
    for c in name.chars() {
        if readable.len() + 1 + DIGITS == MOST {
            break;
        }
        if is_inner(c) {
            readable.push(c);
        } else if !readable.ends_with('-') {
            readable.push('-');
        }
    }
    let readable = readable.trim_matches(|end: char| !end.is_ascii_alphanumeric());
    Some(if readable.is_empty() {
        hash
    } else {
        format!("{readable}-{hash}")
    })
}

fn is_inner(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')
}

/// 64-bit FNV-1a.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_name_that_can_be_selected_has_no_alias() {
        for name in ["", "a", "cust_docking_analog", "A.b-c_1", &"x".repeat(63)] {
            assert_eq!(alias(name), None, "{name}");
        }
        for name in ["订单", "_a", "a-", "a%b", "a b", &"x".repeat(64)] {
            assert!(alias(name).is_some(), "{name}");
        }
    }

    #[test]
    fn the_hash_is_the_published_one() {
        // Vectors of the FNV reference code.
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    proptest! {
        #[test]
        fn an_alias_can_always_be_selected(name in ".{1,80}") {
            prop_assert!(alias(&name).is_none_or(|alias| is_label_value(&alias)));
        }
    }
}
