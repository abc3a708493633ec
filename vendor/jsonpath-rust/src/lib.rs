#![doc = include_str!("../README.md")]

use serde_json::Value;
use std::fmt;

/// Looks into a JSON value.
pub trait JsonPath {
    /// The value at a path such as `$.credential.access_token`; nothing when there is none.
    ///
    /// # Errors
    ///
    /// For a path that is not `$` and names that are joined by dots.
    fn query(&self, path: &str) -> Result<Vec<&Value>, Unsupported>;
}

/// A path that is more than names joined by dots.
#[derive(Debug, PartialEq, Eq)]
pub struct Unsupported(String);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "only names joined by dots are supported, as in $.a.b, not {}",
            self.0
        )
    }
}

impl std::error::Error for Unsupported {}

impl JsonPath for Value {
    fn query(&self, path: &str) -> Result<Vec<&Value>, Unsupported> {
        let unsupported = || Unsupported(path.to_owned());
        let mut found = Some(self);
        let names = path.strip_prefix('$').ok_or_else(unsupported)?;
        if names.is_empty() {
            return Ok(vec![self]);
        }
        for name in names.strip_prefix('.').ok_or_else(unsupported)?.split('.') {
            let plain = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-');
            if name.is_empty() || !name.chars().all(plain) {
                return Err(unsupported());
            }
            found = found.and_then(|value| value.as_object()?.get(name));
        }
        Ok(found.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value() -> Value {
        r#"{"credential":{"access_token":"t","token_expiry":"e"},"list":[1]}"#
            .parse()
            .unwrap()
    }

    #[test]
    fn names_joined_by_dots_are_followed() {
        let value = value();
        assert_eq!(value.query("$.credential.access_token").unwrap(), ["t"]);
        assert_eq!(value.query("$.list").unwrap(), [value.get("list").unwrap()]);
        assert_eq!(value.query("$").unwrap(), [&value]);
    }

    #[test]
    fn what_is_not_there_is_nothing() {
        let value = value();
        for path in [
            "$.credential.other",
            "$.other.access_token",
            "$.list.access_token",
        ] {
            assert!(value.query(path).unwrap().is_empty(), "{path}");
        }
    }

    #[test]
    fn anything_else_is_an_error() {
        for path in [
            "",
            "credential",
            "$credential",
            "$..access_token",
            "$.list[0]",
            "$.a.*",
            "$.a.",
        ] {
            let error = value().query(path).unwrap_err().to_string();
            assert!(error.ends_with(path), "{error}");
        }
    }
}
