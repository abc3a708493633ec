//! `NextToken`: where a page begins, bound to the other parameters of the query.

use sha2::{Digest, Sha256};

use crate::params::Incoming;

/// The parameters that must be repeated unchanged.
const BOUND: [&str; 9] = [
    "Action",
    "Namespace",
    "MetricName",
    "Period",
    "StartTime",
    "EndTime",
    "Dimensions",
    "Length",
    "Express",
];

/// The content of a token. On the wire: 13 digits of a timestamp, then hex, as in the vendor's samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Token {
    /// Number of the first point of the page.
    pub(crate) index: usize,
    /// The page this token leads to; the first page has no token and is 1.
    pub(crate) page: u32,
    /// The clock when the first page was asked for: later pages show the same publication state.
    pub(crate) as_of: i64,
}

impl Token {
    pub(crate) fn encode(self, timestamp: i64, query: u64) -> String {
        let index = u64::try_from(self.index).unwrap_or(u64::MAX);
        let head = format!(
            "{:013}{index:012x}{:08x}{:016x}{query:016x}",
            timestamp.clamp(0, 9_999_999_999_999),
            self.page,
            self.as_of.cast_unsigned(),
        );
        let sum = checksum(&head);
        head + &sum
    }

    /// `None` when the text was changed or belongs to a query with other parameters.
    pub(crate) fn decode(text: &str, query: u64) -> Option<Self> {
        let (token, bound) = Self::decode_any(text)?;
        (bound == query).then_some(token)
    }

    /// The page a token leads to, whatever query it belongs to.
    pub(crate) fn page_of(text: &str) -> Option<u32> {
        Some(Self::decode_any(text)?.0.page)
    }

    fn decode_any(text: &str) -> Option<(Self, u64)> {
        let (head, sum) = text.split_at_checked(65)?;
        if checksum(head) != sum {
            return None;
        }
        let hex = |range| u64::from_str_radix(head.get(range)?, 16).ok();
        let token = Self {
            index: usize::try_from(hex(13..25)?).ok()?,
            page: u32::try_from(hex(25..33)?).ok()?,
            as_of: hex(33..49)?.cast_signed(),
        };
        Some((token, hex(49..65)?))
    }
}

fn checksum(text: &str) -> String {
    let digest = Sha256::digest(format!("cms-sim token {text}").as_bytes());
    digest[..6]
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A number for the parameters that must not change between pages.
pub(crate) fn fingerprint(incoming: &Incoming<'_>, action: &str) -> u64 {
    let mut digest = Sha256::new();
    digest.update(action.as_bytes());
    for name in BOUND {
        digest.update(format!("\u{0}{name}={:?}", incoming.get(name)).as_bytes());
    }
    let digest = digest.finalize();
    digest[..8]
        .iter()
        .fold(0, |number, byte| (number << 8) | u64::from(*byte))
}

#[cfg(test)]
mod tests {
    use super::Token;

    const TOKEN: Token = Token {
        index: 1440,
        page: 2,
        as_of: 1_768_465_800_000,
    };

    #[test]
    fn a_token_survives_its_text_and_starts_with_the_timestamp() {
        let text = TOKEN.encode(1_768_465_560_000, 7);
        assert!(text.starts_with("1768465560000"));
        assert_eq!(Token::decode(&text, 7), Some(TOKEN));
        assert_eq!(Token::page_of(&text), Some(2));
    }

    #[test]
    fn a_token_of_another_query_or_with_another_character_is_refused() {
        let text = TOKEN.encode(1_768_465_560_000, 7);
        assert_eq!(Token::decode(&text, 8), None);
        for (place, old) in text.char_indices() {
            let other = if old == '0' { "1" } else { "0" };
            let mut changed = text.clone();
            changed.replace_range(place..=place, other);
            assert_eq!(Token::decode(&changed, 7), None, "{changed}");
        }
        assert_eq!(Token::decode("", 7), None);
        assert_eq!(Token::decode("订单", 7), None);
    }
}
