//! One block of keys in the file, such as `targets[0]`, with its line.

use lag_core::Matcher;

use super::{
    ConfigError,
    file::{Text, Texts},
    pick::{Found, Picker},
};

/// A block of keys.
pub(super) struct Entry<'a> {
    pub(super) picker: Picker<'a>,
    /// Path of keys to it, such as `targets[0]`.
    pub(super) name: String,
    pub(super) line: u64,
}

impl Entry<'_> {
    /// The file, the line where the block begins, and its name.
    pub(super) fn place(&self) -> String {
        format!("{} line {}: {}", self.picker.path, self.line, self.name)
    }

    /// The value of a key. Empty text counts as not given.
    pub(super) fn one(&self, key: &str, text: &Text) -> Result<Option<Found>, ConfigError> {
        let found = self.picker.in_file(&self.key(key), text)?;
        Ok(found.filter(|found| !found.text.trim().is_empty()))
    }

    /// The value of a key that must be there; `advice` says what to write.
    pub(super) fn needed(
        &self,
        key: &str,
        text: &Text,
        advice: &str,
    ) -> Result<Found, ConfigError> {
        self.one(key, text)?
            .ok_or_else(|| self.lacks(key, format!("it is missing: {advice}")))
    }

    pub(super) fn many(&self, key: &str, texts: &Texts) -> Result<Vec<Found>, ConfigError> {
        self.picker.many_in_file(&self.key(key), texts)
    }

    pub(super) fn patterns(&self, key: &str, texts: &Texts) -> Result<Vec<Matcher>, ConfigError> {
        self.many(key, texts)?.iter().map(Found::read).collect()
    }

    /// Patterns of groups, at least one.
    pub(super) fn groups(&self, texts: &Texts) -> Result<Vec<Matcher>, ConfigError> {
        let patterns = self.patterns("groups", texts)?;
        if patterns.is_empty() {
            let problem = "no group is named: add a pattern such as \"suffix:_docking_analog\", or \"glob:*\" for all";
            return Err(self.lacks("groups", problem));
        }
        Ok(patterns)
    }

    /// A mistake at a key that is not there.
    pub(super) fn lacks(&self, key: &str, problem: impl Into<String>) -> ConfigError {
        ConfigError::new(format!("{}.{key}", self.place()), problem)
    }

    pub(super) fn key(&self, key: &str) -> String {
        format!("{}.{key}", self.name)
    }
}
