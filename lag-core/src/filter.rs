//! Which consumer groups are looked at.

use crate::GroupName;
use regex_lite::Regex;
use std::{fmt, str::FromStr};

/// One pattern for group names, written `exact:`, `prefix:`, `suffix:`, `glob:` or `re:` followed by the text.
#[derive(Debug, Clone)]
pub struct Matcher {
    written: String,
    rule: Rule,
}

#[derive(Debug, Clone)]
enum Rule {
    Exact(String),
    Prefix(String),
    Suffix(String),
    Pattern(Regex),
}

/// Text that is no pattern.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidMatcher {
    /// The kind is missing or unknown.
    #[error(
        "pattern {0:?} has no kind: write exact:NAME, prefix:TEXT, suffix:TEXT, glob:PATTERN (* and ?) or re:REGEX"
    )]
    Kind(String),
    /// Nothing follows the kind.
    #[error("pattern {0:?} is empty after its kind")]
    Empty(String),
    /// The regular expression does not compile.
    #[error("pattern {pattern:?} is not a regular expression: {reason}")]
    Regex {
        /// The pattern as written.
        pattern: String,
        /// What the regex compiler said.
        reason: String,
    },
}

impl Matcher {
    /// Whether the pattern matches. `glob:` and `re:` must match the whole name, as label matchers in Prometheus do.
    #[must_use]
    pub fn accepts(&self, name: &str) -> bool {
        match &self.rule {
            Rule::Exact(text) => name == text,
            Rule::Prefix(text) => name.starts_with(text.as_str()),
            Rule::Suffix(text) => name.ends_with(text.as_str()),
            Rule::Pattern(regex) => regex.is_match(name),
        }
    }
}

impl FromStr for Matcher {
    type Err = InvalidMatcher;

    fn from_str(written: &str) -> Result<Self, InvalidMatcher> {
        let (kind, text) = written
            .split_once(':')
            .ok_or_else(|| InvalidMatcher::Kind(written.into()))?;
        if text.is_empty() {
            return Err(InvalidMatcher::Empty(written.into()));
        }
        let pattern = |source: &str| {
            // Alone first: `a)|(b` must not escape from the anchors.
            Regex::new(source)
                .and_then(|_| Regex::new(&format!("^(?s:{source})$")))
                .map(Rule::Pattern)
                .map_err(|error| InvalidMatcher::Regex {
                    pattern: written.into(),
                    reason: error.to_string(),
                })
        };
        let rule = match kind {
            "exact" => Rule::Exact(text.into()),
            "prefix" => Rule::Prefix(text.into()),
            "suffix" => Rule::Suffix(text.into()),
            "glob" => match text.strip_suffix('*') {
                // Without a regex, which takes longer: `glob:*` is how all groups are written.
                Some(begin) if !begin.contains(['*', '?']) => Rule::Prefix(begin.into()),
                _ => pattern(
                    &regex_lite::escape(text)
                        .replace(r"\*", ".*")
                        .replace(r"\?", "."),
                )?,
            },
            "re" => pattern(text)?,
            _ => return Err(InvalidMatcher::Kind(written.into())),
        };
        Ok(Self {
            written: written.into(),
            rule,
        })
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.written == other.written
    }
}

impl Eq for Matcher {}

/// Include and exclude lists. An empty include list takes every group; exclude wins over include.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct GroupFilter {
    /// A group is taken when one of these matches, or when there are none.
    pub include: Vec<Matcher>,
    /// A group is left out when one of these matches.
    pub exclude: Vec<Matcher>,
}

impl GroupFilter {
    /// Whether a group is looked at.
    #[must_use]
    pub fn accepts(&self, name: &GroupName) -> bool {
        let matches = |list: &[Matcher]| list.iter().any(|matcher| matcher.accepts(name.as_str()));
        (self.include.is_empty() || matches(&self.include)) && !matches(&self.exclude)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn accepts(pattern: &str, name: &str) -> bool {
        pattern.parse::<Matcher>().unwrap().accepts(name)
    }

    #[test]
    fn each_kind_matches_what_it_says() {
        assert!(accepts("exact:orders", "orders") && !accepts("exact:orders", "orders2"));
        assert!(accepts("prefix:ord", "orders") && !accepts("prefix:rd", "orders"));
        assert!(
            accepts("suffix:docking_analog", "cust_docking_analog")
                && !accepts("suffix:docking", "cust_docking_analog")
        );
        assert!(
            accepts("glob:*_docking_?nalog", "cust_docking_analog")
                && !accepts("glob:cust", "cust_docking_analog")
        );
        assert!(accepts("re:(cust|cd)_.*", "cd_docking") && !accepts("re:cd", "cd_docking"));
    }

    #[test]
    fn an_alternation_is_anchored_as_a_whole() {
        assert!(!accepts("re:a|b", "ab"));
        assert!(!accepts("re:a|b", "xb"));
        assert!("re:a)|(b".parse::<Matcher>().is_err());
    }

    #[test]
    fn a_glob_takes_every_other_character_literally() {
        assert!(accepts("glob:a.b", "a.b") && !accepts("glob:a.b", "axb"));
        assert!(accepts("glob:a+(b)*", "a+(b)cd"));
    }

    #[test]
    fn a_pattern_without_kind_says_which_kinds_there_are() {
        let error = "docking_analog".parse::<Matcher>().unwrap_err().to_string();
        assert!(
            error.contains("exact:NAME") && error.contains("re:REGEX"),
            "{error}"
        );
        assert!(matches!(
            "regex:a".parse::<Matcher>(),
            Err(InvalidMatcher::Kind(_))
        ));
        assert!(matches!(
            "re:".parse::<Matcher>(),
            Err(InvalidMatcher::Empty(_))
        ));
        assert!(matches!(
            "re:(".parse::<Matcher>(),
            Err(InvalidMatcher::Regex { .. })
        ));
    }

    #[test]
    fn exclude_wins_over_include() {
        let filter = GroupFilter {
            include: vec!["suffix:_analog".parse().unwrap()],
            exclude: vec!["prefix:test_".parse().unwrap()],
        };
        assert!(filter.accepts(&"cust_analog".parse().unwrap()));
        assert!(!filter.accepts(&"test_analog".parse().unwrap()));
        assert!(!filter.accepts(&"orders".parse().unwrap()));
        assert!(GroupFilter::default().accepts(&"anything".parse().unwrap()));
    }

    proptest! {
        #[test]
        fn no_text_makes_the_parser_panic(text in ".{0,30}") {
            let _ = text.parse::<Matcher>();
        }

        #[test]
        fn a_glob_with_one_star_at_its_end_is_a_prefix(begin in "[ab.]{0,2}", name in "[ab.]{0,3}\n?") {
            let regex = format!("re:{}.*", regex_lite::escape(&begin));
            prop_assert_eq!(accepts(&format!("glob:{begin}*"), &name), accepts(&regex, &name));
        }

        #[test]
        fn an_exact_pattern_and_its_glob_twin_agree(name in "[a-z_.+()]{1,12}", other in "[a-z_.+()]{1,12}") {
            prop_assert_eq!(accepts(&format!("exact:{name}"), &other), accepts(&format!("glob:{name}"), &other));
        }
    }
}
