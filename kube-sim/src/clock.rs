//! The system's time, in the API server's two forms.

use jiff::Timestamp;

#[expect(
    clippy::disallowed_methods,
    reason = "a server stamps what it stores; nothing is decided by it"
)]
pub(crate) fn now() -> Timestamp {
    Timestamp::now()
}

/// Seconds, as in `creationTimestamp`.
pub(crate) fn seconds(moment: Timestamp) -> String {
    format!("{moment:.0}")
}

/// Whether a text is a `MicroTime`: RFC 3339 with exactly six digits of the second's fraction.
pub(crate) fn is_micro_time(text: &str) -> bool {
    let fraction = text.split_once('.').map_or("", |(_, rest)| rest);
    let digits = fraction.bytes().take_while(u8::is_ascii_digit).count();
    digits == 6 && text.parse::<Timestamp>().is_ok()
}

#[cfg(test)]
mod tests {
    use super::{is_micro_time, seconds};

    #[test]
    fn a_micro_time_has_exactly_six_digits() {
        for (text, expected) in [
            ("2026-11-22T03:54:00.000000Z", true),
            ("2026-11-22T11:54:00.123456+08:00", true),
            ("2026-11-22T03:54:00Z", false),
            ("2026-11-22T03:54:00.000Z", false),
            ("2026-11-22T03:54:00.000000000Z", false),
            ("yesterday.000000", false),
            ("", false),
        ] {
            assert_eq!(is_micro_time(text), expected, "{text}");
        }
    }

    #[test]
    fn stamps_have_whole_seconds() {
        let moment = "2026-11-22T03:54:00.987Z".parse().unwrap();
        assert_eq!(seconds(moment), "2026-11-22T03:54:00Z");
    }
}
