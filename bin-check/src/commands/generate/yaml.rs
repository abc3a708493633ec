//! Text of YAML documents: what is filled in is quoted wherever it would be read as something else.

use std::fmt::Write as _;

/// Words that YAML 1.1 or 1.2 reads as no text, in lower case.
const WORDS: [&str; 14] = [
    "true", "false", "yes", "no", "on", "off", "y", "n", "null", "none", "nan", "inf", "infinity",
    "nil",
];

/// A text, as it is or quoted, so that every reader of YAML takes it for that text.
pub(super) fn scalar(text: &str) -> String {
    let known = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '/');
    let is_plain = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(known)
        && !WORDS.contains(&text.to_lowercase().as_str());
    if is_plain {
        text.to_owned()
    } else {
        quoted(text)
    }
}

/// A text in double quotes, also where it need not be.
pub(super) fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            // What a reader of YAML may take for a line break, or not at all.
            c if c.is_control()
                || matches!(
                    c,
                    '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
                ) =>
            {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// A value in a selector of PromQL, in its quotes.
pub(super) fn promql(text: &str) -> String {
    let text = text.replace('\\', r"\\").replace('"', "\\\"");
    format!("\"{}\"", text.replace('\n', r"\n"))
}

/// Moves a block to the right; empty lines stay empty.
pub(super) fn indented(block: &str, by: usize) -> String {
    let mut out = String::with_capacity(block.len() + by * 16);
    for line in block.lines() {
        if !line.is_empty() {
            let _ = write!(out, "{:by$}{line}", "");
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::Value;

    fn read(text: &str) -> Value {
        serde_saphyr::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
    }

    #[test]
    fn what_would_be_read_as_something_else_is_quoted() {
        for text in [
            "on",
            "No",
            "123",
            "1e5",
            "0x1F",
            "1.35",
            "~",
            "null",
            ".5",
            "a: b",
            "a #b",
            "- a",
            "[a]",
            "{a}",
            "*a",
            "&a",
            "!a",
            "|",
            ">",
            "%a",
            "@a",
            "`a`",
            "'a'",
            "\"a\"",
            "a\\b",
            "",
            " a",
            "a ",
            "订单_消费组",
            "2026-11-22",
            "12:30:45",
            "\u{feff}a",
            "a\u{2028}b",
            "=",
            "<<",
        ] {
            assert_eq!(read(&format!("k: {}\n", scalar(text)))["k"], text, "{text}");
        }
        assert_eq!(scalar("cust_docking-analog.v1"), "cust_docking-analog.v1");
        assert_eq!(scalar("on"), "\"on\"");
    }

    proptest! {
        #[test]
        fn any_text_comes_back(text in "\\PC{0,40}", word in "[a-zA-Z0-9_.-]{1,6}") {
            for text in [text, word] {
                let document = format!("k: {}\nl: [{}]\n", scalar(&text), quoted(&text));
                prop_assert_eq!(&read(&document)["k"], &text);
                prop_assert_eq!(&read(&document)["l"][0], &text);
            }
        }
    }
}
