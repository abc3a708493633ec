//! What is wrong with a selector, in the words of `apimachinery` as far as it has any.

use super::Selector;

/// Text that is no label selector.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidSelector {
    /// Something else is expected where a requirement begins or ends.
    #[error("found '{found}', expected: {expected}")]
    Between {
        /// What stands there, empty at the end.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// Something else is expected inside a requirement.
    #[error("unable to parse requirement: found '{found}', expected: {expected}")]
    Within {
        /// What stands there, empty at the end.
        found: String,
        /// What may stand there.
        expected: &'static str,
    },
    /// The key of a requirement cannot be the key of a label.
    #[error("unable to parse requirement: invalid label key {key:?}: {why}")]
    Key {
        /// The key.
        key: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// A value cannot be the value of a label.
    #[error("unable to parse requirement: invalid label value: {:?}: at key: {key:?}: {why}", shown(.value))]
    Value {
        /// The key it is for.
        key: String,
        /// The value, whole.
        value: String,
        /// What is wrong with it.
        why: &'static str,
    },
    /// `>` or `<` stands before something that is no whole number.
    #[error(
        "unable to parse requirement: for 'Gt', 'Lt' operators, the value must be an integer, not '{0}'"
    )]
    Integer(String),
    /// More than is read.
    #[error(
        "the selector is too large: at most {} requirements and {} values are read",
        Selector::MAX_REQUIREMENTS,
        Selector::MAX_VALUES
    )]
    TooLarge,
}

/// The beginning of a text, enough to find it again.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}
