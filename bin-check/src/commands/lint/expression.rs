//! What can be told of a PromQL expression, or of a template of one, without parsing it.

use lag_core::names;

/// What our exporter's metrics are called that hold no lag.
const ABOUT: [&str; 6] = [
    names::LAG_TIMESTAMP,
    names::TOPIC_LAG_TIMESTAMP,
    names::LAG_CHANGE,
    names::LAG_EXPECTED,
    names::LAG_PRESENT,
    names::LAG_THRESHOLD,
];

/// Whether a metric of this name is a lag.
pub(super) fn is_lag(name: &str) -> bool {
    let has = |word: &str| {
        name.to_lowercase()
            .split(['_', ':', '-', '.', '/'])
            .any(|part| part == word)
    };
    !ABOUT.contains(&name)
        && !name.starts_with("kafka_lag_")
        && (has("lag") || has("accumulation") || has("backlog"))
}

/// Words of an expression, outside of quotes and comments.
pub(super) fn words(expression: &str) -> Vec<String> {
    let bare = bare(expression);
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    bare.split(|c| !is_word(c))
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

/// The expression with what stands in quotes, and comments, left out.
pub(super) fn bare(expression: &str) -> String {
    let mut out = String::with_capacity(expression.len());
    let mut chars = expression.chars();
    while let Some(c) = chars.next() {
        match c {
            '"' | '\'' | '`' => {
                out.push(' ');
                while let Some(inner) = chars.next() {
                    if inner == '\\' && c != '`' {
                        chars.next();
                    } else if inner == c {
                        break;
                    }
                }
            }
            '#' => {
                out.push(' ');
                for inner in chars.by_ref() {
                    if inner == '\n' {
                        break;
                    }
                }
            }
            c => out.push(c),
        }
    }
    out
}

/// Whether a lag is in it.
pub(super) fn has_lag(expression: &str) -> bool {
    words(expression).iter().any(|word| is_lag(word)) || named_in_quotes(expression)
}

/// A metric named as `{__name__="..."}`.
fn named_in_quotes(expression: &str) -> bool {
    let after = expression.split("__name__").skip(1);
    after
        .filter_map(|rest| rest.split('"').nth(1))
        .any(|name| is_lag(name.trim_matches(['^', '$'])))
}

/// Whether one of these words is in it.
pub(super) fn has(expression: &str, any: &[&str]) -> bool {
    words(expression)
        .iter()
        .any(|word| any.contains(&word.as_str()))
}

/// Whether it makes up a number where there is none.
pub(super) fn invents(expression: &str) -> bool {
    let tight: String = bare(expression).split_whitespace().collect();
    tight.contains("orvector(") || tight.contains("oronvector(") || tight.contains("oron()vector(")
}

/// The function for counters that a lag is put into.
pub(super) fn counter_function(expression: &str) -> Option<&'static str> {
    let tight: String = bare(expression).split_whitespace().collect();
    ["rate", "irate", "increase", "resets"]
        .into_iter()
        .find(|function| {
            tight
                .match_indices(&format!("{function}("))
                .any(|(at, found)| {
                    let before = tight[..at].chars().next_back();
                    let is_whole =
                        before.is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_' && c != ':');
                    let rest = &tight[at + found.len()..];
                    let inner = rest.split(')').next().unwrap_or(rest);
                    is_whole && (inner.contains("<<.Series>>") || has_lag(inner))
                })
        })
}

/// The value that a label is fixed to in it, for example of `consumer_group="a"`.
pub(super) fn pinned(expression: &str, label: &str) -> Option<String> {
    let mut rest = expression;
    while let Some(at) = rest.find(label) {
        let (before, after) = (&rest[..at], &rest[at + label.len()..]);
        let is_whole = before
            .chars()
            .next_back()
            .is_none_or(|c| !c.is_ascii_alphanumeric() && c != '_');
        let after = after.trim_start();
        if let (true, Some(value)) = (is_whole, after.strip_prefix('='))
            && let Some(value) = value.trim_start().strip_prefix('"')
            && let Some((value, _)) = value.split_once('"')
            && !value.is_empty()
        {
            return Some(value.to_owned());
        }
        rest = after;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_lag_is_told_from_what_is_about_it() {
        for name in [
            names::LAG,
            names::TOPIC_LAG,
            "kafka_consumer_lag",
            "cust_message_accumulation",
            "job:lag:max",
        ] {
            assert!(is_lag(name), "{name}");
        }
        for name in [
            names::UP,
            names::RECOMMENDED,
            names::LAG_TIMESTAMP,
            "flags",
            "http_requests_total",
        ] {
            assert!(!is_lag(name), "{name}");
        }
    }

    #[test]
    fn quotes_and_comments_are_no_part_of_an_expression() {
        assert!(has_lag("sum(kafka_consumer_lag{a=\"b\"})"));
        assert!(!has_lag("up{job=\"lag\"} # lag"));
        assert!(has_lag(
            "{__name__=\"kafka_consumer_message_accumulation\"}"
        ));
        assert!(has("sum by (a) (b)", &["by"]) && !has("max(sum_by)", &["by", "sum"]));
    }

    #[test]
    fn what_is_done_to_a_lag_is_seen() {
        assert_eq!(
            counter_function("sum(rate(kafka_consumer_lag[5m]))"),
            Some("rate")
        );
        assert_eq!(
            counter_function("rate(<<.Series>>{<<.LabelMatchers>>}[5m])"),
            Some("rate")
        );
        assert_eq!(
            counter_function("kafka_consumer_lag and rate(http_requests_total[5m]) > 1"),
            None
        );
        assert!(invents("a or vector(0)") && invents("a or on() vector(0)"));
        assert!(!invents("a or b"));
        assert_eq!(
            pinned("lag{job=\"j\", consumer_group = \"a\"}", "consumer_group").as_deref(),
            Some("a")
        );
        assert_eq!(pinned("lag{consumer_group!=\"\"}", "consumer_group"), None);
        assert_eq!(pinned("lag{consumer_group=~\"a\"}", "consumer_group"), None);
    }

    proptest! {
        #[test]
        fn no_expression_is_too_much(text in "\\PC{0,80}") {
            let _ = (has_lag(&text), invents(&text), counter_function(&text), pinned(&text, "a"));
        }
    }
}
