//! What Kubernetes takes as key and value of a label, and another name for what it does not take.

/// The most characters of a value, and of a key behind its prefix.
const MAX: usize = 63;
/// The most characters of the prefix of a key.
const MAX_PREFIX: usize = 253;
/// Digits of the hash in an alias.
const DIGITS: usize = 16;

/// Whether a text can be the value of a label: nothing, or at most 63 characters `[A-Za-z0-9._-]` that begin and end
/// with a letter or digit. Only such a text can stand in the selector of an HPA.
#[must_use]
pub fn is_label_value(text: &str) -> bool {
    value_fault(text).is_none()
}

/// Another name, always the same, for a name that is no label value; `None` when the name itself is one. What is usable
/// at the beginning of the name stays readable; behind it stands the 64-bit FNV-1a hash of the whole.
#[must_use]
pub fn alias(name: &str) -> Option<String> {
    value_fault(name)?;
    let hash = format!("{:0DIGITS$x}", fnv1a(name.as_bytes()));
    let mut readable = String::with_capacity(MAX);
    for character in name.chars() {
        if readable.len() + 1 + DIGITS == MAX {
            break;
        }
        if is_inner(character) {
            readable.push(character);
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

fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

/// What is wrong with the value of a label, in the words of `apimachinery`.
pub(crate) fn value_fault(value: &str) -> Option<&'static str> {
    if value.len() > MAX {
        Some("must be no more than 63 characters")
    } else if !value.is_empty() && !is_name(value) {
        Some(
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and \
             end with an alphanumeric character",
        )
    } else {
        None
    }
}

/// What is wrong with the key of a label, which may have a DNS name and a slash in front.
pub(crate) fn key_fault(key: &str) -> Option<&'static str> {
    let (prefix, name) = key
        .split_once('/')
        .map_or((None, key), |(prefix, name)| (Some(prefix), name));
    if name.contains('/') {
        return Some(
            "a qualified name must consist of an optional DNS subdomain, one '/' and a name",
        );
    }
    match prefix {
        Some("") => return Some("prefix part must be non-empty"),
        Some(prefix) if prefix.len() > MAX_PREFIX => {
            return Some("prefix part must be no more than 253 characters");
        }
        Some(prefix) if !prefix.split('.').all(is_dns_label) => {
            return Some(
                "prefix part must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an \
                 alphanumeric character",
            );
        }
        Some(_) | None => {}
    }
    if name.is_empty() {
        Some("name part must be non-empty")
    } else if name.len() > MAX {
        Some("name part must be no more than 63 characters")
    } else if !is_name(name) {
        Some(
            "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric \
             character",
        )
    } else {
        None
    }
}

fn is_name(text: &str) -> bool {
    let ends = |end: Option<char>| end.is_some_and(|end| end.is_ascii_alphanumeric());
    ends(text.chars().next()) && ends(text.chars().next_back()) && text.chars().all(is_inner)
}

fn is_dns_label(label: &str) -> bool {
    let is_low = |byte: &u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = label.as_bytes();
    bytes.first().is_some_and(is_low)
        && bytes.last().is_some_and(is_low)
        && bytes.iter().all(|byte| is_low(byte) || *byte == b'-')
}

fn is_inner(character: char) -> bool {
    character.is_ascii_alphanumeric() || matches!(character, '-' | '_' | '.')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_label_value_is_what_kubernetes_takes() {
        for good in ["", "a", "A.b_c-9", "cust_docking_analog", &"x".repeat(63)] {
            assert!(is_label_value(good), "{good}");
            assert_eq!(alias(good), None, "{good}");
        }
        for bad in ["-a", "a.", "a b", "a%", "订单", "a/b", &"x".repeat(64)] {
            assert!(!is_label_value(bad), "{bad}");
        }
    }

    #[test]
    fn a_key_may_have_a_dns_name_in_front() {
        for good in [
            "a",
            "1foo",
            "this-is-a-dns.domain.com/key_With.dash",
            "0.1.2.domain/99",
        ] {
            assert_eq!(key_fault(good), None, "{good}");
        }
        let long = format!("{}/a", "x".repeat(254));
        for bad in [
            "",
            "/a",
            "a/",
            "A.b/c",
            "a..b/c",
            "-a/b",
            "a/b/c",
            "a b",
            "-a",
            "a-",
            long.as_str(),
            &"x".repeat(64),
        ] {
            assert!(key_fault(bad).is_some(), "{bad}");
        }
    }

    /// The vectors of the FNV draft.
    #[test]
    fn the_hash_is_fnv1a_of_64_bits() {
        for (text, hash) in [
            ("", 0xcbf2_9ce4_8422_2325_u64),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(fnv1a(text.as_bytes()), hash, "{text}");
        }
    }

    #[test]
    fn an_alias_keeps_what_can_be_read() {
        let stem = |name: &str| {
            let alias = alias(name).unwrap();
            alias[..alias.len() - DIGITS].to_owned()
        };
        assert_eq!(stem("orders%2F分析.v1"), "orders-2F-.v1-");
        assert_eq!(stem("%GROUP%"), "GROUP-");
        assert_eq!(stem("订单"), "");
        assert_eq!(stem(&"x".repeat(64)), format!("{}-", "x".repeat(46)));
        assert_eq!(stem("_orders"), "orders-");
    }

    proptest! {
        #[test]
        fn an_alias_is_a_label_value_and_two_names_have_two(name in "\\PC{1,80}", other in "\\PC{1,80}") {
            if let Some(alias) = alias(&name) {
                prop_assert!(is_label_value(&alias) && !alias.is_empty(), "{}", alias);
            } else {
                prop_assert!(is_label_value(&name));
            }
            if name != other && alias(&name).is_some() {
                prop_assert_ne!(alias(&name), alias(&other));
            }
        }
    }
}
